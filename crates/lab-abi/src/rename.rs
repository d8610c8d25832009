//! A name moved. Texts: the old path and the new path as passed.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Rename {
    /// Directory descriptor of the old path, -100 for the working directory.
    pub from_dirfd: i32,
    /// Directory descriptor of the new path.
    pub to_dirfd: i32,
    /// Flags of renameat2.
    pub flags: u64,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Rename {}
