//! Hands records to the reader, the loss before them first.

use core::arch::asm;

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    helpers::{
        bpf_get_smp_processor_id, bpf_ktime_get_boot_ns,
        generated::{bpf_ringbuf_discard, bpf_ringbuf_output, bpf_ringbuf_reserve},
    },
    macros::map,
    maps::{Array, RingBuf},
};
use lab_abi::{Cause, Counts, Head, Kind, Loss, LossRecord, Slot, record};

use crate::count;

/// Records on their way to the reader. While many come it polls: waking it for each would dominate the cost.
#[map]
static RECORDS: RingBuf = RingBuf::with_byte_size(1 << 22, 0);
/// 1 while the reader sleeps until it is woken; whoever takes that away wakes it.
#[map]
static ASLEEP: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Gives the slot's record, whose kind is in it, to the reader and counts it, submitted or lost.
#[inline(always)]
pub fn submit(slot: &mut Slot) {
    stamp(&mut slot.head);
    let text = slot.head.text[0] + slot.head.text[1] + slot.head.text[2];
    if text as usize > record::DATA {
        return;
    }
    let len = (size_of::<Head>() + record::BODY) as u32 + text;
    slot.head.len = len;
    let kind = u32::from(slot.head.kind);
    if let Some(counts) = hand_over((&raw const slot.head).cast(), len, kind) {
        count::bump(&mut counts.submitted);
    }
}

/// The same for a record without texts, whose body stands behind its head, also in an interrupt.
#[inline(always)]
pub fn bare(head: &mut Head) {
    stamp(head);
    let kind = u32::from(head.kind);
    if let Some(counts) =
        hand_over((&raw const *head).cast(), (size_of::<Head>() + record::BODY) as u32, kind)
    {
        count::add(&mut counts.submitted);
    }
}

#[inline(always)]
fn stamp(head: &mut Head) {
    head.seq = count::next_seq();
    // SAFETY: a helper without arguments.
    head.cpu = unsafe { bpf_get_smp_processor_id() };
}

/// The counters of the kind if the record was submitted; a lost one is counted here.
#[inline(always)]
fn hand_over(bytes: *const u8, len: u32, kind: u32) -> Option<&'static mut Counts> {
    let fits = told() && output(bytes, u64::from(len));
    wake();
    if fits {
        return count::at(kind);
    }
    count::lose_at(kind, Cause::RingFull);
    None
}

/// Wakes the reader if it sleeps. Its flag is read after the record is in the ring, and it looks at the ring after it has
/// set the flag: one of the two sees the other.
#[inline(always)]
fn wake() {
    let Some(asleep) = ASLEEP.get_ptr_mut(0) else { return };
    // SAFETY: an aligned u64 in a map.
    if unsafe { asleep.read_volatile() } == 0 {
        return;
    }
    let mut before = 0u64;
    // SAFETY: the same; `before` becomes what was there.
    unsafe { asm!("{1} = xchg_64({0} + 0, {1})", in(reg) asleep, inout(reg) before) };
    if before == 0 {
        return;
    }
    // A place in the ring that is given back at once: the only way to wake somebody without a record.
    // SAFETY: reserved and given back, and not looked at in between.
    unsafe {
        let place = bpf_ringbuf_reserve((&raw const RECORDS).cast_mut().cast(), 8, 0);
        if !place.is_null() {
            bpf_ringbuf_discard(place, u64::from(BPF_RB_FORCE_WAKEUP));
        }
    }
}

/// Tells the loss that waits on this CPU; false while there is no room even for that.
#[inline(always)]
fn told() -> bool {
    tell(Cause::RingFull) && tell(Cause::StateFull) && tell(Cause::NoExit)
}

#[inline(always)]
fn tell(cause: Cause) -> bool {
    let Some(pending) = count::PENDING.get_ptr_mut(cause as u32) else { return true };
    // SAFETY: a per-CPU value of the map.
    let pending = unsafe { &mut *pending };
    if pending.count == 0 {
        return true;
    }
    let record = LossRecord {
        len: size_of::<LossRecord>() as u32,
        kind: Kind::Loss as u16,
        flags: 0,
        // SAFETY: a helper without arguments.
        time: unsafe { bpf_ktime_get_boot_ns() },
        // SAFETY: a helper without arguments.
        cpu: unsafe { bpf_get_smp_processor_id() },
        cause: cause as u32,
        loss: *pending,
    };
    let fits = output((&raw const record).cast(), size_of::<LossRecord>() as u64);
    if fits {
        *pending = Loss { count: 0, first: 0, last: 0 };
    }
    fits
}

#[inline(always)]
fn output(bytes: *const u8, len: u64) -> bool {
    // SAFETY: `len` bytes of a map value or of the stack, checked again by the verifier.
    let result = unsafe {
        bpf_ringbuf_output(
            (&raw const RECORDS).cast_mut().cast(),
            bytes.cast_mut().cast(),
            len,
            u64::from(BPF_RB_NO_WAKEUP),
        )
    };
    result == 0
}
