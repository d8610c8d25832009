//! Drives `tcpdump` on the loopback: its packets come through a pipe, and lose what is said in them before they reach the
//! disk.

use std::process::Command;

use lab_adapters::{
    Clock,
    tcpdump::{self, Copied, Statistics},
};
use lab_model::{Balance, InstanceRecord, LossCause, SensorKind};
use nix::sys::signal::Signal;

use super::{
    Instance, Place, child,
    lines::Reader,
    piped::{Piped, version},
    refused::{Refused, program},
};
use crate::{
    RunError, clock,
    deadline::{Deadline, Ended},
};

pub(super) struct Tcpdump {
    piped: Piped<Copied>,
    clock: Clock,
}

/// Starts it, or says why it cannot be here.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    let Some(path) = program("tcpdump") else {
        return Refused::instance(SensorKind::Tcpdump, place, "`tcpdump` is not installed".to_owned());
    };
    let version = version(&place.instance, &path, "--version")?.replace("tcpdump version ", "tcpdump ");
    let words = tcpdump::command(place.addresses);
    let (_, arguments) = words.split_first().ok_or(RunError::NoDriver(SensorKind::Tcpdump))?;
    let mut command = Command::new(path);
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
    Ok(Box::new(Tcpdump { piped: Piped::new(place, version, process, packets), clock }))
}

/// What it says that it got, against what reached us.
fn lost(statistics: Statistics, copied: Copied) -> Option<Balance> {
    let unwritten = statistics.captured.saturating_sub(copied.packets);
    let lost = [(LossCause::QueueFull, statistics.dropped), (LossCause::WriteFailed, unwritten)];
    let lost: std::collections::BTreeMap<_, _> = lost.into_iter().filter(|(_, n)| *n > 0).collect();
    let produced = lost.values().sum();
    (produced > 0).then(|| Balance { produced, lost, ..Balance::default() })
}

impl Instance for Tcpdump {
    fn sees_packets_alone(&self) -> bool {
        true
    }

    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        self.piped.output.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        self.piped.marker(deadline)
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It then says what it has counted, and ends; the end of its pipe tells.
        self.piped.process.signal(Signal::SIGINT);
        match self.piped.output.seen(deadline) {
            Ok(_) | Err(Ended::Closed) => {}
            // What is kept is that it ended without its counters.
            Err(ended) => return Err(self.piped.process.failed(ended)),
        }
        self.piped.told();
        Ok(())
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        let piped = &mut self.piped;
        let status = piped.ended(deadline)?;
        let said = piped.process.last_words();
        let statistics = Statistics::parse(said.iter().map(String::as_str));
        if !piped.stopped || statistics.is_none() {
            let said = said.join("; ");
            piped.error.get_or_insert(format!("tcpdump ended without its counters ({status}): {said}"));
        }
        let copied = piped.output.ended(&piped.instance)?;
        let decoded = tcpdump::decode(&piped.log()?, &piped.instance, self.clock);
        let counters = statistics.filter(|_| piped.stopped).map(|statistics| {
            let mut counters = decoded.counters;
            counters.redacted += copied.reduced;
            if let Some(lost) = lost(statistics, copied) {
                counters.programs.insert("kernel".to_owned(), lost);
            }
            counters
        });
        piped.record(SensorKind::Tcpdump, &decoded.events, counters)
    }
}
