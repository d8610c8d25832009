//! What is kept for a thread between enter and exit: the record itself, built in place.
//!
//! A slot is made at a thread's first observed syscall and kept until the thread ends, so nothing is copied again.

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    helpers::generated::bpf_map_update_elem,
    macros::map,
    maps::{Array, HashMap},
};
use lab_abi::{Cause, Kind, Slot};

use crate::count;

/// Slots by the address of the task: a thread that execs changes its id, not its task.
#[map]
static SLOTS: HashMap<u64, Slot> = HashMap::with_max_entries(1024, 0);
/// What a new slot is copied from; never written.
#[map]
static EMPTY: Array<Slot> = Array::with_max_entries(1, 0);

/// The task's slot, if it has one.
#[inline(always)]
pub fn find(task: u64) -> Option<&'static mut Slot> {
    // SAFETY: only the task itself touches its slot.
    SLOTS.get_ptr_mut(task).map(|slot| unsafe { &mut *slot })
}

/// The task's slot, made if need be; `None` when the table is full.
#[inline(always)]
pub fn find_or_make(task: u64) -> Option<&'static mut Slot> {
    if let Some(slot) = find(task) {
        return Some(slot);
    }
    let empty = EMPTY.get_ptr(0)?;
    // SAFETY: key and value are of the map's types; the value is copied.
    unsafe {
        bpf_map_update_elem(
            (&raw const SLOTS).cast_mut().cast(),
            (&raw const task).cast_mut().cast(),
            empty.cast_mut().cast(),
            u64::from(BPF_NOEXIST),
        )
    };
    find(task)
}

/// Begins a record in the slot; one that never saw its exit is counted as lost.
#[inline(always)]
pub fn begin(slot: &mut Slot, kind: Kind) {
    abandon(slot);
    slot.active = kind as u64;
    slot.head.flags = 0;
    clear(&mut slot.head.text);
    slot.head.nr = u32::MAX;
    slot.head.call = 0;
    clear(&mut slot.head.args);
    clear(&mut slot.body);
}

/// Words set to zero one by one: what the compiler would call instead goes byte by byte.
#[inline(always)]
pub fn clear<T: Default>(words: &mut [T]) {
    for word in words {
        // SAFETY: a valid reference; volatile so that it stays as it is.
        unsafe { core::ptr::write_volatile(word, T::default()) };
    }
}

/// Counts the record in the slot as lost if it still waits for its exit.
#[inline(always)]
pub fn abandon(slot: &mut Slot) {
    if let Some(kind) = Kind::from_number(slot.active as u16)
        && slot.active != 0
    {
        count::next_seq();
        count::lose(kind, Cause::NoExit);
    }
    slot.active = 0;
}

/// Forgets a task that ends.
#[inline(always)]
pub fn forget(task: u64) {
    let _ = SLOTS.remove(task);
}
