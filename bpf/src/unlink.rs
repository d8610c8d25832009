//! A name removed: unlink, rmdir, unlinkat.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Kind, Slot, flag, unlink::Unlink};

use crate::{filter, preemption, syscall, text};

const AT_FDCWD: i32 = -100;
const AT_REMOVEDIR: u32 = 0x200;

#[btf_tracepoint(function = "sys_enter")]
pub fn unlink_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Unlink) {
            fill(slot);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn unlink_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Unlink) {
            if late || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            if filter::named::<0>(slot) {
                syscall::submit(&context, slot, Kind::Unlink);
            } else {
                syscall::leave_out(slot, Kind::Unlink);
            }
        }
        0
    })
}

#[inline(always)]
fn fill(slot: &mut Slot) {
    let call = slot.head.call;
    let args = slot.head.args;
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Unlink>() };
    body.dirfd = AT_FDCWD;
    body.flags = 0;
    let mut path = args[0];
    if call == Call::Unlinkat.code() {
        path = args[1];
        body.dirfd = args[0] as i32;
        body.flags = args[2] as u32;
    } else if call == Call::Rmdir.code() {
        body.flags = AT_REMOVEDIR;
    }
    text::user_str::<0>(slot, path);
}
