//! Bytes given to a socket: sendto, sendmsg, sendmmsg. Where they go, how many; of what goes to a DNS server the
//! beginning, from which the reader takes the question and nothing else.

use aya_ebpf::{helpers::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{
    Call, Kind, Slot, flag,
    send::{DNS, Send, UNKNOWN},
};

use crate::{descriptor, kernel::field, preemption, slot, syscall, text};

/// Size of the kernel's `sockaddr_storage`.
const ADDRESS: u64 = 128;
/// What is kept of a message to a DNS server; a question is shorter.
const QUESTION: u64 = 512;
/// Pieces of a message that are added up.
const PIECES: u64 = 8;
/// Size of the kernel's `mmsghdr`.
const MESSAGE: u64 = 64;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

#[btf_tracepoint(function = "sys_enter")]
pub fn send_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Send) {
            fill(slot);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn send_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Send) {
            if late || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            syscall::submit(&context, slot, Kind::Send);
        }
        0
    })
}

/// A message: its address, its first piece, its length.
#[derive(Clone, Copy)]
struct Message {
    name: u64,
    name_len: u64,
    piece: u64,
    piece_len: u64,
    length: u64,
}

#[inline(always)]
fn fill(slot: &mut Slot) {
    let args = slot.head.args;
    let mut first =
        Message { name: args[4], name_len: args[5], piece: args[1], piece_len: args[2], length: args[2] };
    let mut second = Message { name: 0, name_len: 0, piece: 0, piece_len: 0, length: 0 };
    let mut messages = 1;
    if slot.head.call != Call::Sendto.code() {
        first = message(args[1]);
        if slot.head.call == Call::Sendmmsg.code() {
            messages = args[2] as u32;
            if messages > 1 {
                second = message(args[1] + MESSAGE);
            }
        }
    }
    slot::clear(&mut slot.head.text);
    let connected = first.name == 0;
    if connected {
        peer(slot, args[0]);
    } else {
        text::user_bytes::<0>(slot, first.name, first.name_len & 0xffff_ffff, ADDRESS);
    }
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Send>() };
    body.fd = args[0] as i32;
    body.messages = messages;
    body.connected = u32::from(connected);
    body.length = first.length + second.length;
    if first.length == UNKNOWN || second.length == UNKNOWN {
        body.length = UNKNOWN;
    }
    if slot.head.text[0] < 4 || u16::from_be_bytes([slot.data[2], slot.data[3]]) != DNS {
        return;
    }
    let family = u16::from_ne_bytes([slot.data[0], slot.data[1]]);
    if family == AF_INET || family == AF_INET6 {
        text::user_bytes::<1>(slot, first.piece, first.piece_len, QUESTION);
        if messages > 1 {
            text::user_bytes::<2>(slot, second.piece, second.piece_len, QUESTION);
        }
    }
}

/// Reads a `msghdr`.
#[inline(always)]
fn message(at: u64) -> Message {
    // SAFETY: the helper checks the address.
    let [name, name_len, pieces, count] =
        unsafe { bpf_probe_read_user(at as *const [u64; 4]) }.unwrap_or_default();
    let mut message = Message { name, name_len, piece: 0, piece_len: 0, length: 0 };
    for n in 0..PIECES {
        if n >= count {
            return message;
        }
        // SAFETY: the helper checks the address.
        let Ok([piece, len]) = (unsafe { bpf_probe_read_user((pieces + n * 16) as *const [u64; 2]) }) else {
            message.length = UNKNOWN;
            return message;
        };
        if n == 0 {
            (message.piece, message.piece_len) = (piece, len);
        }
        message.length += len;
    }
    if count > PIECES {
        message.length = UNKNOWN;
    }
    message
}

/// Text 0 from the socket itself, as a `sockaddr`; none if the descriptor is no IP socket, or it is not connected.
#[inline(always)]
fn peer(slot: &mut Slot, fd: u64) {
    let sock = descriptor::sock(fd);
    let family = field!(u16, sock, socket_family);
    let port = field!(u16, sock, socket_port);
    if port == 0 || family != AF_INET && family != AF_INET6 {
        return;
    }
    let [a, b] = family.to_ne_bytes();
    let [c, d] = port.to_ne_bytes();
    put(slot, 0, [a, b, c, d]);
    if family == AF_INET {
        put(slot, 4, field!(u32, sock, socket_ip).to_ne_bytes());
        put(slot, 8, [0; 4]);
        put(slot, 12, [0; 4]);
        slot.head.text[0] = 16;
    } else {
        let ip = field!([u32; 4], sock, socket_ip6);
        put(slot, 4, [0; 4]);
        put(slot, 8, ip[0].to_ne_bytes());
        put(slot, 12, ip[1].to_ne_bytes());
        put(slot, 16, ip[2].to_ne_bytes());
        put(slot, 20, ip[3].to_ne_bytes());
        put(slot, 24, [0; 4]);
        slot.head.text[0] = 28;
    }
}

#[inline(always)]
fn put(slot: &mut Slot, at: usize, bytes: [u8; 4]) {
    slot.data[at] = bytes[0];
    slot.data[at + 1] = bytes[1];
    slot.data[at + 2] = bytes[2];
    slot.data[at + 3] = bytes[3];
}
