//! A new process; threads are counted and left out. A refused fork comes from the syscall's exit.

use aya_ebpf::{helpers::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Cause, Kind, Slot, fork::Fork};

use crate::{count, emit, identity, kernel, kernel::field, preemption, scope, slot, syscall};

#[btf_tracepoint(function = "sched_process_fork")]
pub fn fork(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let Some(counts) = count::of(Kind::Fork) else { return 0 };
        count::bump(&mut counts.exit_produced);
        let child: u64 = context.arg::<*const u8>(1) as u64;
        let tgid = field!(u32, child, task_tgid);
        // The child may be put into the scope by a parent outside it (CLONE_INTO_CGROUP).
        let (cgroup, inside) = scope::of_task(child);
        if tgid != field!(u32, child, task_pid) || !(inside || scope::current()) {
            count::bump(&mut counts.exit_filtered);
            return 0;
        }
        scope::grow(tgid);
        let task = kernel::current();
        let Some(slot) = slot::find_or_make(task) else {
            count::next_seq();
            count::lose(Kind::Fork, Cause::StateFull);
            return 0;
        };
        slot::begin(slot, Kind::Fork);
        slot.head.enter = identity::now();
        slot.head.exit = slot.head.enter;
        identity::fill(&mut slot.head);
        slot.head.ret = i64::from(tgid);
        let (ns_tgid, pid_ns) = identity::namespaced(child);
        let body = body(slot);
        body.tgid = tgid;
        body.ns_tgid = ns_tgid;
        body.start = field!(u64, child, task_start);
        body.exec_seq = u64::from(field!(u32, child, task_exec_id));
        body.cgroup = cgroup;
        body.pid_ns = pid_ns;
        body.mnt_ns = identity::mount_namespace(child);
        slot.active = 0;
        slot.head.kind = Kind::Fork as u16;
        emit::submit(slot);
        0
    })
}

/// Only refusals: what succeeded was told by the program above.
#[btf_tracepoint(function = "sys_exit")]
pub fn fork_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let result: i64 = context.arg(1);
        if result >= 0 {
            return 0;
        }
        if let Some((slot, _late)) = syscall::exit_if(&context, Kind::Fork, scope::current) {
            let call = slot.head.call;
            let first = slot.head.args[0];
            body(slot).flags = if call == Call::Clone3.code() {
                // SAFETY: the helper checks the address.
                unsafe { bpf_probe_read_user(first as *const u64) }.unwrap_or(0)
            } else if call == Call::Clone.code() {
                first
            } else {
                0
            };
            syscall::submit(&context, slot, Kind::Fork);
        }
        0
    })
}

#[inline(always)]
fn body(slot: &mut Slot) -> &mut Fork {
    // SAFETY: the body has room for every body struct, aligned to 8.
    unsafe { &mut *(&raw mut slot.body).cast::<Fork>() }
}
