//! A socket bound, with the address as passed.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Kind, Slot, bind::Bind, flag};

use crate::{preemption, syscall, text};

/// Size of the kernel's `sockaddr_storage`.
const ADDRESS: u64 = 128;

#[btf_tracepoint(function = "sys_enter")]
pub fn bind_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Bind) {
            fill(slot);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn bind_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Bind) {
            if late || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            syscall::submit(&context, slot, Kind::Bind);
        }
        0
    })
}

#[inline(always)]
fn fill(slot: &mut Slot) {
    let args = slot.head.args;
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Bind>() };
    body.fd = args[0] as i32;
    body.addr_len = args[2] as u32;
    text::user_bytes::<0>(slot, args[1], args[2] & 0xffff_ffff, ADDRESS);
}
