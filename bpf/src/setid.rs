//! User or group ids changed: setuid, setgid, setreuid, setregid, setresuid, setresgid, setfsuid, setfsgid, setgroups.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Kind, Slot, setid::Setid};

use crate::{identity, kernel, preemption, syscall};

#[btf_tracepoint(function = "sys_enter")]
pub fn setid_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Setid) {
            let before = body(slot);
            before.before = identity::ids(kernel::current());
            before.known = 1;
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn setid_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Setid) {
            if late {
                body(slot).before = identity::ids(kernel::current());
            }
            syscall::submit(&context, slot, Kind::Setid);
        }
        0
    })
}

#[inline(always)]
fn body(slot: &mut Slot) -> &mut Setid {
    // SAFETY: the body has room for every body struct, aligned to 8.
    unsafe { &mut *(&raw mut slot.body).cast::<Setid>() }
}
