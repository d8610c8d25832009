//! Reads of kernel structs at offsets that the reader took from the running kernel's BTF.

use core::{mem::transmute, ptr::read_volatile};

use aya_ebpf::{
    helpers::{bpf_get_current_task, bpf_probe_read_kernel, generated::bpf_get_current_task_btf},
    programs::BtfTracePointContext,
};
use lab_abi::{Offsets, stub};

#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::NONE;
/// The type as which any memory of the kernel may be read without a helper: `struct pt_regs`, words all through. 0 where the
/// kernel has no cast.
#[unsafe(no_mangle)]
static WORDS: u32 = 0;
/// Bytes of it that are read at most.
const WORDS_SIZE: usize = 64;

/// The offset of a field, as set before the load.
macro_rules! offset {
    ($field:ident) => {
        $crate::kernel::global(&$crate::kernel::OFFSETS.$field)
    };
}
/// The value of a field: `field!(u32, task, task_tgid)`.
macro_rules! field {
    ($type:ty, $base:expr, $name:ident) => {
        $crate::kernel::read::<$type>($base, $crate::kernel::offset!($name))
    };
}
/// The value of a field of a typed pointer, read without a helper's call: only where the verifier knows the pointer's type,
/// and only a scalar or a pointer. `direct!(u32, typed_current(), task_tgid)`.
macro_rules! direct {
    ($type:ty, $base:expr, $name:ident) => {
        $crate::kernel::direct_at::<$type>($base, $crate::kernel::offset!($name))
    };
}
pub(crate) use {direct, field, offset};

/// The value of a global that the reader may have overridden.
#[inline(always)]
pub fn global<T: Copy>(place: &T) -> T {
    // SAFETY: a valid reference; volatile because the value is set after compilation.
    unsafe { read_volatile(place) }
}

/// Can memory be read without a helper's call?
#[inline(always)]
pub fn has_words() -> bool {
    global(&WORDS) != 0
}

/// Kernel memory to be read without a helper's call, [`WORDS_SIZE`] bytes of it: the verifier accepts it where
/// [`has_words`], and what is at a bad address reads as zero.
#[inline(always)]
pub fn words(address: u64) -> *const u8 {
    // SAFETY: takes an address and a type, and gives the address; what is called is put in before the load.
    let cast =
        unsafe { transmute::<usize, extern "C" fn(u64, u32) -> *const u8>(stub::RDONLY_CAST as usize) };
    cast(address, global(&WORDS))
}

/// Reads kernel memory; zero when the address is bad.
#[inline(always)]
pub fn read<T: Copy + Default>(base: u64, offset: u32) -> T {
    const { assert!(size_of::<T>() <= WORDS_SIZE) };
    if has_words() {
        return direct_at(words(base + u64::from(offset)), 0);
    }
    if base == 0 {
        return T::default();
    }
    let address = (base + u64::from(offset)) as *const T;
    // SAFETY: the helper checks the address.
    unsafe { bpf_probe_read_kernel(address) }.unwrap_or_default()
}

/// The current task.
#[inline(always)]
pub fn current() -> u64 {
    // SAFETY: a helper without arguments.
    unsafe { bpf_get_current_task() }
}

/// See [`direct`].
#[inline(always)]
pub fn direct_at<T: Copy>(base: *const u8, offset: u32) -> T {
    // SAFETY: the verifier accepts it only where the field is; a bad address reads as zero.
    unsafe { base.add(offset as usize).cast::<T>().read_volatile() }
}

/// The current task, as a pointer whose type the verifier knows.
#[inline(always)]
pub fn typed_current() -> *const u8 {
    // SAFETY: a helper without arguments.
    unsafe { bpf_get_current_task_btf() }.cast()
}

/// The arguments of a syscall, from its registers.
#[inline(always)]
pub fn args(context: &BtfTracePointContext) -> [u64; 6] {
    let regs: *const u8 = context.arg(0);
    [
        direct!(u64, regs, regs_a0),
        direct!(u64, regs, regs_a1),
        direct!(u64, regs, regs_a2),
        direct!(u64, regs, regs_a3),
        direct!(u64, regs, regs_a4),
        direct!(u64, regs, regs_a5),
    ]
}
