//! Drives `strace`, attached to the resident actor: its lines come through a pipe, and lose their secrets before they
//! reach the disk.

use std::{ffi::OsStr, process::Command};

use lab_adapters::{Clock, strace};
use lab_model::{InstanceRecord, SensorKind};

use super::{
    Instance, Place,
    child::{self, OUTPUT},
    lines::Lines,
    piped::{Piped, version},
};
use crate::{RunError, clock, deadline::Deadline};

pub(super) struct Strace {
    piped: Piped<u64>,
    clock: Clock,
    actor: u32,
}

impl Strace {
    pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Self, RunError> {
        let actor = place.actor.ok_or(RunError::NoSubject)?;
        let version = version(&place.instance, "strace", "-V")?.replace(" -- version ", " ");
        let mut words = strace::command(actor, OsStr::new(OUTPUT)).into_iter();
        let mut command = Command::new(words.next().unwrap_or_else(|| "strace".into()));
        command.args(words);
        let clock = clock::wall_offset()?;
        let (process, streams) = child::start(command, &place.instance, place.sensors)?;
        let lines =
            Lines::copy(streams.stdout, &place.raw, None, clock, strace::redact_line, strace::seen_at)?;
        process.error_line(deadline, |line| line.contains("attached"))?;
        Ok(Self { piped: Piped::new(place, version, process, lines), clock, actor })
    }
}

impl Instance for Strace {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        self.piped.output.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        self.piped.marker(deadline)
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It ends by itself when the last process that it traces has.
        self.piped.stopped(deadline)
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        let (actor, clock) = (self.actor, self.clock);
        let decode = |log: &[u8], instance: &str| {
            let decoded = strace::decode(log, actor, instance, clock);
            (decoded.events, decoded.counters)
        };
        self.piped.collect(SensorKind::Strace, deadline, decode)
    }
}
