//! Calls that the reader puts into the object before it loads it.
//!
//! A kernel's own functions for programs (kfuncs) are called by the id of their type, which differs from kernel to kernel.
//! In the object they are calls of helpers with numbers that no helper has.

/// For `bpf_preempt_disable`.
pub const PREEMPT_DISABLE: u32 = 0x5160_0001;
/// For `bpf_preempt_enable`.
pub const PREEMPT_ENABLE: u32 = 0x5160_0002;

/// Each stub with the kernel's function that it stands for.
pub const ALL: [(u32, &str); 2] =
    [(PREEMPT_DISABLE, "bpf_preempt_disable"), (PREEMPT_ENABLE, "bpf_preempt_enable")];
