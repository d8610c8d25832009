//! The processes that the poller has told of so far, and what follows of a new one from them.

use std::collections::HashMap;

use lab_model::{ParentRef, ProcessRef, TICK_NS, Text};

use super::decode::About;

/// What a process executes, as `/proc` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) exe: Text,
    pub(super) argv: Vec<Text>,
}

#[derive(Debug)]
struct Process {
    start: u64,
    parent: Option<ParentRef>,
    comm: Option<Text>,
    image: Option<Image>,
    /// the image before that one
    before: Option<Image>,
}

impl Process {
    fn has(&self, image: &Image) -> bool {
        [&self.image, &self.before].into_iter().flatten().any(|own| own == image)
    }
}

#[derive(Debug, Default)]
pub(super) struct Known(HashMap<u32, Process>);

impl Known {
    /// The process that began at this tick.
    fn get(&self, pid: u32, start: u64) -> Option<&Process> {
        self.0.get(&pid).filter(|process| process.start == start)
    }

    /// The parent that a new process names, if it was told of and is not younger.
    pub(super) fn parent(&self, pid: u32, child_start: u64) -> Option<ProcessRef> {
        let parent = self.0.get(&pid).filter(|parent| parent.start <= child_start)?;
        Some(Self::image(pid, parent))
    }

    /// How a process is named in an event: one that was told of with what is known of it.
    pub(super) fn named(&self, pid: u32, start: u64) -> ProcessRef {
        let unknown = || ProcessRef { pid: Some(pid), start_ns: Some(ns(start)), ..ProcessRef::default() };
        self.get(pid, start).map_or_else(unknown, |process| Self::image(pid, process))
    }

    fn image(pid: u32, process: &Process) -> ProcessRef {
        ProcessRef {
            pid: Some(pid),
            start_ns: Some(ns(process.start)),
            parent: process.parent,
            comm: process.comm.clone(),
            ..ProcessRef::default()
        }
    }

    /// The parent with its start, where it was told of.
    pub(super) fn parent_ref(&self, pid: u32, child_start: u64) -> Option<ParentRef> {
        let start_ns = self.parent(pid, child_start).and_then(|parent| parent.start_ns);
        (pid > 0).then_some(ParentRef { pid, start_ns })
    }

    /// True if a new process can have its image from who made it: from the parent that it names, or, where nothing was told of
    /// that one, from any, inside or outside of the cgroup.
    pub(super) fn can_inherit(&self, about: &About, image: &Image) -> bool {
        match self.0.get(&about.parent).filter(|parent| parent.start <= about.start) {
            Some(parent) => parent.has(image),
            None => {
                about.outside.as_ref() == Some(image) || self.0.values().any(|process| process.has(image))
            }
        }
    }

    /// Keeps what a line says of a process.
    pub(super) fn keep(&mut self, start: u64, named: &ProcessRef, image: Option<Image>) {
        let Some(pid) = named.pid else { return };
        let old = self.0.remove(&pid).filter(|process| process.start == start);
        let (old, older) = old.map_or((None, None), |old| (old.image, old.before));
        let (image, before) = match image {
            Some(image) if old.as_ref() != Some(&image) => (Some(image), old),
            _ => (old, older),
        };
        let process = Process { start, parent: named.parent, comm: named.comm.clone(), image, before };
        self.0.insert(pid, process);
    }

    pub(super) fn forget(&mut self, pid: u32) {
        self.0.remove(&pid);
    }
}

/// The tick's beginning.
pub(super) fn ns(ticks: u64) -> u64 {
    ticks.saturating_mul(TICK_NS)
}
