//! Who is observed: every task whose cgroup is the scope or lies below it.

use aya_ebpf::helpers::{bpf_get_current_ancestor_cgroup_id, bpf_get_current_cgroup_id};

use crate::kernel::{field, global, read};

/// The scope's cgroup id; 0 lets nobody in.
#[unsafe(no_mangle)]
static SCOPE_ID: u64 = 0;
/// The scope's level below the root of the hierarchy.
#[unsafe(no_mangle)]
static SCOPE_LEVEL: u32 = 0;

/// Is the current task in scope?
#[inline(always)]
pub fn current() -> bool {
    // SAFETY: a helper on the current task.
    let ancestor = unsafe { bpf_get_current_ancestor_cgroup_id(global(&SCOPE_LEVEL) as i32) };
    ancestor != 0 && ancestor == global(&SCOPE_ID)
}

/// The current task's cgroup id.
#[inline(always)]
pub fn current_id() -> u64 {
    // SAFETY: a helper on the current task.
    unsafe { bpf_get_current_cgroup_id() }
}

/// The cgroup id of any task, and whether it is in scope.
#[inline(always)]
pub fn of_task(task: u64) -> (u64, bool) {
    let set: u64 = field!(u64, task, task_cgroups);
    let cgroup: u64 = field!(u64, set, css_set_cgroup);
    let id = id_of(cgroup);
    let level = global(&SCOPE_LEVEL);
    if field!(u32, cgroup, cgroup_level) < level {
        return (id, false);
    }
    let slot = crate::kernel::offset!(cgroup_ancestors) + level * 8;
    let ancestor = id_of(read::<u64>(cgroup, slot));
    (id, ancestor != 0 && ancestor == global(&SCOPE_ID))
}

#[inline(always)]
fn id_of(cgroup: u64) -> u64 {
    let node: u64 = field!(u64, cgroup, cgroup_kn);
    field!(u64, node, kn_id)
}
