//! Drives `lab-probe`: reports on its standard output, orders on its standard input, a spool in between.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Command},
    sync::mpsc::Receiver,
};

use lab_model::{Counters, InstanceRecord, Refusal, Report, SensorKind};
use lab_store::EventsWriter;

use super::{
    Instance, Place,
    child::{self, OUTPUT, SensorProcess},
};
use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

pub(super) struct Probe {
    process: SensorProcess,
    orders: Option<ChildStdin>,
    said: Receiver<String>,
    binary: PathBuf,
    sensors: PathBuf,
    spool: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    instance: String,
    version: String,
    object: Option<String>,
    refused: Vec<Refusal>,
    markers: Vec<u64>,
    counters: Option<Counters>,
    error: Option<String>,
}

impl Probe {
    pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Self, RunError> {
        let mut command = Command::new(place.probe);
        command.args(["record", "--scope"]).arg(place.scope).arg("--spool").arg(&place.raw);
        command.args(place.probe_options);
        let (process, streams) = child::start(command, &place.instance, place.sensors)?;
        let mut probe = Self {
            process,
            orders: streams.stdin,
            said: child::lines(streams.stdout),
            binary: place.probe.to_owned(),
            sensors: place.sensors.to_owned(),
            spool: place.raw,
            events: Some(place.events),
            instance: place.instance,
            version: String::new(),
            object: None,
            refused: Vec::new(),
            markers: Vec::new(),
            counters: None,
            error: None,
        };
        match probe.report(deadline)? {
            Report::Ready { version, object, refused } => {
                probe.version = version;
                probe.object = object;
                probe.refused = refused;
                Ok(probe)
            }
            other => Err(probe.unexpected(&other)),
        }
    }

    fn report(&mut self, deadline: &Deadline) -> Result<Report, RunError> {
        let line = match deadline.receive(&self.said) {
            Ok(line) => line,
            Err(ended) => {
                let error = self.process.failed(ended);
                self.error.get_or_insert_with(|| error.to_string());
                return Err(error);
            }
        };
        match serde_json::from_str(&line) {
            Ok(Report::Failed { message }) => {
                self.error.get_or_insert_with(|| message.clone());
                Err(RunError::Said { sensor: self.instance.clone(), message })
            }
            Ok(report) => Ok(report),
            Err(error) => Err(RunError::Said {
                sensor: self.instance.clone(),
                message: format!("said what is no report ({error}): {line}"),
            }),
        }
    }

    /// Turns the spool into events: by the probe's own program, which alone knows how its records are laid out.
    fn decode(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        let Some(events) = self.events.take() else { return Ok(()) };
        let name = format!("{} (decoding)", self.instance);
        let mut command = Command::new(&self.binary);
        command.arg("decode").arg("--spool").arg(&self.spool);
        command.args(["--instance", &self.instance, "--events", OUTPUT]);
        let (mut decoder, streams) = child::start(command, &name, &self.sensors)?;
        let copying = std::thread::spawn(move || copy(streams.stdout, events));
        // If it must be killed, what it has said is left unfinished.
        let status = decoder.ended(deadline)?;
        let died =
            |_| Err(RunError::Said { sensor: name, message: "the reader of its events died".to_owned() });
        match copying.join().unwrap_or_else(died) {
            // Then it could not go on because nobody read any more.
            Err(error @ RunError::Store(_)) => Err(error),
            _ if !status.success() => Err(decoder.failed(Ended::Closed).with_status(status)),
            copied => Ok(copied?.finish().map(|_| ())?),
        }
    }

    fn unexpected(&self, report: &Report) -> RunError {
        RunError::Said { sensor: self.instance.clone(), message: format!("said {report:?} out of turn") }
    }

    fn order(&mut self, line: &str) -> Result<(), RunError> {
        let sent = self.orders.as_mut().is_some_and(|orders| orders.write_all(line.as_bytes()).is_ok());
        if sent { Ok(()) } else { Err(self.process.failed(Ended::Closed)) }
    }
}

/// Copies events, one a line, into the bundle.
fn copy(said: Option<ChildStdout>, mut events: EventsWriter) -> Result<EventsWriter, RunError> {
    let wrong = |problem: String| RunError::Said {
        sensor: "the probe's decoder".to_owned(),
        message: format!("said what is no event: {problem}"),
    };
    for line in said.into_iter().flat_map(|said| BufReader::new(said).split(b'\n')) {
        let line = line.map_err(|source| RunError::Call { doing: "read the probe's events", source })?;
        let event = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        events.push(&event)?;
    }
    Ok(events)
}

impl Instance for Probe {
    fn watch(&mut self, marker: &str, deadline: &Deadline) -> Result<(), RunError> {
        self.order(&format!("marker {marker}\n"))?;
        match self.report(deadline)? {
            Report::Watching { .. } => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match self.report(deadline)? {
            Report::Marker { ns, .. } => {
                self.process.look();
                self.markers.push(ns);
                Ok(())
            }
            other => Err(self.unexpected(&other)),
        }
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        self.order("stop\n")?;
        loop {
            match self.report(deadline)? {
                Report::Counters { counters } => self.counters = Some(counters),
                Report::Done => return Ok(()),
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        // A probe that was not stopped in turn is of no more use alive.
        if self.counters.is_none() {
            self.process.signal(nix::sys::signal::Signal::SIGKILL);
        }
        self.orders = None;
        let status = self.process.ended(deadline)?;
        if self.counters.is_none() {
            self.error.get_or_insert(format!("the probe ended before it was told to ({status})"));
        }
        self.decode(deadline)?;
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Probe,
            version: self.version.clone(),
            object: self.object.clone(),
            refused: self.refused.clone(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters: self.counters.clone(),
            cost: self.process.cost(),
            error: self.error.clone(),
            events: Vec::new(),
        })
    }
}
