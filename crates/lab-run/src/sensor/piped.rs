//! A sensor's program whose record comes through its standard output: what all such instances do alike.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Command, ExitStatus},
};

use lab_model::{Counters, Event, InstanceRecord, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{Place, child::SensorProcess, lines::Reader};
use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

pub(super) struct Piped<T> {
    pub(super) process: SensorProcess,
    pub(super) output: Reader<T>,
    pub(super) instance: String,
    version: String,
    raw: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    markers: Vec<u64>,
    /// it was told to end, and nothing had failed by then
    pub(super) stopped: bool,
    pub(super) error: Option<String>,
}

impl<T: Send + 'static> Piped<T> {
    pub(super) fn new(place: Place<'_>, version: String, process: SensorProcess, output: Reader<T>) -> Self {
        Self {
            process,
            output,
            instance: place.instance,
            version,
            raw: place.raw,
            events: Some(place.events),
            markers: Vec::new(),
            stopped: false,
            error: None,
        }
    }

    /// Waits until the marker was seen, and keeps when that was.
    pub(super) fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match self.output.seen(deadline) {
            Ok(ns) => {
                self.process.look();
                self.markers.push(ns);
                Ok(())
            }
            Err(ended) => Err(self.failed(ended)),
        }
    }

    /// The error for a wait that ended, which is kept if it is the first.
    pub(super) fn failed(&mut self, ended: Ended) -> RunError {
        let error = self.process.failed(ended);
        self.error.get_or_insert_with(|| error.to_string());
        error
    }

    /// It was told to end: waits until it has said everything. The end of its pipe tells.
    pub(super) fn stopped(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        loop {
            match self.output.seen(deadline) {
                Ok(_) => {}
                Err(Ended::Closed) => break,
                Err(ended) => return Err(self.failed(ended)),
            }
        }
        self.told();
        Ok(())
    }

    /// It was told to end, and has.
    pub(super) fn told(&mut self) {
        // Not `stopped = error.is_none()`: that becomes a `seto` to memory, and QEMU 7.2 writes the wrong value where
        // such a store faults (docs/vm.md). This runs in its machines.
        if self.error.is_none() {
            self.stopped = true;
        }
    }

    /// Waits for its end; one that was not told to end is killed.
    pub(super) fn ended(&mut self, deadline: &Deadline) -> Result<ExitStatus, RunError> {
        if !self.stopped {
            self.process.signal(Signal::SIGKILL);
        }
        self.process.ended(deadline)
    }

    /// The native record.
    pub(super) fn log(&self) -> Result<Vec<u8>, RunError> {
        fs::read(&self.raw).map_err(RunError::io("read", &self.raw))
    }

    /// Writes the events, and says what is known of the instance.
    pub(super) fn record(
        &mut self,
        sensor: SensorKind,
        seen: &[Event],
        counters: Option<Counters>,
    ) -> Result<InstanceRecord, RunError> {
        if let Some(mut events) = self.events.take() {
            seen.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor,
            version: self.version.clone(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters,
            cost: self.process.cost(),
            error: self.error.clone(),
            events: Vec::new(),
        })
    }
}

impl Piped<u64> {
    /// Turns a record of lines into events, whole or not, and says what is known of the instance.
    pub(super) fn collect(
        &mut self,
        sensor: SensorKind,
        deadline: &Deadline,
        decode: impl FnOnce(&[u8], &str) -> (Vec<Event>, Counters),
    ) -> Result<InstanceRecord, RunError> {
        let status = self.ended(deadline)?;
        if !self.stopped {
            self.error.get_or_insert(format!("{sensor} ended before it was told to ({status})"));
        }
        let redacted = self.output.ended(&self.instance)?;
        let (events, mut counters) = decode(&self.log()?, &self.instance);
        counters.redacted += redacted;
        self.record(sensor, &events, self.stopped.then_some(counters))
    }
}

/// The first line of what a program says when it is asked for its version.
pub(super) fn version(
    instance: &str,
    program: impl AsRef<OsStr>,
    argument: &str,
) -> Result<String, RunError> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
