//! Resolve: which process each event belongs to, from what its sensor knows of it.
//!
//! A sensor that gives a process's start identifies it exactly. One that gives only the pid is followed through time:
//! a fork that names the pid begins a process, an exit ends it, and what comes after is another process that has the
//! same pid. Where the records contradict that story, the result is ambiguous and the run doubtful. Events of a sensor that
//! gives no process at all come with a pid by `attribute`, or belong to nobody.

use std::collections::HashMap;

use lab_model::{ParentRef, Payload, ProcessKey, Stamp, TICK_NS};
use rapidhash::RapidHashMap;

use crate::stream::Stream;

/// Half-open knowledge: a process's start in ticks is up to one tick old, and a wall clock moved to the boot clock errs.
const SLACK_NS: u64 = 20_000_000;

/// How an event was brought to its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// the sensor gave pid and start
    Exact,
    /// pid and time leave one process
    Inferred,
    /// pid and time leave more than one process, or none
    Ambiguous,
}

/// Index of a process in [`Processes::nodes`].
pub(crate) type NodeId = usize;

/// One process, as one instance knows it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) pid: u32,
    start_ns: Option<u64>,
    /// first evidence of it: its fork, or its first event
    pub(crate) first_ns: u64,
    /// last evidence, as late as its sensor's clock may have been
    last_ns: u64,
    exited: bool,
    ambiguous: bool,
    /// index of the fork event that made it
    pub(crate) fork: Option<usize>,
    pub(crate) parent: Option<NodeId>,
    /// the parent as the process's first event names it
    pub(crate) parent_ref: Option<ParentRef>,
    /// indices of its events, in order
    pub(crate) events: Vec<usize>,
}

/// The processes of one instance's events.
pub(crate) struct Processes {
    pub(crate) nodes: Vec<Node>,
    /// process of each event
    pub(crate) of: Vec<(Option<NodeId>, Certainty)>,
    /// child made by each fork event
    pub(crate) child: HashMap<usize, NodeId>,
    by_pid: HashMap<u32, Vec<NodeId>>,
}

/// Something about one pid: an event of it, or the fork that made it.
struct Evidence {
    at_ns: u64,
    /// a birth stands before, an exit behind what has the same time
    rank: u8,
    event: usize,
    start_ns: Option<u64>,
}

const BIRTH: u8 = 0;
const CALL: u8 = 1;
const EXIT: u8 = 2;

/// Maps every event of `stream` to a process.
pub(crate) fn resolve(stream: &Stream<'_>) -> Processes {
    let mut processes = Processes {
        nodes: Vec::new(),
        of: vec![(None, Certainty::Ambiguous); stream.events.len()],
        child: HashMap::new(),
        by_pid: HashMap::new(),
    };
    for (pid, mut evidence) in collect(stream) {
        evidence.sort_by_key(|e| (e.at_ns, e.rank, e.event));
        processes.follow(stream, pid, &evidence);
    }
    processes.link_parents();
    processes
}

/// All evidence, by pid.
fn collect(stream: &Stream<'_>) -> Vec<(u32, Vec<Evidence>)> {
    let mut by_pid: RapidHashMap<u32, Vec<Evidence>> = RapidHashMap::default();
    for (index, event) in stream.events.iter().enumerate() {
        if let Some(pid) = stream.pid(index) {
            let rank = if matches!(event.payload, Payload::Exit(_)) { EXIT } else { CALL };
            let start_ns = event.image.start_ns;
            by_pid.entry(pid).or_default().push(Evidence {
                at_ns: event.time.ns,
                rank,
                event: index,
                start_ns,
            });
        }
        if let Payload::Fork(fork) = &event.payload {
            // The child may run before its parent's call returns, but not before that call began.
            by_pid.entry(fork.child).or_default().push(Evidence {
                at_ns: event.time.began_ns.unwrap_or(event.time.ns),
                rank: BIRTH,
                event: index,
                start_ns: fork.child_start_ns,
            });
        }
    }
    let mut by_pid: Vec<_> = by_pid.into_iter().collect();
    by_pid.sort_unstable_by_key(|(pid, _)| *pid);
    by_pid
}

impl Processes {
    fn follow(&mut self, stream: &Stream<'_>, pid: u32, evidence: &[Evidence]) {
        let mut by_start: HashMap<u64, NodeId> = HashMap::new();
        let mut current: Option<NodeId> = None;
        for e in evidence {
            let id = match (e.start_ns, e.rank) {
                (Some(start), _) => match by_start.get(&start) {
                    Some(&id) => id,
                    None => {
                        let open = current
                            .filter(|&id| self.nodes[id].start_ns.is_none() && self.can_be(stream, id, e));
                        let id = open.unwrap_or_else(|| self.add(pid, e.at_ns));
                        self.nodes[id].start_ns = Some(start);
                        by_start.insert(start, id);
                        id
                    }
                },
                (None, BIRTH) => match current {
                    Some(id) if self.can_be(stream, id, e) => id,
                    Some(id) => {
                        let unclear =
                            !self.nodes[id].exited && stream.events[e.event].time.began_ns.is_none();
                        let id = self.add(pid, e.at_ns);
                        self.nodes[id].ambiguous = unclear;
                        id
                    }
                    None => self.add(pid, e.at_ns),
                },
                (None, _) => match current {
                    Some(id) if !self.nodes[id].exited => id,
                    // Something of a process that had ended: another one, whose fork nobody reported.
                    Some(_) => {
                        let id = self.add(pid, e.at_ns);
                        self.nodes[id].ambiguous = true;
                        id
                    }
                    None => self.add(pid, e.at_ns),
                },
            };
            self.note(stream, id, e);
            current = Some(id);
        }
    }

    /// Whether evidence that begins a process or names its start may speak of one that is followed already.
    fn can_be(&self, stream: &Stream<'_>, id: NodeId, e: &Evidence) -> bool {
        let node = &self.nodes[id];
        let older = e.rank == BIRTH
            && stream.events[e.event].time.began_ns.is_some_and(|began| node.first_ns < began);
        !(node.exited || older || e.rank == BIRTH && node.fork.is_some())
    }

    fn add(&mut self, pid: u32, at_ns: u64) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node {
            pid,
            start_ns: None,
            first_ns: at_ns,
            last_ns: at_ns,
            exited: false,
            ambiguous: false,
            fork: None,
            parent: None,
            parent_ref: None,
            events: Vec::new(),
        });
        self.by_pid.entry(pid).or_default().push(id);
        id
    }

    fn note(&mut self, stream: &Stream<'_>, id: NodeId, e: &Evidence) {
        let node = &mut self.nodes[id];
        // What was made by a call may have been made as late as the call's end.
        let time = &stream.events[e.event].time;
        node.last_ns = node.last_ns.max(time.ns.saturating_add(time.error_ns));
        if e.rank == BIRTH {
            if node.fork.is_none() {
                node.fork = Some(e.event);
                self.child.insert(e.event, id);
            }
            return;
        }
        node.exited |= e.rank == EXIT;
        node.events.push(e.event);
        if node.parent_ref.is_none() {
            node.parent_ref = stream.events[e.event].image.parent;
        }
        let certainty = match (e.start_ns, node.ambiguous) {
            (Some(_), _) => Certainty::Exact,
            (None, false) => Certainty::Inferred,
            (None, true) => Certainty::Ambiguous,
        };
        self.of[e.event] = (Some(id), certainty);
    }

    fn link_parents(&mut self) {
        for id in 0..self.nodes.len() {
            let node = &self.nodes[id];
            let by_fork = node.fork.and_then(|event| self.of[event].0);
            let parent = by_fork.or_else(|| self.named(node.parent_ref?, node.first_ns));
            self.nodes[id].parent = parent.filter(|&parent| parent != id);
        }
    }

    /// The process that `parent` names, alive at `at_ns`.
    fn named(&self, parent: ParentRef, at_ns: u64) -> Option<NodeId> {
        let ids = self.by_pid.get(&parent.pid)?;
        if let Some(start) = parent.start_ns
            && let Some(id) = ids.iter().find(|&&id| self.nodes[id].start_ns == Some(start))
        {
            return Some(*id);
        }
        let maybe = |id: &&NodeId| {
            let node = &self.nodes[**id];
            (parent.start_ns.is_none() || node.start_ns.is_none()) && node.first_ns <= at_ns
        };
        ids.iter().rev().find(maybe).copied()
    }

    /// A process of which the sensor told nothing.
    pub(crate) fn add_known(&mut self, stamp: &Stamp) -> NodeId {
        self.add(stamp.pid, stamp.start_ticks.saturating_mul(TICK_NS))
    }

    /// The process that gave `stamp`; `until_ns` is the last moment at which it is known to have lived.
    pub(crate) fn find(&self, stamp: &Stamp, until_ns: u64) -> Option<NodeId> {
        let ids = self.by_pid.get(&stamp.pid)?;
        let exact = ids.iter().find(|&&id| {
            let node = &self.nodes[id];
            node.start_ns.is_some_and(|start_ns| stamp.is(ProcessKey { pid: node.pid, start_ns }))
        });
        let born_ns = stamp.start_ticks.saturating_mul(TICK_NS);
        let by_time = || {
            ids.iter().find(|&&id| {
                let node = &self.nodes[id];
                node.start_ns.is_none()
                    && node.last_ns >= born_ns
                    && node.first_ns.saturating_add(SLACK_NS) >= born_ns
                    && node.first_ns <= until_ns.saturating_add(SLACK_NS)
            })
        };
        exact.or_else(by_time).copied()
    }
}
