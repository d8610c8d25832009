//! Drives `bpftrace` with a script of ours: its lines come through a pipe, and lose their secrets before they reach the disk.

use std::{fs, path::PathBuf, process::Command};

use lab_adapters::{Clock, bpftrace};
use lab_env::cgroup;
use lab_model::{InstanceRecord, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{
    Instance, Place,
    child::{self, SensorProcess},
    lines::Lines,
    refused::{Refused, program},
};
use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

/// What its records are stamped with is the boot clock.
const CLOCK: Clock = Clock { offset_ns: 0, error_ns: 0 };

pub(super) struct Bpftrace {
    process: SensorProcess,
    instance: String,
    version: String,
    raw: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    lines: Lines,
    markers: Vec<u64>,
    stopped: bool,
    error: Option<String>,
}

/// Starts it, or says why it cannot be here: it ends before it is ready if the kernel does not take the script.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    if program("bpftrace").is_none() {
        return Refused::instance(SensorKind::Bpftrace, place, "`bpftrace` is not installed".to_owned());
    }
    let version = version(&place.instance)?;
    let words = bpftrace::command(&bpftrace::script(cgroup::id(place.scope)?));
    let (name, arguments) = words.split_first().ok_or(RunError::NoDriver(SensorKind::Bpftrace))?;
    let mut command = Command::new(name);
    command.args(arguments).envs(bpftrace::ENVIRONMENT);
    let (mut process, streams) = child::start(command, &place.instance, place.sensors)?;
    let ready = Some(bpftrace::READY);
    let lines = Lines::copy(
        streams.stdout,
        &place.raw,
        ready,
        CLOCK,
        |line| bpftrace::redact_line(line),
        bpftrace::seen_at,
    )?;
    match lines.seen(deadline) {
        Ok(_) => {}
        Err(Ended::Closed) => {
            let status = process.ended(deadline)?;
            let said = process.last_words().into_iter().filter(|line| !bpftrace::is_usual(line));
            let said = said.collect::<Vec<_>>().join("; ");
            return Refused::instance(
                SensorKind::Bpftrace,
                place,
                format!("bpftrace ended ({status}): {said}"),
            );
        }
        Err(ended) => return Err(process.failed(ended)),
    }
    Ok(Box::new(Bpftrace {
        process,
        version,
        instance: place.instance,
        raw: place.raw,
        events: Some(place.events),
        lines,
        markers: Vec::new(),
        stopped: false,
        error: None,
    }))
}

fn version(instance: &str) -> Result<String, RunError> {
    let output = Command::new("bpftrace")
        .arg("--version")
        .output()
        .map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().replace("bpftrace v", "bpftrace "))
}

impl Bpftrace {
    fn failed(&mut self, ended: Ended) -> RunError {
        let error = self.process.failed(ended);
        self.error.get_or_insert_with(|| error.to_string());
        error
    }
}

impl Instance for Bpftrace {
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
        // It empties every buffer before it ends; the end of its pipe tells.
        self.process.signal(Signal::SIGINT);
        match self.lines.seen(deadline) {
            Ok(_) | Err(Ended::Closed) => {}
            Err(ended) => return Err(self.failed(ended)),
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
            self.error.get_or_insert(format!("bpftrace ended before it was told to ({status})"));
        }
        let redacted = self.lines.ended(&self.instance)?;
        let log = fs::read(&self.raw).map_err(RunError::io("read", &self.raw))?;
        let mut decoded = bpftrace::decode(&log, &self.instance, CLOCK);
        decoded.counters.redacted += redacted;
        if let Some(mut events) = self.events.take() {
            decoded.events.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Bpftrace,
            version: self.version.clone(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters: self.stopped.then_some(decoded.counters),
            cost: self.process.cost(),
            error: self.error.clone(),
            events: Vec::new(),
        })
    }
}
