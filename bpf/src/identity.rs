//! Fills a record's head with who acts.

use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_ktime_get_boot_ns, generated::bpf_get_current_comm};
use lab_abi::Head;

use crate::{
    kernel::{current, direct, direct_at, field, offset, read, typed_current},
    scope,
};

/// Process id, pid namespace inode of a task as it sees itself.
#[inline(always)]
pub fn namespaced(task: u64) -> (u32, u32) {
    let pid: u64 = field!(u64, task, task_thread_pid);
    let level: u32 = field!(u32, pid, pid_level);
    let upid = pid + u64::from(offset!(pid_numbers)) + u64::from(level & 63) * u64::from(offset!(upid_size));
    let namespace: u64 = field!(u64, upid, upid_ns);
    (field!(u32, upid, upid_nr), field!(u32, namespace, pid_ns_inum))
}

/// Inode of a task's mount namespace; 0 for a task that has left it.
#[inline(always)]
pub fn mount_namespace(task: u64) -> u32 {
    let proxy: u64 = field!(u64, task, task_nsproxy);
    let namespace: u64 = field!(u64, proxy, nsproxy_mnt);
    field!(u32, namespace, mnt_ns_inum)
}

/// A task's ids, in the order of the kernel's `struct cred`.
#[inline(always)]
pub fn ids(task: u64) -> [u32; 8] {
    let cred: u64 = field!(u64, task, task_cred);
    read(cred, offset!(cred_uid))
}

/// The boot clock, ns.
#[inline(always)]
pub fn now() -> u64 {
    // SAFETY: a helper without arguments.
    unsafe { bpf_ktime_get_boot_ns() }
}

/// Fills everything but seq, CPU, length and what belongs to the syscall, for the current task. It costs next to nothing:
/// no helper reads memory, and what it takes a helper for is kept from the task's last record.
#[inline(always)]
pub fn fill(head: &mut Head) {
    let task = typed_current();
    let pid_tgid = bpf_get_current_pid_tgid();
    let (tgid, tid) = ((pid_tgid >> 32) as u32, pid_tgid as u32);
    if head.pid_ns == 0 || head.tgid != tgid || head.tid != tid {
        let task = current();
        let leader: u64 = field!(u64, task, task_leader);
        (head.ns_tgid, head.pid_ns) = namespaced(leader);
        head.ns_tid = if leader == task { head.ns_tgid } else { namespaced(task).0 };
    }
    (head.tgid, head.tid) = (tgid, tid);
    let leader: *const u8 = direct!(*const u8, task, task_leader);
    head.start = direct!(u64, leader, task_start);
    head.exec_seq = u64::from(direct!(u32, task, task_exec_id));
    let proxy: *const u8 = direct!(*const u8, task, task_nsproxy);
    let namespace: *const u8 = if proxy.is_null() { proxy } else { direct!(*const u8, proxy, nsproxy_mnt) };
    head.mnt_ns = if namespace.is_null() { 0 } else { direct!(u32, namespace, mnt_ns_inum) };
    let parent: *const u8 = direct!(*const u8, task, task_parent);
    let parent_leader: *const u8 = direct!(*const u8, parent, task_leader);
    head.parent_tgid = direct!(u32, parent, task_tgid);
    head.parent_start = direct!(u64, parent_leader, task_start);
    head.parent_exec_seq = u64::from(direct!(u32, parent, task_exec_id));
    head.cgroup = scope::current_id();
    let cred: *const u8 = direct!(*const u8, task, task_cred);
    for (at, id) in head.ids.iter_mut().enumerate() {
        *id = direct_at(cred, offset!(cred_uid) + 4 * at as u32);
    }
    // SAFETY: as many bytes as there are; it fails for no task.
    unsafe { bpf_get_current_comm(head.comm.as_mut_ptr().cast(), head.comm.len() as u32) };
    head.reserved = 0;
}
