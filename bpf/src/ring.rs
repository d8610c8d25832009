//! Calls given to a ring of io_uring, which pass no system call: an open is told with its result, of all others that they
//! were given.

use aya_ebpf::{
    bindings::BPF_ANY,
    helpers::generated::bpf_map_update_elem,
    macros::{btf_tracepoint, map},
    maps::HashMap,
    programs::BtfTracePointContext,
};
use lab_abi::{Cause, Kind, Slot, open::Open, ring::Ring};

use crate::{
    count, emit, filter, identity, kernel,
    kernel::{field, global, offset},
    open, preemption, scope, slot, text,
};

/// 1 on kernels whose tracepoint of a completion has the entry that the caller gets; older ones have its parts.
#[unsafe(no_mangle)]
static RING_HAS_ENTRY: u32 = 0;
/// Where the result stands in such an entry: the kernel's include/uapi/linux/io_uring.h.
const ENTRY_RESULT: u32 = 8;

const OPENAT: u8 = 18;
const OPENAT2: u8 = 28;

/// Opens that have not ended, by the address of the kernel's request.
#[map]
static OPENS: HashMap<u64, Slot> = HashMap::with_max_entries(64, 0);

#[btf_tracepoint(function = "io_uring_submit_req")]
pub fn ring(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let request = context.arg::<*const u8>(0) as u64;
        let operation = field!(u8, request, ring_operation);
        let opens = operation == OPENAT || operation == OPENAT2;
        let kind = if opens { Kind::Open } else { Kind::IoUring };
        let Some(counts) = count::of(kind) else { return 0 };
        if !scope::wanted() {
            count::bump(&mut counts.exit_produced);
            count::bump(&mut counts.exit_filtered);
            return 0;
        }
        let Some(slot) = slot::find_or_make(kernel::current()) else {
            count::bump(&mut counts.exit_produced);
            count::next_seq();
            count::lose(kind, Cause::StateFull);
            return 0;
        };
        slot::begin(slot, kind);
        slot.head.enter = identity::now();
        slot.head.exit = slot.head.enter;
        slot.head.ret = 0;
        identity::fill(&mut slot.head);
        slot.head.kind = kind as u16;
        if opens {
            wait(slot, request);
            slot.active = 0;
            return 0;
        }
        slot.active = 0;
        count::bump(&mut counts.exit_produced);
        // SAFETY: the body has room for every body struct, aligned to 8.
        let body = unsafe { &mut *(&raw mut slot.body).cast::<Ring>() };
        body.operation = u32::from(operation);
        emit::submit(slot);
        0
    })
}

/// Keeps a copy of the record until the request has ended.
#[inline(always)]
fn wait(slot: &mut Slot, request: u64) {
    let command = request + u64::from(offset!(ring_command));
    let name: u64 = field!(u64, command, ring_open_file);
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Open>() };
    body.dirfd = field!(i32, command, ring_open_directory);
    body.flags = field!(u64, command, ring_open_flags);
    body.mode = field!(u64, command, ring_open_mode);
    body.resolve = field!(u64, command, ring_open_resolve);
    body.ring = 1 + u32::from(field!(u32, command, ring_open_slot) != 0);
    text::kernel_str::<0>(slot, field!(u64, name, ring_file_name));
    if let Some(older) = OPENS.get_ptr_mut(request) {
        // SAFETY: a request that has the address of another one: that ended without a word.
        slot::abandon(unsafe { &mut *older });
    }
    // SAFETY: key and value are of the map's types; the value is copied.
    let result = unsafe {
        bpf_map_update_elem(
            (&raw const OPENS).cast_mut().cast(),
            (&raw const request).cast_mut().cast(),
            (&raw mut *slot).cast(),
            u64::from(BPF_ANY),
        )
    };
    if result != 0 {
        produced();
        count::next_seq();
        count::lose(Kind::Open, Cause::StateFull);
    }
}

#[btf_tracepoint(function = "io_uring_complete")]
pub fn ring_done(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let request = context.arg::<*const u8>(1) as u64;
        // SAFETY: a request ends once, and nobody else looks at it then.
        let Some(slot) = OPENS.get_ptr_mut(request).map(|slot| unsafe { &mut *slot }) else { return 0 };
        produced();
        let result = if global(&RING_HAS_ENTRY) != 0 {
            kernel::read::<i32>(context.arg::<*const u8>(2) as u64, ENTRY_RESULT)
        } else {
            context.arg::<i32>(3)
        };
        slot.active = 0;
        slot.head.exit = identity::now();
        slot.head.ret = i64::from(result);
        // SAFETY: the body has room for every body struct, aligned to 8.
        let fixed = unsafe { (*(&raw const slot.body).cast::<Open>()).ring != 1 };
        // What was opened is looked up among the descriptors of whoever runs now.
        let same = (aya_ebpf::helpers::bpf_get_current_pid_tgid() >> 32) as u32 == slot.head.tgid;
        let found = result >= 0 && !fixed && same && open::opened(slot);
        if filter::opened(slot, found) {
            emit::submit(slot);
        } else if let Some(counts) = count::of(Kind::Open) {
            count::bump(&mut counts.exit_filtered);
        }
        let _ = OPENS.remove(request);
        0
    })
}

#[inline(always)]
fn produced() {
    if let Some(counts) = count::of(Kind::Open) {
        count::bump(&mut counts.exit_produced);
    }
}
