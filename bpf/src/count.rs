//! Counters per CPU and kind, and loss that waits to be told.

use core::arch::asm;

use aya_ebpf::{helpers::bpf_ktime_get_boot_ns, macros::map, maps::PerCpuArray};
use lab_abi::{Cause, Counts, Kind, Loss};

/// Counters by kind.
#[map]
static COUNTS: PerCpuArray<Counts> = PerCpuArray::with_max_entries(64, 0);
/// Loss on this CPU that no record has carried yet, by cause.
#[map]
pub static PENDING: PerCpuArray<Loss> = PerCpuArray::with_max_entries(3, 0);
/// Number of the last record on this CPU.
#[map]
static SEQ: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The counters of a kind on this CPU.
#[inline(always)]
pub fn of(kind: Kind) -> Option<&'static mut Counts> {
    at(kind as u32)
}

/// The same for a kind by its number.
#[inline(always)]
pub fn at(kind: u32) -> Option<&'static mut Counts> {
    // SAFETY: a per-CPU value of the map; others see it only through atomics or user space.
    COUNTS.get_ptr_mut(kind).map(|counts| unsafe { &mut *counts })
}

/// Adds one to a counter that is this CPU's and that no program adds to in an interrupt: all but those of
/// [`Kind::ConnectLater`]. Nobody else runs on the CPU meanwhile: see `preemption`.
#[inline(always)]
pub fn bump(counter: &mut u64) {
    *counter += 1;
}

/// Adds one, atomically: a program may be interrupted by another on its CPU.
#[inline(always)]
pub fn add(counter: &mut u64) {
    // SAFETY: an aligned u64 in a map; the target has no other way to say it.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) counter, in(reg) 1u64) };
}

/// The number of the next record on this CPU.
#[inline(always)]
pub fn next_seq() -> u64 {
    // SAFETY: a per-CPU value of the map.
    let Some(seq) = SEQ.get_ptr_mut(0).map(|seq| unsafe { &mut *seq }) else { return 0 };
    fetch_add(seq) + 1
}

/// Adds one, atomically, and says what was there.
#[inline(always)]
pub fn fetch_add(counter: &mut u64) -> u64 {
    let mut value = 1u64;
    // SAFETY: an aligned u64 in a map; `value` becomes what was there.
    unsafe { asm!("{1} = atomic_fetch_add((u64 *)({0} + 0), {1})", in(reg) counter, inout(reg) value) };
    value
}

/// Counts one lost record. Its number must have been taken, so that the gap is seen.
#[inline(always)]
pub fn lose(kind: Kind, cause: Cause) {
    lose_at(kind as u32, cause);
}

/// The same for a kind by its number.
#[inline(always)]
pub fn lose_at(kind: u32, cause: Cause) {
    // SAFETY: a helper without arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    if let Some(counts) = at(kind) {
        note(&mut counts.lost[cause as usize], now);
    }
    if let Some(loss) = PENDING.get_ptr_mut(cause as u32) {
        // SAFETY: a per-CPU value of the map.
        note(unsafe { &mut *loss }, now);
    }
}

#[inline(always)]
fn note(loss: &mut Loss, now: u64) {
    add(&mut loss.count);
    if loss.first == 0 {
        loss.first = now;
    }
    loss.last = now;
}
