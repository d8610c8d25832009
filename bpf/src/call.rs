//! Every kind of event that needs no program of its own: a descriptor says which arguments are texts.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Descriptor, Kind, Slot, TextAt, flag, record::TEXT};

use crate::{filter, preemption, slot, syscall, text};

#[btf_tracepoint(function = "sys_enter")]
pub fn call_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let nr: u64 = context.arg(1);
        if let Some((descriptor, kind)) = known(nr as u32)
            && let Some(slot) = syscall::enter(&context, kind)
        {
            fill(slot, descriptor);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn call_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((descriptor, kind)) = known(syscall::returning(&context))
            && let Some((slot, late)) = syscall::exit(&context, kind)
        {
            if late || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot, descriptor);
            }
            if !about_path(kind) || filter::either(slot) {
                syscall::submit(&context, slot, kind);
            } else {
                syscall::leave_out(slot, kind);
            }
        }
        0
    })
}

#[inline(always)]
fn known(nr: u32) -> Option<(&'static Descriptor, Kind)> {
    let descriptor = syscall::descriptor(nr)?;
    Some((descriptor, Kind::from_number(descriptor.kind)?))
}

/// Are the kind's first texts paths of files?
#[inline(always)]
fn about_path(kind: Kind) -> bool {
    kind >= Kind::Mkdir && kind <= Kind::Mknod
}

#[inline(always)]
fn fill(slot: &mut Slot, descriptor: &Descriptor) {
    slot::clear(&mut slot.head.text);
    one::<0>(slot, descriptor.texts[0]);
    one::<1>(slot, descriptor.texts[1]);
    one::<2>(slot, descriptor.texts[2]);
}

/// A null pointer is no text, not one that cannot be read.
#[inline(always)]
fn one<const INDEX: usize>(slot: &mut Slot, at: TextAt) {
    let address = slot.head.args.get(usize::from(at.arg)).copied().unwrap_or(0);
    if address == 0 {
        return;
    }
    if at.how == TextAt::STRING {
        text::user_str::<INDEX>(slot, address);
    } else if at.how == TextAt::BYTES {
        text::user_bytes::<INDEX>(slot, address, u64::from(at.size), TEXT as u64);
    }
}
