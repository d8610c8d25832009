//! Drives `lab-poll`: its lines come through a pipe, and lose their secrets before they reach the disk.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{ChildStdin, Command},
};

use lab_adapters::{Clock, proc};
use lab_model::{InstanceRecord, SensorKind};

use super::{
    Instance, Place, child,
    lines::Lines,
    piped::{Piped, version},
    refused::Refused,
};
use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

/// The program.
pub(crate) const POLLER: &str = "lab-poll";

/// What its moments are of is the boot clock.
const CLOCK: Clock = Clock { offset_ns: 0, error_ns: 0 };

pub(super) struct Proc {
    piped: Piped<u64>,
    orders: Option<ChildStdin>,
    /// what it is to be asked for once the marker act is done
    marker: String,
}

/// Where it lies, if it does: beside the probe, with which it is built.
pub(crate) fn poller(probe: &Path) -> Option<PathBuf> {
    Some(probe.with_file_name(POLLER)).filter(|program| program.is_file())
}

/// Starts it, or says why it cannot be here.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    let Some(program) = poller(place.probe) else {
        let reason = format!("there is no `{POLLER}` beside the probe");
        return Refused::instance(SensorKind::Proc, place, reason);
    };
    let version = version(&place.instance, &program, "--version")?;
    let (mut process, streams) = start(&program, &place)?;
    let ready = Some(proc::READY);
    let lines = Lines::copy(streams.stdout, &place.raw, ready, CLOCK, proc::redact_line, proc::seen_at)?;
    lines.seen(deadline).map_err(|ended| process.failed(ended))?;
    let piped = Piped::new(place, version, process, lines);
    Ok(Box::new(Proc { piped, orders: streams.stdin, marker: String::new() }))
}

fn start(program: &Path, place: &Place<'_>) -> Result<(child::SensorProcess, child::Streams), RunError> {
    let mut command = Command::new(program);
    command.args(proc::arguments(place.scope));
    child::start(command, &place.instance, place.sensors)
}

impl Proc {
    fn order(&mut self, line: &str) -> Result<(), RunError> {
        let sent = self.orders.as_mut().is_some_and(|orders| orders.write_all(line.as_bytes()).is_ok());
        if sent { Ok(()) } else { Err(self.piped.failed(Ended::Closed)) }
    }
}

impl Instance for Proc {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        marker.clone_into(&mut self.marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It sees no file and no question. That it has looked at every process since the act is what there is to show.
        let marker = std::mem::take(&mut self.marker);
        self.piped.output.watch(&marker);
        self.order(&proc::mark(&marker))?;
        self.piped.marker(deadline)
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        self.order(proc::STOP)?;
        self.piped.stopped(deadline)
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        let decode = |log: &[u8], instance: &str| {
            let decoded = proc::decode(log, instance, CLOCK);
            (decoded.events, decoded.counters)
        };
        self.piped.collect(SensorKind::Proc, deadline, decode)
    }
}
