//! The two programs that every syscall runs, and what all syscall kinds do at enter and exit.
//!
//! Raw tracepoints with BTF, not `syscalls:*`: they need no tracefs, their skips are counted by the kernel
//! (`recursion_misses`) and happen only when the program itself is running on the CPU. A syscall of no interest
//! costs one empty entry of a program array.

use aya_ebpf::{
    macros::{btf_tracepoint, map},
    maps::{Array, ProgramArray},
    programs::BtfTracePointContext,
};
use lab_abi::{Cause, Descriptor, Kind, Slot, call::TABLE, flag};

use crate::{
    connect_later::IN_PROGRESS,
    count, emit, identity,
    kernel::{args, current, direct, typed_current},
    preemption, scope, slot,
};

/// Programs by syscall number.
#[map]
static ENTER: ProgramArray = ProgramArray::with_max_entries(TABLE, 0);
/// Programs by syscall number.
#[map]
static EXIT: ProgramArray = ProgramArray::with_max_entries(TABLE, 0);
/// The one program behind all of [`EXIT`], and what follows on it for a connect that is in progress.
#[map]
static FINISH: ProgramArray = ProgramArray::with_max_entries(2, 0);
/// What each syscall is, by its number.
#[map]
static CALLS: Array<Descriptor> = Array::with_max_entries(TABLE, 0);
/// Syscalls in scope by the 32-bit entry, whose numbers and arguments differ: not observed, but counted.
#[map]
static FOREIGN: Array<u64> = Array::with_max_entries(1, 0);

/// `TS_COMPAT`: the current syscall came by the 32-bit entry.
const COMPAT: u32 = 2;
/// execve by the 32-bit entry: what a 64-bit process that becomes a 32-bit one returns from.
const COMPAT_EXECVE: u32 = 11;
const EXECVE: u32 = 59;

#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(context: BtfTracePointContext) -> i32 {
    let nr: u64 = context.arg(1);
    if compat() {
        if scope::current()
            && let Some(foreign) = FOREIGN.get_ptr_mut(0)
        {
            // SAFETY: an aligned u64 in a map.
            count::add(unsafe { &mut *foreign });
        }
        return 0;
    }
    // SAFETY: a program array of programs of this type.
    unsafe { ENTER.tail_call(&context, nr as u32) };
    0
}

#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(context: BtfTracePointContext) -> i32 {
    preemption::taken();
    go_on(&context);
    0
}

/// Only where tracepoints leave preemption on: for those for whom the kernel skipped [`sys_exit`].
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit_again(context: BtfTracePointContext) -> i32 {
    if preemption::skipped() {
        go_on(&context);
    }
    0
}

#[inline(always)]
fn go_on(context: &BtfTracePointContext) {
    let mut nr = returning(context);
    if compat() {
        if nr != COMPAT_EXECVE {
            return;
        }
        nr = EXECVE;
    }
    // SAFETY: a program array of programs of this type.
    unsafe { EXIT.tail_call(context, nr) };
}

#[inline(always)]
fn compat() -> bool {
    direct!(u32, typed_current(), task_status) & COMPAT != 0
}

/// The number of the syscall that returns.
#[inline(always)]
pub fn returning(context: &BtfTracePointContext) -> u32 {
    direct!(u64, context.arg(0), regs_nr) as u32
}

/// What the syscall with this number is.
#[inline(always)]
pub fn descriptor(nr: u32) -> Option<&'static Descriptor> {
    CALLS.get(nr)
}

/// The enter side: counts, filters by scope, and begins a record in the thread's slot.
#[inline(always)]
pub fn enter(context: &BtfTracePointContext, kind: Kind) -> Option<&'static mut Slot> {
    enter_if(context, kind, scope::wanted)
}

/// The same with a filter of the kind's own.
#[inline(always)]
pub fn enter_if(
    context: &BtfTracePointContext,
    kind: Kind,
    wanted: impl FnOnce() -> bool,
) -> Option<&'static mut Slot> {
    let counts = count::of(kind)?;
    count::bump(&mut counts.enter_produced);
    if !wanted() {
        count::bump(&mut counts.enter_filtered);
        return None;
    }
    let Some(slot) = slot::find_or_make(current()) else {
        count::bump(&mut counts.unstored);
        return None;
    };
    count::bump(&mut counts.stored);
    slot::begin(slot, kind);
    slot.head.enter = identity::now();
    let nr: u64 = context.arg(1);
    call(slot, context, nr as u32);
    Some(slot)
}

/// The exit side: counts, filters by scope, finds what enter began or begins it late. True: begun late, nothing filled
/// yet.
#[inline(always)]
pub fn exit(context: &BtfTracePointContext, kind: Kind) -> Option<(&'static mut Slot, bool)> {
    exit_if(context, kind, scope::wanted)
}

/// The same with a filter of the kind's own.
#[inline(always)]
pub fn exit_if(
    context: &BtfTracePointContext,
    kind: Kind,
    wanted: impl FnOnce() -> bool,
) -> Option<(&'static mut Slot, bool)> {
    let counts = count::of(kind)?;
    count::bump(&mut counts.exit_produced);
    let task = current();
    let mut found = slot::find(task);
    if let Some(slot) = &found
        && slot.active != kind as u64
    {
        found = None;
    }
    let late = found.is_none();
    if late {
        if !wanted() {
            count::bump(&mut counts.exit_filtered);
            return None;
        }
        found = slot::find_or_make(task);
    } else {
        count::bump(&mut counts.joined);
    }
    let Some(slot) = found else {
        count::next_seq();
        count::lose(kind, Cause::StateFull);
        return None;
    };
    slot.head.exit = identity::now();
    if late {
        slot::begin(slot, kind);
        slot.head.enter = slot.head.exit;
        slot.head.flags |= flag::NO_ENTER;
        call(slot, context, returning(context));
    }
    slot.head.ret = context.arg(1);
    Some((slot, late))
}

/// Ends the record and goes on to the program that all kinds share.
#[inline(always)]
pub fn submit(context: &BtfTracePointContext, slot: &mut Slot, kind: Kind) {
    slot.active = 0;
    slot.head.kind = kind as u16;
    preemption::tail_call(&FINISH, context, 0);
    // It only comes back if there is no such program.
    count::next_seq();
    count::lose(kind, Cause::StateFull);
}

/// The same at once, without a program in between: for the kind of which there are most.
#[inline(always)]
pub fn submit_at_once(slot: &mut Slot, kind: Kind) {
    slot.active = 0;
    slot.head.kind = kind as u16;
    identity::fill(&mut slot.head);
    emit::submit(slot);
}

/// Ends the record, which is not wanted after all.
#[inline(always)]
pub fn leave_out(slot: &mut Slot, kind: Kind) {
    slot.active = 0;
    if let Some(counts) = count::of(kind) {
        count::bump(&mut counts.exit_filtered);
    }
}

/// Who acts, and away with the record: once for all kinds, for the verifier takes long over it.
#[btf_tracepoint(function = "sys_exit")]
pub fn finish(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = slot::find(current()) {
            identity::fill(&mut slot.head);
            emit::submit(slot);
            if slot.head.ret == IN_PROGRESS && slot.head.kind == Kind::Connect as u16 {
                preemption::tail_call(&FINISH, &context, 1);
            }
        }
        0
    })
}

#[inline(always)]
fn call(slot: &mut Slot, context: &BtfTracePointContext, nr: u32) {
    slot.head.nr = nr;
    slot.head.call = descriptor(nr).map_or(0, |descriptor| descriptor.call);
    slot.head.args = args(context);
}
