//! Which image a process ran at a moment, as far as one instance saw it.

use lab_model::{Exec, Outcome, Payload};

use crate::{resolve::NodeId, view::View};

/// Forks between a process and the image that it still runs; more is a story that nobody believes.
const HOPS: usize = 64;

/// The images of every process of a view.
pub(crate) struct Images<'v, 'a> {
    view: &'v View<'a>,
    /// successful execs of each process, in order
    execs: Vec<Vec<usize>>,
}

impl<'v, 'a> Images<'v, 'a> {
    pub(crate) fn new(view: &'v View<'a>) -> Self {
        let is_image = |event: &usize| exec(view, *event).is_some();
        let of = |node: &crate::resolve::Node| node.events.iter().copied().filter(is_image).collect();
        Self { view, execs: view.processes.nodes.iter().map(of).collect() }
    }

    /// The exec that made the image which `node` ran at event `at` (that event included). A process that executed
    /// nothing runs its parent's image, which is known only if its fork was seen.
    pub(crate) fn at(&self, mut node: NodeId, mut at: usize) -> Option<&'a Exec> {
        for _ in 0..HOPS {
            let execs = &self.execs[node];
            if let Some(&event) = execs[..execs.partition_point(|&event| event <= at)].last() {
                return exec(self.view, event);
            }
            let process = &self.view.processes.nodes[node];
            (node, at) = (process.parent?, process.fork?);
        }
        None
    }
}

fn exec<'a>(view: &View<'a>, event: usize) -> Option<&'a Exec> {
    match &view.stream.events[event].payload {
        Payload::Exec(exec) if matches!(exec.result, Outcome::Ok(_)) => Some(exec),
        _ => None,
    }
}
