//! The end of a process, told by its last thread.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Cause, Kind, exit::Exit};

use crate::{
    count, emit, identity, kernel,
    kernel::{field, global},
    preemption, scope, slot,
};

/// 1 on kernels whose tracepoint says whether the whole group is dead; older ones are asked by the live count.
#[unsafe(no_mangle)]
static EXIT_HAS_GROUP_DEAD: u32 = 0;

/// `SIGNAL_GROUP_EXIT`: the group's code is the status, not the leader's.
const GROUP_EXIT: u32 = 4;

#[btf_tracepoint(function = "sched_process_exit")]
pub fn exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let Some(counts) = count::of(Kind::Exit) else { return 0 };
        count::bump(&mut counts.exit_produced);
        let task = kernel::current();
        let signal: u64 = field!(u64, task, task_signal);
        let last = if global(&EXIT_HAS_GROUP_DEAD) != 0 {
            context.arg::<u32>(1) & 0xff != 0
        } else {
            field!(u32, signal, signal_live) == 0
        };
        if !(last && scope::current()) {
            count::bump(&mut counts.exit_filtered);
            end(task);
            return 0;
        }
        let Some(slot) = slot::find_or_make(task) else {
            count::next_seq();
            count::lose(Kind::Exit, Cause::StateFull);
            return 0;
        };
        slot::begin(slot, Kind::Exit);
        slot.head.enter = identity::now();
        slot.head.exit = slot.head.enter;
        slot.head.ret = 0;
        identity::fill(&mut slot.head);
        // SAFETY: the body has room for every body struct, aligned to 8.
        let body = unsafe { &mut *(&raw mut slot.body).cast::<Exit>() };
        body.status = if field!(u32, signal, signal_flags) & GROUP_EXIT != 0 {
            field!(u32, signal, signal_group_code)
        } else {
            let leader: u64 = field!(u64, task, task_leader);
            field!(u32, leader, task_exit_code)
        };
        slot.active = 0;
        slot.head.kind = Kind::Exit as u16;
        emit::submit(slot);
        slot::forget(task);
        scope::shrink();
        0
    })
}

#[inline(always)]
fn end(task: u64) {
    if let Some(slot) = slot::find(task) {
        slot::abandon(slot);
        slot::forget(task);
    }
}
