//! The turns that runs take at what a machine has once: its audit daemon.
//!
//! A turn is waited for before the stage begins in which the sensor attaches, so that another run's work is none of
//! that stage's time. The wait has an end of its own.

use std::{
    fs::File,
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use lab_model::SensorKind;
use nix::fcntl::{Flock, FlockArg};

use super::{auditd, program};
use crate::{
    RunError,
    deadline::{Deadline, Interrupt},
};

/// How long another run is waited for: many times what a pass takes, for several may be before us.
const PATIENCE: Duration = Duration::from_secs(600);

/// Held from before the sensor attaches until it has put back what it changed.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, and let go when dropped")] Flock<File>);

/// Waits until no other run has what a sensor of this kind needs for itself; at once where it needs nothing. `tell` is
/// called with what is waited for, if it must be.
pub(crate) fn turn(
    kind: SensorKind,
    instance: &str,
    interrupt: &Interrupt,
    tell: impl FnOnce(&str),
) -> Result<Option<Turn>, RunError> {
    if kind != SensorKind::Auditd || auditd::PROGRAMS.iter().any(|name| program(name).is_none()) {
        return Ok(None);
    }
    let path = Path::new(auditd::SAVED);
    take(path, instance, &Deadline::after(PATIENCE, interrupt), || tell("another run's audit daemon"))
        .map(Some)
}

fn take(path: &Path, instance: &str, deadline: &Deadline, tell: impl FnOnce()) -> Result<Turn, RunError> {
    let file = File::options().create(true).append(true).open(path).map_err(RunError::io("open", path))?;
    let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => return Ok(Turn(lock)),
        Err((file, nix::Error::EWOULDBLOCK)) => file,
        Err((_, error)) => return Err(RunError::io("lock", path)(error.into())),
    };
    tell();
    let (sender, turns): (_, Receiver<_>) = channel();
    // If nobody waits any more when it comes, it goes on to the next.
    std::thread::spawn(move || sender.send(Flock::lock(file, FlockArg::LockExclusive)));
    let locked = deadline.receive(&turns).map_err(|ended| RunError::Turn {
        sensor: instance.to_owned(),
        ended,
        patience: PATIENCE,
    })?;
    locked.map(Turn).map_err(|(_, error)| RunError::io("lock", path)(error.into()))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use super::take;
    use crate::deadline::{Deadline, Interrupt};

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(100), &Interrupt::default())
    }

    #[test]
    fn one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let told = Cell::new(0);
        let take = |deadline: &Deadline| take(&path, "auditd@host", deadline, || told.set(told.get() + 1));
        let first = take(&soon()).unwrap();
        assert_eq!(told.get(), 0, "nothing was waited for");
        let error = take(&soon()).err().unwrap().to_string();
        assert_eq!(told.get(), 1);
        assert!(error.starts_with("auditd@host waited for another run's turn"), "{error}");
        let interrupt = Interrupt::default();
        interrupt.set();
        let error = take(&Deadline::after(Duration::from_secs(600), &interrupt)).err().unwrap().to_string();
        assert!(error.contains("interrupted"), "{error}");
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || {
                super::take(
                    &path,
                    "auditd@host",
                    &Deadline::after(Duration::from_secs(60), &Interrupt::default()),
                    || (),
                )
            }
        });
        drop(first);
        assert!(waiting.join().unwrap().is_ok());
    }
}
