//! A name moved: rename, renameat, renameat2.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Kind, Slot, flag, rename::Rename};

use crate::{filter, preemption, slot, syscall, text};

const AT_FDCWD: i32 = -100;

#[btf_tracepoint(function = "sys_enter")]
pub fn rename_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Rename) {
            fill(slot);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn rename_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Rename) {
            if late || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            if filter::either(slot) {
                syscall::submit(&context, slot, Kind::Rename);
            } else {
                syscall::leave_out(slot, Kind::Rename);
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
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Rename>() };
    body.from_dirfd = AT_FDCWD;
    body.to_dirfd = AT_FDCWD;
    body.flags = 0;
    let (mut from, mut to) = (args[0], args[1]);
    if call != Call::Rename.code() {
        (from, to) = (args[1], args[3]);
        body.from_dirfd = args[0] as i32;
        body.to_dirfd = args[2] as i32;
        if call == Call::Renameat2.code() {
            body.flags = args[4] as u32 as u64;
        }
    }
    slot::clear(&mut slot.head.text);
    text::user_str::<0>(slot, from);
    text::user_str::<1>(slot, to);
}
