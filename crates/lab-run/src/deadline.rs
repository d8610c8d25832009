//! Waiting, with an end: the stage's time-out, or the person's Ctrl-C.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// How often a wait looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// Set by a signal handler; looked at by every wait.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks the run to clean up and end.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once asked.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why a wait ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The stage took too long.
    #[error("the stage's time-out passed")]
    TimeOut,
    /// The person asked for it.
    #[error("it was interrupted")]
    Interrupted,
    /// Nobody is there any more.
    #[error("the other side has ended")]
    Closed,
}

/// The end of a stage.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    interrupt: Interrupt,
}

impl Deadline {
    pub(crate) fn after(timeout: Duration, interrupt: &Interrupt) -> Self {
        Self { at: Instant::now() + timeout, interrupt: interrupt.clone() }
    }

    /// An earlier end, after half of what is left: so that one that hangs leaves time for the others.
    pub(crate) fn half(&self) -> Self {
        let now = Instant::now();
        Self { at: now + self.at.saturating_duration_since(now) / 2, interrupt: self.interrupt.clone() }
    }

    /// Time for the next slice of a wait.
    pub(crate) fn slice(&self) -> Result<Duration, Ended> {
        if self.interrupt.is_set() {
            return Err(Ended::Interrupted);
        }
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Ended::TimeOut) } else { Ok(left.min(LOOK)) }
    }

    /// Receives, or ends.
    pub(crate) fn receive<T>(&self, from: &Receiver<T>) -> Result<T, Ended> {
        loop {
            match from.recv_timeout(self.slice()?) {
                Ok(item) => return Ok(item),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Ended::Closed),
            }
        }
    }
}
