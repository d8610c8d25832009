//! Appends texts to a record: strings and bytes of the process, names of the kernel.

use aya_ebpf::helpers::generated::{bpf_probe_read_kernel_str, bpf_probe_read_user, bpf_probe_read_user_str};
use lab_abi::{Slot, flag, record::TEXT};

/// Where text `INDEX` begins; `None` only if the lengths before it are out of bounds, which they never are.
#[inline(always)]
pub fn start<const INDEX: usize>(slot: &Slot) -> Option<usize> {
    let mut at = 0;
    if INDEX > 0 {
        at += slot.head.text[0] as usize;
    }
    if INDEX > 1 {
        at += slot.head.text[1] as usize;
    }
    (at <= INDEX * TEXT).then_some(at)
}

/// A NUL-terminated string of the process.
#[inline(always)]
pub fn user_str<const INDEX: usize>(slot: &mut Slot, address: u64) {
    let Some(at) = start::<INDEX>(slot) else { return };
    // SAFETY: TEXT bytes fit behind every start; the helper checks the address.
    let n = unsafe {
        bpf_probe_read_user_str(slot.data.as_mut_ptr().add(at).cast(), TEXT as u32, address as *const _)
    };
    finish_str::<INDEX>(slot, n);
}

/// A NUL-terminated string of the kernel.
#[inline(always)]
pub fn kernel_str<const INDEX: usize>(slot: &mut Slot, address: u64) {
    let Some(at) = start::<INDEX>(slot) else { return };
    // SAFETY: TEXT bytes fit behind every start; the helper checks the address.
    let n = unsafe {
        bpf_probe_read_kernel_str(slot.data.as_mut_ptr().add(at).cast(), TEXT as u32, address as *const _)
    };
    finish_str::<INDEX>(slot, n);
}

/// Up to `max` bytes of the process (at most [`TEXT`]); more is marked as cut.
#[inline(always)]
pub fn user_bytes<const INDEX: usize>(slot: &mut Slot, address: u64, len: u64, max: u64) {
    let Some(at) = start::<INDEX>(slot) else { return };
    let mut take = len;
    if take > max {
        take = max;
        slot.head.flags |= flag::CUT << INDEX;
    }
    // SAFETY: `take` is at most TEXT; the helper checks the address.
    let result = unsafe {
        bpf_probe_read_user(slot.data.as_mut_ptr().add(at).cast(), take as u32, address as *const _)
    };
    finish::<INDEX>(slot, result >= 0, take as u32);
}

/// Was a text unreadable at enter?
#[inline(always)]
pub fn unreadable(slot: &Slot) -> bool {
    slot.head.flags & (flag::UNREADABLE | flag::UNREADABLE << 1 | flag::UNREADABLE << 2) != 0
}

#[inline(always)]
fn finish_str<const INDEX: usize>(slot: &mut Slot, n: i64) {
    if n == TEXT as i64 {
        slot.head.flags |= flag::CUT << INDEX;
    }
    finish::<INDEX>(slot, n > 0, (n - 1) as u32);
}

#[inline(always)]
fn finish<const INDEX: usize>(slot: &mut Slot, good: bool, len: u32) {
    if good {
        slot.head.flags &= !(flag::UNREADABLE << INDEX);
        slot.head.text[INDEX] = len;
    } else {
        slot.head.flags |= flag::UNREADABLE << INDEX;
        slot.head.text[INDEX] = 0;
    }
}
