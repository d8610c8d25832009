//! Drives `bpftrace` with a script of ours: its lines come through a pipe, and lose their secrets before they reach the disk.

use std::process::Command;

use lab_adapters::{Clock, bpftrace};
use lab_env::cgroup;
use lab_model::{InstanceRecord, SensorKind};
use nix::sys::signal::Signal;

use super::{
    Instance, Place, child,
    lines::Lines,
    piped::{Piped, version},
    refused::{Refused, program},
};
use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

/// What its records are stamped with is the boot clock.
const CLOCK: Clock = Clock { offset_ns: 0, error_ns: 0 };

pub(super) struct Bpftrace(Piped<u64>);

/// Starts it, or says why it cannot be here: it ends before it is ready if the kernel does not take the script.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    if program("bpftrace").is_none() {
        return Refused::instance(SensorKind::Bpftrace, place, "`bpftrace` is not installed".to_owned());
    }
    let version = version(&place.instance, "bpftrace", "--version")?.replace("bpftrace v", "bpftrace ");
    let words = bpftrace::command(&bpftrace::script(&cgroup::ids(place.scope)?));
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
    Ok(Box::new(Bpftrace(Piped::new(place, version, process, lines))))
}

impl Instance for Bpftrace {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        self.0.output.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        self.0.marker(deadline)
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It empties every buffer before it ends.
        self.0.process.signal(Signal::SIGINT);
        self.0.stopped(deadline)
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        let decode = |log: &[u8], instance: &str| {
            let decoded = bpftrace::decode(log, instance, CLOCK);
            (decoded.events, decoded.counters)
        };
        self.0.collect(SensorKind::Bpftrace, deadline, decode)
    }
}
