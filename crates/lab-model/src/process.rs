//! Who did it: the identity of processes, and what a sensor knows of it.

use serde::{Deserialize, Serialize};

use crate::Text;

/// One process, whoever saw it: unique on one kernel from boot to shutdown (the boot id stands in the manifest).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey {
    /// pid in the init namespace
    pub pid: u32,
    /// start on the boot clock in nanoseconds
    pub start_ns: u64,
}

/// A pid as its own namespace has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NamespacedPid {
    /// inode of the pid namespace
    pub namespace: u64,
    /// pid inside it
    pub pid: u32,
}

/// The parent at the time of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParentRef {
    /// pid in the init namespace
    pub pid: u32,
    /// start on the boot clock in nanoseconds, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<u64>,
}

/// User and group ids of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ids {
    /// real user
    pub uid: u32,
    /// effective user
    pub euid: u32,
    /// saved user
    pub suid: u32,
    /// file system user
    pub fsuid: u32,
    /// real group
    pub gid: u32,
    /// effective group
    pub egid: u32,
    /// saved group
    pub sgid: u32,
    /// file system group
    pub fsgid: u32,
}

/// What one sensor knows of the process (more exactly: the image) that acted. Absent is unknown, never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessRef {
    /// pid (thread group) in the init namespace
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// thread in the init namespace
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tid: Option<u32>,
    /// start on the boot clock in nanoseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<u64>,
    /// how many images the process has had, the current one included, counted from the first the sensor knew
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_seq: Option<u32>,
    /// pid inside its own namespace
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_namespace: Option<NamespacedPid>,
    /// inode of the mount namespace
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_namespace: Option<u64>,
    /// parent
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentRef>,
    /// cgroup v2 id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<u64>,
    /// name of the thread
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<Text>,
    /// ids after the event
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
}

/// A clock tick, in which `/proc` tells when a process began: 100 a second on every Linux that we run on.
pub const TICK_NS: u64 = 10_000_000;

/// What a process can say of itself: from its own `/proc/self/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// pid in the init namespace
    pub pid: u32,
    /// parent's pid
    pub parent: u32,
    /// start in clock ticks since boot
    pub start_ticks: u64,
    /// ids at that moment
    pub ids: Ids,
}

impl Stamp {
    /// True if `key` is this process, as far as ticks can tell.
    pub fn is(&self, key: ProcessKey) -> bool {
        self.pid == key.pid && self.start_ticks == key.start_ns / TICK_NS
    }
}
