//! A new process. No texts.

use crate::record::Plain;

/// The body; zero but for `flags` when the fork was refused.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Fork {
    /// The child in the init pid namespace.
    pub tgid: u32,
    /// The child as it sees itself.
    pub ns_tgid: u32,
    /// Start of the child on the boot clock, ns.
    pub start: u64,
    /// Exec sequence number that the child begins with.
    pub exec_seq: u64,
    /// cgroup v2 id of the child.
    pub cgroup: u64,
    /// Inode of the child's pid namespace.
    pub pid_ns: u32,
    /// Inode of the child's mount namespace.
    pub mnt_ns: u32,
    /// Clone flags where known (a refused clone).
    pub flags: u64,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Fork {}
