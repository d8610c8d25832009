//! Who is observed: every task whose cgroup is the scope or lies below it, but for one part of it that may be left out, and
//! for the reader itself; or every process below one, if that was asked for.

use aya_ebpf::{
    bindings::BPF_ANY,
    helpers::{bpf_get_current_ancestor_cgroup_id, bpf_get_current_cgroup_id, bpf_get_current_pid_tgid},
    macros::map,
    maps::HashMap,
};
use lab_abi::{Cause, Kind};

use crate::{
    count, filter,
    kernel::{field, global, offset, read},
};

/// The scope's cgroup id; 0 lets nobody in.
#[unsafe(no_mangle)]
static SCOPE_ID: u64 = 0;
/// The scope's level below the root of the hierarchy.
#[unsafe(no_mangle)]
static SCOPE_LEVEL: u32 = 0;
/// A cgroup below the scope that is left out with all below it; 0 for none.
#[unsafe(no_mangle)]
static WITHOUT_ID: u64 = 0;
/// Its level.
#[unsafe(no_mangle)]
static WITHOUT_LEVEL: u32 = 0;
/// The reader's process id where it may be in scope itself, else 0.
#[unsafe(no_mangle)]
static READER: u32 = 0;
/// 1: only the processes in [`TREE`], of those in scope.
#[unsafe(no_mangle)]
static BY_TREE: u32 = 0;

/// Processes that are observed, and whose children will be.
#[map]
static TREE: HashMap<u32, u8> = HashMap::with_max_entries(16384, 0);

/// Is the current task in scope?
#[inline(always)]
pub fn current() -> bool {
    if !is_scope(ancestor(global(&SCOPE_LEVEL))) {
        return false;
    }
    if global(&WITHOUT_ID) != 0 && ancestor(global(&WITHOUT_LEVEL)) == global(&WITHOUT_ID) {
        return false;
    }
    if global(&READER) != 0 && process() == global(&READER) {
        return false;
    }
    global(&BY_TREE) == 0 || TREE.get_ptr(process()).is_some()
}

/// Is what the current task does wanted? For all but the events that tell which processes there are.
#[inline(always)]
pub fn wanted() -> bool {
    current() && filter::executable()
}

/// The child of an observed process is observed.
#[inline(always)]
pub fn grow(child: u32) {
    if global(&BY_TREE) != 0 && TREE.insert(child, 1, u64::from(BPF_ANY)).is_err() {
        // Whatever it does will not be seen.
        if let Some(counts) = count::of(Kind::Fork) {
            count::bump(&mut counts.exit_produced);
        }
        count::next_seq();
        count::lose(Kind::Fork, Cause::StateFull);
    }
}

/// The current process has ended.
#[inline(always)]
pub fn shrink() {
    if global(&BY_TREE) != 0 {
        let _ = TREE.remove(process());
    }
}

#[inline(always)]
fn process() -> u32 {
    (bpf_get_current_pid_tgid() >> 32) as u32
}

#[inline(always)]
fn ancestor(level: u32) -> u64 {
    // SAFETY: a helper on the current task.
    unsafe { bpf_get_current_ancestor_cgroup_id(level as i32) }
}

#[inline(always)]
fn is_scope(id: u64) -> bool {
    id != 0 && id == global(&SCOPE_ID)
}

/// The current task's cgroup id.
#[inline(always)]
pub fn current_id() -> u64 {
    // SAFETY: a helper on the current task.
    unsafe { bpf_get_current_cgroup_id() }
}

/// The cgroup id of any task, and whether it is in scope by that.
#[inline(always)]
pub fn of_task(task: u64) -> (u64, bool) {
    let set: u64 = field!(u64, task, task_cgroups);
    let cgroup: u64 = field!(u64, set, css_set_cgroup);
    let depth = field!(u32, cgroup, cgroup_level);
    let above = |level: u32| {
        if depth < level {
            return 0;
        }
        id_of(read::<u64>(cgroup, offset!(cgroup_ancestors) + level * 8))
    };
    let inside = global(&BY_TREE) == 0 && is_scope(above(global(&SCOPE_LEVEL)));
    let without = global(&WITHOUT_ID) != 0 && above(global(&WITHOUT_LEVEL)) == global(&WITHOUT_ID);
    (id_of(cgroup), inside && !without)
}

#[inline(always)]
fn id_of(cgroup: u64) -> u64 {
    let node: u64 = field!(u64, cgroup, cgroup_kn);
    field!(u64, node, kn_id)
}
