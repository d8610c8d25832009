//! A name removed. Text 0 is the path as passed.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Unlink {
    /// Directory descriptor, -100 for the working directory.
    pub dirfd: i32,
    /// Flags of unlinkat; rmdir counts as `AT_REMOVEDIR`.
    pub flags: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Unlink {}
