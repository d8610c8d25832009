//! Who acted, from a record's head.

use std::collections::HashMap;

use lab_abi::{Kind, fork};
use lab_model::{Ids, NamespacedPid, ParentRef, ProcessRef, Text};

use crate::record::Record;

/// The first exec sequence number known of each process, so that images are counted from 1.
#[derive(Debug, Default)]
pub(super) struct Images {
    first: HashMap<(u32, u64), u64>,
}

impl Images {
    /// The image that acted; also learns from a fork which number the child begins with.
    pub(super) fn image(&mut self, record: &Record<'_>) -> ProcessRef {
        let head = &record.head;
        if record.kind == Kind::Fork
            && let Some(body) = record.body::<fork::Fork>()
        {
            self.first.entry((body.tgid, body.start)).or_insert(body.exec_seq);
        }
        let first = *self.first.entry((head.tgid, head.start)).or_insert(head.exec_seq);
        let count = head.exec_seq.checked_sub(first).map(|n| n + 1);
        ProcessRef {
            pid: Some(head.tgid),
            tid: Some(head.tid),
            start_ns: Some(head.start),
            exec_seq: count.and_then(|n| u32::try_from(n).ok()),
            in_namespace: known(head.pid_ns).map(|namespace| NamespacedPid { namespace, pid: head.ns_tgid }),
            mount_namespace: known(head.mnt_ns),
            parent: Some(ParentRef { pid: head.parent_tgid, start_ns: Some(head.parent_start) }),
            cgroup: Some(head.cgroup),
            comm: Some(Text::from(until_nul(&head.comm))),
            ids: Some(ids(head.ids)),
        }
    }
}

/// An inode is never 0; the programs write 0 where there is no such namespace any more.
fn known(inode: u32) -> Option<u64> {
    (inode != 0).then_some(u64::from(inode))
}

/// From the order of the kernel's `struct cred`.
pub(super) fn ids([uid, gid, suid, sgid, euid, egid, fsuid, fsgid]: [u32; 8]) -> Ids {
    Ids { uid, euid, suid, fsuid, gid, egid, sgid, fsgid }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
