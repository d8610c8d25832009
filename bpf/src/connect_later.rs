//! How a connect ended that had returned `EINPROGRESS`: told by the socket's change of state, whoever runs then.

use aya_ebpf::{
    bindings::BPF_ANY,
    helpers::generated::bpf_map_update_elem,
    macros::{btf_tracepoint, map},
    maps::HashMap,
    programs::BtfTracePointContext,
};
use lab_abi::{
    Cause, Head, Kind,
    connect_later::{CLOSED, CONNECTED, CONNECTING, ConnectLater},
    record::BODY,
};

use crate::{count, descriptor, emit, identity, kernel, kernel::field, preemption, slot};

/// `EINPROGRESS`.
pub const IN_PROGRESS: i64 = -115;

/// A record without texts.
#[repr(C)]
pub struct Waiting {
    head: Head,
    body: [u64; BODY / 8],
}

/// Records that wait for their socket's change of state, by the address of the socket.
#[map]
static WAITING: HashMap<u64, Waiting> = HashMap::with_max_entries(1024, 0);

/// Runs behind the record of a connect that is in progress.
#[btf_tracepoint(function = "sys_exit")]
pub fn connect_wait(_context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let Some(slot) = slot::find(kernel::current()) else { return 0 };
        let sock = descriptor::sock(slot.head.args[0]);
        if sock == 0 {
            return 0;
        }
        // SAFETY: the body has room for every body struct, aligned to 8.
        let body = unsafe { &mut *(&raw mut slot.body).cast::<ConnectLater>() };
        (body.seq, body.cpu) = (slot.head.seq, slot.head.cpu);
        (body.state, body.error, body.reserved, body.taken) = (0, 0, 0, 0);
        slot.head.kind = Kind::ConnectLater as u16;
        slot.head.len = size_of::<Waiting>() as u32;
        slot::clear(&mut slot.head.text);
        // SAFETY: key and value are of the map's types: in a slot, the body stands behind the head. The value is copied.
        let result = unsafe {
            bpf_map_update_elem(
                (&raw const WAITING).cast_mut().cast(),
                (&raw const sock).cast_mut().cast(),
                (&raw mut slot.head).cast(),
                u64::from(BPF_ANY),
            )
        };
        if result != 0 {
            produced();
            count::next_seq();
            count::lose(Kind::ConnectLater, Cause::StateFull);
            return 0;
        }
        // It may have been known before anybody waited for it.
        let state = u32::from(field!(u8, sock, later_state));
        if state != CONNECTING {
            settle(sock, state);
        }
        0
    })
}

#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn connect_later(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let state: u32 = context.arg(2);
        if state == CONNECTED || state == CLOSED {
            settle(context.arg::<*const u8>(0) as u64, state);
        }
        0
    })
}

#[inline(always)]
fn settle(sock: u64, state: u32) {
    // SAFETY: who takes it is alone with it from then on.
    let Some(waiting) = WAITING.get_ptr_mut(sock).map(|waiting| unsafe { &mut *waiting }) else { return };
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut waiting.body).cast::<ConnectLater>() };
    if count::fetch_add(&mut body.taken) != 0 {
        return;
    }
    produced();
    body.state = if state == CLOSED { CLOSED } else { CONNECTED };
    body.error = if state == CLOSED { field!(u32, sock, later_error) } else { 0 };
    waiting.head.exit = identity::now();
    emit::bare(&mut waiting.head);
    let _ = WAITING.remove(sock);
}

#[inline(always)]
fn produced() {
    if let Some(counts) = count::of(Kind::ConnectLater) {
        count::add(&mut counts.exit_produced);
    }
}
