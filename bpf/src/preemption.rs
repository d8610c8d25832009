//! Nobody else runs on a CPU while one of the programs does, and if somebody did, their call is not lost.
//!
//! Since Linux 7.0 a tracepoint leaves preemption on. Whoever runs on the CPU meanwhile finds the program busy, and the
//! kernel skips it for them; and a counter of the CPU that two add to at once would miss one. The kernel has functions for
//! programs that take preemption off; the reader puts their calls in when it loads the object: see `lab_abi::stub`.
//! But what has come up meanwhile happens as soon as it is on again, and that is inside the program still. For whom
//! the exit of a syscall was skipped then, a second program behind the first does its work: it knows by the call that is
//! still in flight, and counts where it does not. A skipped enter is made good at the exit; the other tracepoints are rare, and
//! what is skipped there is counted as lost.

use core::mem::transmute;

use aya_ebpf::{
    macros::map,
    maps::{PerCpuArray, ProgramArray},
    programs::BtfTracePointContext,
};
use lab_abi::{counts::Turn, stub};

use crate::{
    count,
    kernel::{current, global},
    scope, slot,
};

/// 1 where tracepoints leave preemption on; set before the load.
#[unsafe(no_mangle)]
static PREEMPTIBLE: u32 = 0;

/// Who the first program of the exit ran for last.
#[map]
static TURNS: PerCpuArray<Turn> = PerCpuArray::with_max_entries(1, 0);

/// The first program says for whom it runs.
#[inline(always)]
pub fn taken() {
    if global(&PREEMPTIBLE) != 0
        && let Some(turn) = turn()
    {
        turn.owner = current();
    }
}

/// The second one asks whether the first was skipped for whoever runs now, where that was not the last that it ran for. A call
/// that is in flight still says so. Without one the first may have ended it, and somebody else come between the two; or the
/// enter was skipped as well.
#[inline(always)]
pub fn skipped() -> bool {
    let Some(turn) = turn() else { return false };
    let task = current();
    if turn.owner == task {
        turn.owner = 0;
        return false;
    }
    if !scope::current() {
        return false;
    }
    let in_flight = slot::find(task).is_some_and(|slot| slot.active != 0);
    count::add(if in_flight { &mut turn.made_good } else { &mut turn.unsure });
    in_flight
}

#[inline(always)]
fn turn() -> Option<&'static mut Turn> {
    // SAFETY: the value of this CPU; words that are looked at one by one.
    TURNS.get_ptr_mut(0).map(|turn| unsafe { &mut *turn })
}

/// Runs `body` with preemption off.
#[inline(always)]
pub fn off<R>(body: impl FnOnce() -> R) -> R {
    disable();
    let result = body();
    enable();
    result
}

/// Goes on with a program of the table, which takes preemption off itself; comes back only if there is none.
#[inline(always)]
pub fn tail_call(table: &ProgramArray, context: &BtfTracePointContext, index: u32) {
    enable();
    // SAFETY: a program array of programs of this type.
    unsafe { table.tail_call(context, index) };
    disable();
}

#[inline(always)]
fn disable() {
    // SAFETY: takes nothing; what is called is put in before the load.
    unsafe { transmute::<usize, extern "C" fn()>(stub::PREEMPT_DISABLE as usize)() };
}

#[inline(always)]
fn enable() {
    // SAFETY: the same.
    unsafe { transmute::<usize, extern "C" fn()>(stub::PREEMPT_ENABLE as usize)() };
}
