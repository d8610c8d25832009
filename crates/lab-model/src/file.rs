//! What the kernel says of a file: who it is, and what an open or an exec found.

use serde::{Deserialize, Serialize};

use crate::Text;

/// Device and inode of a file; the device as the kernel numbers it (`major << 20 | minor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId {
    /// device
    pub dev: u64,
    /// inode
    pub ino: u64,
}

/// What the kernel says of the file behind a new image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// type and permissions: set-uid and set-gid are among them
    pub mode: u32,
    /// it is in memory and in no folder: made by memfd_create
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_memory: bool,
    /// its last name was removed
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// what runs the file that was named, if that is a script: as its first line names it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<Text>,
}

/// The file that an open found, as the kernel has it: not what the caller's string may have come to mean meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// its path below the root of the process's mount namespace; absent if it could not be read whole
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// its identity
    pub file: FileId,
    /// type and permissions
    pub mode: u32,
    /// it was found by the new descriptor when the call returned: another thread may have put another file there
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_fd: bool,
}
