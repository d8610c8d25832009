//! What is wanted of what is in scope: by the path of the object and by who acts. Set before the load, so what was not
//! set is no code.

use aya_ebpf::{helpers::generated::bpf_strncmp, macros::map, maps::HashMap};
use lab_abi::{
    FileKey, Slot,
    filter::{PATHS, Paths},
    flag,
    record::{DATA, TEXT},
};

use crate::{
    declared,
    kernel::{current, field, global},
    text,
};

/// Events about paths below these are wanted; none: all are.
#[unsafe(no_mangle)]
static WANTED: Paths = Paths::NONE;
/// Reads and writes of files below these are wanted.
#[unsafe(no_mangle)]
static DECLARED: Paths = Paths::NONE;
/// 1: only what the programs in [`EXECUTABLES`] do is wanted.
#[unsafe(no_mangle)]
static BY_EXECUTABLE: u32 = 0;

/// Programs whose acts are wanted.
#[map]
static EXECUTABLES: HashMap<FileKey, u8> = HashMap::with_max_entries(64, 0);

/// Does the current task run a program whose acts are wanted?
#[inline(always)]
pub fn executable() -> bool {
    if global(&BY_EXECUTABLE) == 0 {
        return true;
    }
    let mm: u64 = field!(u64, current(), task_mm);
    let file: u64 = field!(u64, mm, mm_exe_file);
    EXECUTABLES.get_ptr(declared::identity(file)).is_some()
}

/// Is text 2, a path with its leaf first, below a declared path?
#[inline(always)]
pub fn declared(slot: &Slot) -> bool {
    ends_below(slot, &DECLARED)
}

/// Is an open wanted? By what was opened, else by the caller's words; what cannot be told is.
#[inline(always)]
pub fn opened(slot: &Slot, found: bool) -> bool {
    if global(&WANTED.count) == 0 {
        return true;
    }
    if found && slot.head.flags & flag::CUT << 2 == 0 {
        return ends_below(slot, &WANTED);
    }
    named::<0>(slot)
}

/// Is a call wanted that names one path, text `INDEX`?
#[inline(always)]
pub fn named<const INDEX: usize>(slot: &Slot) -> bool {
    if global(&WANTED.count) == 0 {
        return true;
    }
    let Some(at) = text::start::<INDEX>(slot) else { return true };
    let len = slot.head.text[INDEX] as usize;
    // Relative to a folder that is not known here, or not known at all.
    if len == 0 || len > TEXT || slot.data.get(at).is_none_or(|byte| *byte != b'/') {
        return true;
    }
    begins_below::<0>(slot, at, len)
        || begins_below::<1>(slot, at, len)
        || begins_below::<2>(slot, at, len)
        || begins_below::<3>(slot, at, len)
}

/// Is a call wanted that names one path or two, texts 0 and 1? One suffices.
#[inline(always)]
pub fn either(slot: &Slot) -> bool {
    named::<0>(slot) || slot.head.text[1] != 0 && named::<1>(slot)
}

#[inline(always)]
fn begins_below<const N: usize>(slot: &Slot, at: usize, len: usize) -> bool {
    let prefix = global(&WANTED.lengths[N]) as usize;
    if prefix == 0 || prefix > len || prefix >= PATHS {
        return false;
    }
    // SAFETY: the prefix is no longer than the text; the other is a string that ends in NUL.
    let differs = unsafe {
        bpf_strncmp(
            slot.data.as_ptr().add(at).cast_mut().cast(),
            prefix as u32,
            (&raw const WANTED.forward[N]).cast_mut().cast(),
        )
    };
    differs == 0 && (prefix == len || slot.data.get(at + prefix).is_some_and(|byte| *byte == b'/'))
}

#[inline(always)]
fn ends_below(slot: &Slot, paths: &'static Paths) -> bool {
    one_ends_below::<0>(slot, paths)
        || one_ends_below::<1>(slot, paths)
        || one_ends_below::<2>(slot, paths)
        || one_ends_below::<3>(slot, paths)
}

#[inline(always)]
fn one_ends_below<const N: usize>(slot: &Slot, paths: &'static Paths) -> bool {
    let suffix = global(&paths.backward_lengths[N]) as usize;
    let Some(at) = text::start::<2>(slot) else { return false };
    let len = slot.head.text[2] as usize;
    if suffix == 0 || suffix > len || suffix >= PATHS || len > TEXT {
        return false;
    }
    let from = at + (len - suffix);
    if from + PATHS > DATA {
        return false;
    }
    // SAFETY: the suffix is inside the texts; the other is a string that ends in NUL.
    let differs = unsafe {
        bpf_strncmp(
            slot.data.as_ptr().add(from).cast_mut().cast(),
            suffix as u32,
            (&raw const paths.backward[N]).cast_mut().cast(),
        )
    };
    differs == 0 && (suffix == len || slot.data.get(from.wrapping_sub(1)).is_some_and(|byte| *byte == b'/'))
}
