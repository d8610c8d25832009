//! Numbers that the kernel's calls take, the same on all its machines.

/// `O_CREAT | O_WRONLY | O_TRUNC`, which is what creat means.
pub(crate) const CREAT: u32 = 0o1101;
pub(crate) const AT_REMOVEDIR: u64 = 0x200;
pub(crate) const CLONE_THREAD: u64 = 0x10000;
