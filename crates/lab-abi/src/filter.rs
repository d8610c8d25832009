//! What the reader sets before the load, so that the programs leave out what is not wanted.

use crate::record::Plain;

/// Bytes of a path, with its NUL.
pub const PATHS: usize = 128;
/// Paths of one kind.
pub const COUNT: usize = 4;

/// Paths: each stands for itself and all below it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// How many.
    pub count: u32,
    /// Bytes of each without its NUL; 0 where there is none.
    pub lengths: [u32; COUNT],
    /// Bytes of each as they are written in `backward`.
    pub backward_lengths: [u32; COUNT],
    /// `/etc/ssh`.
    pub forward: [[u8; PATHS]; COUNT],
    /// `ssh/etc/`: as the programs walk them.
    pub backward: [[u8; PATHS]; COUNT],
}

impl Paths {
    /// No paths.
    pub const NONE: Self = Self {
        count: 0,
        lengths: [0; COUNT],
        backward_lengths: [0; COUNT],
        forward: [[0; PATHS]; COUNT],
        backward: [[0; PATHS]; COUNT],
    };
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Paths {}

/// A file as the programs know it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileKey {
    /// Inode.
    pub inode: u64,
    /// Device in the kernel's encoding (major << 20 | minor).
    pub dev: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for FileKey {}
