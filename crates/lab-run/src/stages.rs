//! The stages of a pass, each with its clock, its time-out and its error as data.

use std::time::{Duration, Instant};

use lab_model::StageRecord;
use lab_profile::Stage;

use crate::{
    RunError, clock,
    deadline::{Deadline, Ended, Interrupt},
    observer::{Moment, Observer},
};

/// Runs stages one after the other and remembers how each went.
pub(crate) struct Stages<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) pass: u32,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) records: Vec<StageRecord>,
}

impl Stages<'_> {
    /// Runs one stage. `None` if it failed: the error is in the record.
    pub(crate) fn run<T>(
        &mut self,
        stage: Stage,
        timeout: Duration,
        work: impl FnOnce(&Deadline) -> Result<T, RunError>,
    ) -> Option<T> {
        self.run_after(stage, timeout, |_| Ok(()), |(), deadline| work(deadline))
    }

    /// Runs one stage behind a wait for somebody else, which is none of its time.
    pub(crate) fn run_after<W, T>(
        &mut self,
        stage: Stage,
        timeout: Duration,
        wait: impl FnOnce(&Self) -> Result<W, RunError>,
        work: impl FnOnce(W, &Deadline) -> Result<T, RunError>,
    ) -> Option<T> {
        let (scenario, pass, kind, stage) = (self.scenario, self.pass, stage, stage.word());
        self.observer.on(&Moment::StageBegan { scenario, pass, stage });
        let waited = wait(self);
        let (began, began_ns) = (Instant::now(), clock::boot_ns().unwrap_or(0));
        // What was recorded is collected and what was made is taken away also after an interrupt.
        let whole = matches!(kind, Stage::Collect | Stage::Cleanup);
        let interrupt = if whole { &Interrupt::default() } else { self.interrupt };
        let done = waited.and_then(|waited| work(waited, &Deadline::after(timeout, interrupt)));
        let took = began.elapsed();
        let (done, error) = match done {
            Ok(done) => (Some(done), None),
            Err(error) => (None, Some(error.to_string())),
        };
        self.observer.on(&Moment::StageEnded { scenario, pass, stage, took, error: error.as_deref() });
        self.records.push(StageRecord {
            stage: stage.to_owned(),
            began_ns,
            took_ns: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
            error,
        });
        done
    }
}

/// An instance that fails on its own has its error in its own record; only an interruption ends the stage.
pub(crate) fn instances_own<T>(result: Result<T, RunError>) -> Result<Option<T>, RunError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(RunError::Sensor { ended: Ended::Interrupted, sensor, said }) => {
            Err(RunError::Sensor { ended: Ended::Interrupted, sensor, said })
        }
        Err(_) => Ok(None),
    }
}
