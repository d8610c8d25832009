//! Drives `strace`, attached to the resident actor: its lines come through a pipe, and lose their secrets before they
//! reach the disk.

use std::{ffi::OsStr, path::PathBuf, process::Command};

use lab_adapters::{Clock, strace};
use lab_model::{InstanceRecord, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{
    Instance, Place,
    child::{self, OUTPUT, SensorProcess},
    lines::Lines,
};
use crate::{
    RunError, clock,
    deadline::{Deadline, Ended},
};

pub(super) struct Strace {
    process: SensorProcess,
    instance: String,
    version: String,
    raw: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    lines: Lines,
    markers: Vec<u64>,
    clock: Clock,
    actor: u32,
    stopped: bool,
    error: Option<String>,
}

impl Strace {
    pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Self, RunError> {
        let actor = place.actor.ok_or(RunError::NoSubject)?;
        let version = version(&place.instance)?;
        let mut words = strace::command(actor, OsStr::new(OUTPUT)).into_iter();
        let mut command = Command::new(words.next().unwrap_or_else(|| "strace".into()));
        command.args(words);
        let offset = clock::wall_offset()?;
        let (process, streams) = child::start(command, &place.instance, place.sensors)?;
        let lines =
            Lines::copy(streams.stdout, &place.raw, None, offset, strace::redact_line, strace::seen_at)?;
        process.error_line(deadline, |line| line.contains("attached"))?;
        Ok(Self {
            process,
            instance: place.instance,
            version,
            raw: place.raw,
            events: Some(place.events),
            lines,
            markers: Vec::new(),
            clock: offset,
            actor,
            stopped: false,
            error: None,
        })
    }

    fn failed(&mut self, ended: Ended) -> RunError {
        let error = self.process.failed(ended);
        self.error.get_or_insert_with(|| error.to_string());
        error
    }
}

fn version(instance: &str) -> Result<String, RunError> {
    let output = Command::new("strace")
        .arg("-V")
        .output()
        .map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().replace(" -- version ", " "))
}

impl Instance for Strace {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        self.lines.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match self.lines.seen(deadline) {
            Ok(ns) => {
                self.process.look();
                self.markers.push(ns);
                Ok(())
            }
            Err(ended) => Err(self.failed(ended)),
        }
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It ends by itself when the last process that it traces has; the end of its pipe tells.
        loop {
            match self.lines.seen(deadline) {
                Ok(_) => {}
                Err(Ended::Closed) => break,
                Err(ended) => return Err(self.failed(ended)),
            }
        }
        self.stopped = self.error.is_none();
        Ok(())
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        if !self.stopped {
            self.process.signal(Signal::SIGKILL);
        }
        let status = self.process.ended(deadline)?;
        if !self.stopped {
            self.error.get_or_insert(format!("strace ended before it was told to ({status})"));
        }
        let redacted = self.lines.ended(&self.instance)?;
        let log = std::fs::read(&self.raw).map_err(RunError::io("read", &self.raw))?;
        let mut decoded = strace::decode(&log, self.actor, &self.instance, self.clock);
        decoded.counters.redacted += redacted;
        if let Some(mut events) = self.events.take() {
            decoded.events.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        let counters = self.stopped.then_some(decoded.counters);
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Strace,
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
