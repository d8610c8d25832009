//! Hands records to the reader, the loss before them first.

use aya_ebpf::{
    bindings::BPF_RB_NO_WAKEUP,
    helpers::{bpf_get_smp_processor_id, bpf_ktime_get_boot_ns, generated::bpf_ringbuf_output},
    macros::map,
    maps::RingBuf,
};
use lab_abi::{Cause, Head, Kind, Loss, LossRecord, Slot, record};

use crate::count;

/// Records on their way to the reader, which polls: waking it per record would dominate the cost.
#[map]
static RECORDS: RingBuf = RingBuf::with_byte_size(1 << 22, 0);

/// Gives the slot's record, whose kind is in it, to the reader and counts it, submitted or lost.
#[inline(always)]
pub fn submit(slot: &mut Slot) {
    let kind = u32::from(slot.head.kind);
    // SAFETY: a helper without arguments.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    slot.head.seq = count::next_seq();
    slot.head.cpu = cpu;
    let text = slot.head.text[0] + slot.head.text[1] + slot.head.text[2];
    if text as usize > record::DATA {
        return;
    }
    let len = (size_of::<Head>() + record::BODY) as u32 + text;
    slot.head.len = len;
    if told() && output((&raw const slot.head).cast(), u64::from(len)) {
        if let Some(counts) = count::at(kind) {
            count::add(&mut counts.submitted);
        }
    } else {
        count::lose_at(kind, Cause::RingFull);
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
