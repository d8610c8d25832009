//! What a process knows of itself without opening anything: clock, ids, stamp.

use lab_model::{Errno, Ids, Outcome, Payload, Stamp, Step};
use nix::{
    time::{ClockId, clock_gettime},
    unistd::{getpid, getppid, getresgid, getresuid},
};

/// The boot clock in nanoseconds.
pub(crate) fn boot_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map_or(0, |now| now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64)
}

/// The ids of this process; the file system ids follow the effective ones unless someone calls setfsuid.
pub(super) fn ids() -> Ids {
    let (Ok(user), Ok(group)) = (getresuid(), getresgid()) else { return Ids::default() };
    let (uid, euid, suid) = (user.real.as_raw(), user.effective.as_raw(), user.saved.as_raw());
    let (gid, egid, sgid) = (group.real.as_raw(), group.effective.as_raw(), group.saved.as_raw());
    Ids { uid, euid, suid, fsuid: euid, gid, egid, sgid, fsgid: egid }
}

/// Who this process is; its start is filled in by the resident actor, which alone may look into `/proc`.
pub(super) fn stamp() -> Stamp {
    Stamp { pid: getpid().as_raw() as u32, parent: getppid().as_raw() as u32, start_ticks: 0, ids: ids() }
}

/// The result of a call as the receipt has it.
pub(super) fn outcome(result: nix::Result<i64>) -> Outcome {
    match result {
        Ok(value) => Outcome::Ok(value),
        Err(error) => Outcome::Errno(Errno(error as i32)),
    }
}

/// A step of this process that ends now.
pub(super) fn step(began_ns: u64, payload: impl Into<Payload>) -> Step {
    Step { process: stamp(), began_ns, ended_ns: boot_ns(), payload: payload.into(), content: None }
}
