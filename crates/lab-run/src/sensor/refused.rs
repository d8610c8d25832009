//! The place of a sensor that this machine refuses: it says why, and that is its record.

use std::{path::PathBuf, process::Command};

use lab_model::{Counters, InstanceRecord, Refusal, SensorKind};
use lab_store::EventsWriter;

use super::{Instance, Place};
use crate::{RunError, clock, deadline::Deadline};

pub(super) struct Refused {
    kind: SensorKind,
    instance: String,
    reason: String,
    events: Option<EventsWriter>,
    markers: Vec<u64>,
}

impl Refused {
    pub(super) fn instance(
        kind: SensorKind,
        place: Place<'_>,
        reason: String,
    ) -> Result<Box<dyn Instance>, RunError> {
        let (instance, events) = (place.instance, Some(place.events));
        Ok(Box::new(Self { kind, instance, reason, events, markers: Vec::new() }))
    }
}

impl Instance for Refused {
    fn watch(&mut self, _marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        Ok(())
    }

    fn marker(&mut self, _deadline: &Deadline) -> Result<(), RunError> {
        self.markers.push(clock::boot_ns()?);
        Ok(())
    }

    fn stop(&mut self, _deadline: &Deadline) -> Result<(), RunError> {
        Ok(())
    }

    fn collect(&mut self, _deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        if let Some(events) = self.events.take() {
            events.finish()?;
        }
        let knows = self.kind.entry().knows.iter();
        let refused = knows.map(|known| Refusal { action: known.action, reason: self.reason.clone() });
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: self.kind,
            version: String::new(),
            object: None,
            refused: refused.collect(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters: Some(Counters::default()),
            cost: None,
            error: None,
            events: Vec::new(),
        })
    }
}

/// Where a program lies, by `PATH` and by the folders that hold those of root.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|place| place.is_file())
}

/// Starts a program from where it lies; root's may not be in `PATH`.
pub(crate) fn command(name: &str) -> Command {
    Command::new(program(name).unwrap_or_else(|| name.into()))
}
