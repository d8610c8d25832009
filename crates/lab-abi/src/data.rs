//! Bytes read or written. Text 2 is the path of the file, leaf first; text 1 likewise that of the file that they come
//! from, if both are declared.

use crate::record::Plain;

/// Where [`Data::length`] is not known: more pieces than are added up.
pub const UNKNOWN: u64 = u64::MAX;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// Inode of the file.
    pub inode: u64,
    /// Device of its file system.
    pub dev: u32,
    /// 1 when the call says where to begin.
    pub has_offset: u32,
    /// Where.
    pub offset: u64,
    /// Bytes asked for, or [`UNKNOWN`].
    pub length: u64,
    /// Protection of a mapping.
    pub protection: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Data {}
