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
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Open {}
