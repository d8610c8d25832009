//! A file opened. Text 0 is the path as passed.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Flags as passed (creat: what it stands for).
    pub flags: u64,
    /// Mode as passed.
    pub mode: u64,
    /// Resolve flags of openat2.
    pub resolve: u64,
    /// Directory descriptor, -100 for the working directory.
    pub dirfd: i32,
    /// 1 when `flags`, `mode` and `resolve` could not be read.
    pub unread: u32,
    /// Inode of the file behind the new descriptor, 0 if there is none; its path is text 2, leaf first.
    pub inode: u64,
    /// Device of the inode's file system.
    pub dev: u32,
    /// Type and permissions of the file.
    pub file_mode: u32,
    /// 1: by a ring of io_uring. 2: so, and into its own table of files, not to a descriptor.
    pub ring: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Open {}
