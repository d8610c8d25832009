//! Calls that the reader puts into the object before it loads it.
//!
//! A kernel's own functions for programs (kfuncs) are called by the id of their type, which differs from kernel to kernel.
//! In the object they are calls of helpers with numbers that no helper has.

/// For `bpf_preempt_disable`.
pub const PREEMPT_DISABLE: u32 = 0x5160_0001;
/// For `bpf_preempt_enable`.
pub const PREEMPT_ENABLE: u32 = 0x5160_0002;

/// For `bpf_rdonly_cast`: since Linux 6.2.
pub const RDONLY_CAST: u32 = 0x5160_0003;

/// The kernel's name for what [`RDONLY_CAST`] stands for.
pub const CAST: &str = "bpf_rdonly_cast";
/// The two that are of use only together.
pub const PREEMPTION: [&str; 2] = ["bpf_preempt_disable", "bpf_preempt_enable"];
/// Each stub with the kernel's function that it stands for.
pub const ALL: [(u32, &str); 3] =
    [(PREEMPT_DISABLE, PREEMPTION[0]), (PREEMPT_ENABLE, PREEMPTION[1]), (RDONLY_CAST, CAST)];
