//! Nobody else runs on a CPU while one of the programs does, and if somebody did, their call is not lost.
//!
//! Since Linux 7.0 a tracepoint leaves preemption on. Whoever runs on the CPU meanwhile finds the program busy, and the
//! kernel skips it for them; and a counter of the CPU that two add to at once would miss one. The kernel has functions for
//! programs that take preemption off; the reader puts their calls in when it loads the object: see `lab_abi::stub`.
//! But what has come up meanwhile happens as soon as it is on again, and that is inside the program still. For whom
//! the exit of a syscall was skipped then, a second program behind the first does its work. A skipped enter is made good
//! at the exit; the other tracepoints are rare, and what is skipped there is counted as lost.

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

/// The second one asks whether the first was skipped for whoever runs now: then it is busy with somebody else. If nobody
/// is known, it ran.
#[inline(always)]
pub fn skipped() -> bool {
    let Some(turn) = turn() else { return false };
    if turn.owner == current() {
        turn.owner = 0;
        return false;
    }
    if turn.owner != 0 {
        count::add(&mut turn.made_good);
        return true;
    }
    false
}

#[inline(always)]
fn turn() -> Option<&'static mut Turn> {
    // SAFETY: the value of this CPU; two words that are looked at one by one.
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
