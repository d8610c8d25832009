//! Reads of kernel structs at offsets that the reader took from the running kernel's BTF.

use core::ptr::read_volatile;

use aya_ebpf::{
    helpers::{bpf_get_current_task, bpf_probe_read_kernel, generated::bpf_get_current_task_btf},
    programs::BtfTracePointContext,
};
use lab_abi::Offsets;

#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::NONE;

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

/// Reads kernel memory; zero when the address is bad.
#[inline(always)]
pub fn read<T: Copy + Default>(base: u64, offset: u32) -> T {
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
