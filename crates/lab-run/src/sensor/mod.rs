//! Sensors as a run drives them: attach, watch for a marker, stop, collect.

mod auditd;
mod bpftrace;
mod child;
mod lines;
mod multicast;
mod piped;
mod probe;
mod proc;
mod refused;
mod strace;
mod tcpdump;
mod turn;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use lab_env::Inventory;
use lab_model::{InstanceRecord, SensorKind};
use lab_store::EventsWriter;

pub(crate) use proc::{POLLER, poller};
pub(crate) use refused::program;
pub(crate) use turn::{Turn, turn};

use crate::{RunError, deadline::Deadline};

/// What an instance needs to attach.
pub(crate) struct Place<'a> {
    /// `probe@host`
    pub(crate) instance: String,
    /// folder of the subject's cgroup
    pub(crate) scope: &'a Path,
    /// folder of the cgroup in which the sensor itself runs
    pub(crate) sensors: &'a Path,
    /// pid of the resident actor, once it is there
    pub(crate) actor: Option<u32>,
    /// the addresses that the lab's own programs and the scenario's acts speak to
    pub(crate) addresses: &'a [SocketAddr],
    /// where what the sensor changes of the machine is noted before it is changed
    pub(crate) inventory: &'a mut Inventory,
    /// where the native record goes; the file is there, empty, with its right owner
    pub(crate) raw: PathBuf,
    /// where the events go
    pub(crate) events: EventsWriter,
    /// the probe's binary
    pub(crate) probe: &'a Path,
    /// what the profile tells the probe
    pub(crate) probe_options: &'a [String],
}

/// A running instance. Dropping it kills its process.
pub(crate) trait Instance {
    /// True if it sees packets alone: then the marker act must send one, too.
    fn sees_packets_alone(&self) -> bool {
        false
    }

    /// From its return on, a file name that holds `marker` is reported, or a question to the lab's resolver that does. Of a
    /// sensor that sees neither, `marker` shows that it has looked since the act. Called before the marker act.
    fn watch(&mut self, marker: &str, deadline: &Deadline) -> Result<(), RunError>;

    /// Waits until the marker was seen, and keeps when that was.
    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError>;

    /// Stops recording and waits until everything recorded is in the native record. The actor has ended by then.
    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError>;

    /// Turns the native record into events, whole or not, and says what is known of the instance.
    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError>;
}

/// True for sensors that attach to a process, not to a place.
pub(crate) fn needs_process(kind: SensorKind) -> bool {
    matches!(kind, SensorKind::Strace)
}

/// What a native record's file name ends with.
pub(crate) fn raw_extension(kind: SensorKind) -> &'static str {
    match kind {
        SensorKind::Probe => "spool",
        SensorKind::Tcpdump => "pcap",
        _ => "log",
    }
}

/// Attaches an instance and waits until it is ready.
pub(crate) fn attach(
    kind: SensorKind,
    place: Place<'_>,
    deadline: &Deadline,
) -> Result<Box<dyn Instance>, RunError> {
    match kind {
        SensorKind::Probe => Ok(Box::new(probe::Probe::attach(place, deadline)?)),
        SensorKind::Strace => Ok(Box::new(strace::Strace::attach(place, deadline)?)),
        SensorKind::Auditd => auditd::attach(place, deadline),
        SensorKind::Bpftrace => bpftrace::attach(place, deadline),
        SensorKind::Tcpdump => tcpdump::attach(place, deadline),
        SensorKind::Proc => proc::attach(place, deadline),
        other => Err(RunError::NoDriver(other)),
    }
}
