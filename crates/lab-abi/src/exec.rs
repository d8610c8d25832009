//! A new image. Texts: the file name as passed, argv (NUL-separated), and the executable's path components,
//! leaf first, joined by `/`.

use crate::record::Plain;

/// Where argv comes from.
pub const ARGV_IMAGE: u32 = 1;
/// See [`ARGV_IMAGE`]: copied at enter, for an exec that was refused.
pub const ARGV_ENTER: u32 = 0;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Exec {
    /// Inode of the executable, 0 when unknown.
    pub inode: u64,
    /// Device of the executable's superblock in the kernel's encoding (major << 20 | minor).
    pub dev: u32,
    /// [`ARGV_IMAGE`] or [`ARGV_ENTER`].
    pub argv_from: u32,
    /// Bytes of the whole argv, of which text 1 may be the beginning; 0 when unknown.
    pub argv_len: u64,
    /// Directory descriptor of execveat.
    pub dirfd: i32,
    /// Flags of execveat.
    pub flags: u32,
    /// Type and permissions of the executable.
    pub file_mode: u32,
    /// Its names; 0 for one that was deleted or never had any.
    pub links: u32,
    /// 1: it is a file of memfd_create.
    pub in_memory: u32,
    /// 1: the file that was named is a script, and the first argument of the image what runs it.
    pub interpreted: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Exec {}
