//! Drives `tcpdump` on the loopback: its packets come through a pipe, and lose what is said in them before they reach the
//! disk.

use std::{fs, path::PathBuf, process::Command};

use lab_adapters::{
    Clock,
    tcpdump::{self, Copied, Statistics},
};
use lab_model::{Balance, InstanceRecord, LossCause, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{
    Instance, Place,
    child::{self, SensorProcess},
    lines::Reader,
    refused::{Refused, program},
};
use crate::{
    RunError, clock,
    deadline::{Deadline, Ended},
};

pub(super) struct Tcpdump {
    process: SensorProcess,
    instance: String,
    version: String,
    raw: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    packets: Reader<Copied>,
    markers: Vec<u64>,
    clock: Clock,
    stopped: bool,
    error: Option<String>,
}

/// Starts it, or says why it cannot be here.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    if program("tcpdump").is_none() {
        return Refused::instance(SensorKind::Tcpdump, place, "`tcpdump` is not installed".to_owned());
    }
    let version = version(&place.instance)?;
    let words = tcpdump::command(place.addresses);
    let (name, arguments) = words.split_first().ok_or(RunError::NoDriver(SensorKind::Tcpdump))?;
    let mut command = Command::new(name);
    command.args(arguments);
    let clock = clock::wall_offset()?;
    let (process, streams) = child::start(command, &place.instance, place.sensors)?;
    let packets = Reader::start(&place.raw, None, move |raw, watch| {
        let Some(capture) = streams.stdout else { return Ok(Copied::default()) };
        tcpdump::copy(capture, raw, clock, |asked, ns| {
            watch.look(|marker| asked.starts_with(format!("{marker}.").as_bytes()).then_some(ns));
        })
    })?;
    process.error_line(deadline, tcpdump::is_ready)?;
    Ok(Box::new(Tcpdump {
        process,
        version,
        instance: place.instance,
        raw: place.raw,
        events: Some(place.events),
        packets,
        markers: Vec::new(),
        clock,
        stopped: false,
        error: None,
    }))
}

fn version(instance: &str) -> Result<String, RunError> {
    let output = Command::new("tcpdump")
        .arg("--version")
        .output()
        .map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().replace("tcpdump version ", "tcpdump "))
}

impl Tcpdump {
    /// What it says that it got, against what reached us.
    fn lost(&self, statistics: Statistics, copied: Copied) -> Option<Balance> {
        let unwritten = statistics.captured.saturating_sub(copied.packets);
        let lost = [(LossCause::QueueFull, statistics.dropped), (LossCause::WriteFailed, unwritten)];
        let lost: std::collections::BTreeMap<_, _> = lost.into_iter().filter(|(_, n)| *n > 0).collect();
        let produced = lost.values().sum();
        (produced > 0).then(|| Balance { produced, lost, ..Balance::default() })
    }
}

impl Instance for Tcpdump {
    fn sees_packets_alone(&self) -> bool {
        true
    }

    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        self.packets.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match self.packets.seen(deadline) {
            Ok(ns) => {
                self.process.look();
                self.markers.push(ns);
                Ok(())
            }
            Err(ended) => {
                let error = self.process.failed(ended);
                self.error.get_or_insert_with(|| error.to_string());
                Err(error)
            }
        }
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It then says what it has counted, and ends; the end of its pipe tells.
        self.process.signal(Signal::SIGINT);
        match self.packets.seen(deadline) {
            Ok(_) | Err(Ended::Closed) => {}
            Err(ended) => return Err(self.process.failed(ended)),
        }
        self.stopped = self.error.is_none();
        Ok(())
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        if !self.stopped {
            self.process.signal(Signal::SIGKILL);
        }
        let status = self.process.ended(deadline)?;
        let said = self.process.last_words();
        let statistics = Statistics::parse(said.iter().map(String::as_str));
        if !self.stopped || statistics.is_none() {
            let said = said.join("; ");
            self.error.get_or_insert(format!("tcpdump ended without its counters ({status}): {said}"));
        }
        let copied = self.packets.ended(&self.instance)?;
        let capture = fs::read(&self.raw).map_err(RunError::io("read", &self.raw))?;
        let decoded = tcpdump::decode(&capture, &self.instance, self.clock);
        if let Some(mut events) = self.events.take() {
            decoded.events.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        let counters = statistics.filter(|_| self.stopped).map(|statistics| {
            let mut counters = decoded.counters;
            counters.redacted += copied.reduced;
            if let Some(lost) = self.lost(statistics, copied) {
                counters.programs.insert("kernel".to_owned(), lost);
            }
            counters
        });
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Tcpdump,
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
