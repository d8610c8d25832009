//! The kind `setid`: raw system calls, so that no C library adds threads' business or checks of its own.

use lab_model::{Ids, Outcome, SetId, SetIdCall, Step};

use super::own::{boot_ns, ids, step};

/// The ids of an order; `-` is -1.
pub(super) fn parse(requested: &[String]) -> Result<Vec<Option<u32>>, String> {
    let one = |id: &String| match id.as_str() {
        "-" => Ok(None),
        id => id.parse().map(Some).map_err(|_| format!("`{id}` is not an id")),
    };
    requested.iter().map(one).collect()
}

/// How many arguments a call takes; `None` for any number.
pub(super) fn arguments(call: SetIdCall) -> Option<usize> {
    match call {
        SetIdCall::Setuid | SetIdCall::Setgid | SetIdCall::Setfsuid | SetIdCall::Setfsgid => Some(1),
        SetIdCall::Setreuid | SetIdCall::Setregid => Some(2),
        SetIdCall::Setresuid | SetIdCall::Setresgid => Some(3),
        SetIdCall::Setgroups => None,
    }
}

/// Makes the call.
pub(super) fn make(call: SetIdCall, requested: Vec<Option<u32>>) -> Step {
    let before = ids();
    let began_ns = boot_ns();
    let result = super::own::outcome(call_raw(call, &requested));
    let after = after(call, &requested, before, result);
    let mut step =
        step(began_ns, SetId { call, requested, before: Some(before), after: Some(after), result });
    step.process.ids = after;
    step
}

/// Makes the bare system call, which concerns the calling thread alone.
pub(crate) fn call_raw(call: SetIdCall, requested: &[Option<u32>]) -> nix::Result<i64> {
    let raw: Vec<u32> = requested.iter().map(|id| id.unwrap_or(u32::MAX)).collect();
    let argument = |at: usize| raw.get(at).copied().unwrap_or(u32::MAX);
    let number = match call {
        SetIdCall::Setuid => libc::SYS_setuid,
        SetIdCall::Setgid => libc::SYS_setgid,
        SetIdCall::Setreuid => libc::SYS_setreuid,
        SetIdCall::Setregid => libc::SYS_setregid,
        SetIdCall::Setresuid => libc::SYS_setresuid,
        SetIdCall::Setresgid => libc::SYS_setresgid,
        SetIdCall::Setfsuid => libc::SYS_setfsuid,
        SetIdCall::Setfsgid => libc::SYS_setfsgid,
        SetIdCall::Setgroups => libc::SYS_setgroups,
    };
    let returned = if call == SetIdCall::Setgroups {
        // SAFETY: the pointer and the count are those of one live slice.
        unsafe { libc::syscall(number, raw.len(), raw.as_ptr()) }
    } else {
        // SAFETY: these calls take numbers alone; those with fewer arguments ignore the rest.
        unsafe { libc::syscall(number, argument(0), argument(1), argument(2)) }
    };
    nix::errno::Errno::result(returned)
}

/// The ids after the call: asked of the kernel, but for the file system ids that only setfsuid itself could tell.
fn after(call: SetIdCall, requested: &[Option<u32>], before: Ids, result: Outcome) -> Ids {
    let now = ids();
    if matches!(result, Outcome::Errno(_)) {
        return now;
    }
    let asked = requested.first().copied().flatten();
    let may = |old: [u32; 4]| before.euid == 0 || asked.is_some_and(|id| old.contains(&id));
    match (call, asked) {
        (SetIdCall::Setfsuid, Some(id)) if may([before.uid, before.euid, before.suid, before.fsuid]) => {
            Ids { fsuid: id, ..now }
        }
        (SetIdCall::Setfsgid, Some(id)) if may([before.gid, before.egid, before.sgid, before.fsgid]) => {
            Ids { fsgid: id, ..now }
        }
        _ => now,
    }
}
