//! A connection accepted: accept, accept4, with the peer's address if the caller asked for it.

use aya_ebpf::{helpers::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Kind, Slot, accept::Accept};

use crate::{preemption, syscall, text};

/// Size of the kernel's `sockaddr_storage`.
const ADDRESS: u64 = 128;

#[btf_tracepoint(function = "sys_enter")]
pub fn accept_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let _ = syscall::enter(&context, Kind::Accept);
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn accept_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, _late)) = syscall::exit(&context, Kind::Accept) {
            fill(slot);
            syscall::submit(&context, slot, Kind::Accept);
        }
        0
    })
}

/// At exit only: the kernel writes the address just before it returns.
#[inline(always)]
fn fill(slot: &mut Slot) {
    let args = slot.head.args;
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Accept>() };
    body.fd = args[0] as i32;
    if slot.head.call == Call::Accept4.code() {
        body.flags = args[3] as u32 as u64;
    }
    if slot.head.ret < 0 || args[1] == 0 || args[2] == 0 {
        return;
    }
    // SAFETY: the helper checks the address.
    let len = unsafe { bpf_probe_read_user(args[2] as *const u32) }.unwrap_or(0);
    body.addr_len = len;
    text::user_bytes::<0>(slot, args[1], u64::from(len), ADDRESS);
}
