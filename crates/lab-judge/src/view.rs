//! One instance in one pass, with everything that later steps ask of it worked out once.

use std::collections::{HashMap, HashSet};

use lab_model::{Act, Action, InstanceRecord, Knowledge, PassRecord, Receipt, Stamp};

use crate::{
    attribute,
    loss::{self, Interval},
    resolve::{self, Certainty, NodeId, Processes},
    stream::Stream,
};

/// An instance's record, resolved.
pub(crate) struct View<'a> {
    pub(crate) pass: &'a PassRecord,
    pub(crate) record: &'a InstanceRecord,
    pub(crate) stream: Stream<'a>,
    pub(crate) processes: Processes,
    pub(crate) losses: Vec<Interval>,
    /// the resident actor: what it does is set-up
    pub(crate) resident: Option<NodeId>,
    /// the processes that receipts name: (act, order in its receipt)
    pub(crate) own: HashMap<NodeId, (u32, usize)>,
}

impl<'a> View<'a> {
    pub(crate) fn new(pass: &'a PassRecord, record: &'a InstanceRecord) -> Self {
        let steps = pass.receipts.iter().flat_map(|receipt| &receipt.steps);
        let makers = attribute::attribute(&pass.receipts, record);
        let stream = Stream::new(record, &steps.map(|step| step.process.pid).collect(), makers);
        let processes = resolve::resolve(&stream);
        let losses = loss::intervals(record, &stream);
        let resident = pass.actor.and_then(|actor| processes.find(&actor, u64::MAX));
        let mut view = Self { pass, record, stream, processes, losses, resident, own: HashMap::new() };
        view.name_by_receipts();
        view
    }

    /// Finds the processes that receipts name; a receipt also says whose child each is, where no fork event does.
    fn name_by_receipts(&mut self) {
        for receipt in &self.pass.receipts {
            let mut nodes: HashMap<u32, NodeId> = HashMap::new();
            for (nth, stamp, until_ns) in self.processes_of(receipt) {
                let mut node = self.processes.find(&stamp, until_ns);
                if !self.record.sensor.entry().process {
                    // Those above it and beside it are nowhere else, and what it did stands below them.
                    node = node.or_else(|| Some(self.processes.add_known(&stamp)));
                }
                let Some(node) = node.filter(|node| Some(*node) != self.resident) else { continue };
                self.own.entry(node).or_insert((receipt.act, nth));
                let is_actors = self.pass.actor.is_some_and(|actor| actor.pid == stamp.parent);
                let parent = if is_actors { self.resident } else { nodes.get(&stamp.parent).copied() };
                let known = &mut self.processes.nodes[node].parent;
                *known = known.or(parent).filter(|parent| *parent != node);
                nodes.insert(stamp.pid, node);
            }
        }
    }

    /// The processes of a receipt in the order in which it names them, each with a moment when it still lived.
    fn processes_of(&self, receipt: &Receipt) -> Vec<(usize, Stamp, u64)> {
        let who = |stamp: &Stamp| (stamp.pid, stamp.start_ticks);
        let mut seen: HashSet<(u32, u64)> = self.pass.actor.iter().map(who).collect();
        let first = receipt.steps.iter().filter(|step| seen.insert(who(&step.process)));
        let until_ns = |ended_ns: u64| receipt.ended_ns.max(ended_ns);
        first.enumerate().map(|(n, step)| (n + 1, step.process, until_ns(step.ended_ns))).collect()
    }

    /// What the sensor declares to know of the calls of an act.
    pub(crate) fn knows(&self, act: u32, action: Action) -> Option<&'static Knowledge> {
        let act = self.pass.acts.iter().find(|known| known.id == act);
        let transport = act.and_then(|act| act.kind.peer()).map(|(transport, _)| transport);
        let knows = self.record.sensor.entry().knows.iter().find(|knowledge| knowledge.action == action);
        knows.filter(|knowledge| knowledge.only.is_none() || knowledge.only == transport)
    }

    /// How many events could not be brought to one process. Of a sensor that knows no process those that no call fits are
    /// nobody's, and not in doubt.
    pub(crate) fn ambiguous(&self) -> usize {
        if self.record.sensor.entry().process {
            let ambiguous =
                self.processes.of.iter().filter(|(_, certainty)| *certainty == Certainty::Ambiguous);
            ambiguous.count()
        } else {
            self.stream.unclear().count()
        }
    }

    /// Why the sensor could not see an action here, if so.
    pub(crate) fn refused(&self, action: Action) -> Option<&'a str> {
        self.record.refused.iter().find(|refusal| refusal.action == action).map(|refusal| &*refusal.reason)
    }

    /// True unless the instance failed before it recorded anything.
    pub(crate) fn was_ready(&self) -> bool {
        was_ready(self.record)
    }
}

/// True unless the instance failed before it recorded anything.
pub(crate) fn was_ready(record: &InstanceRecord) -> bool {
    record.error.is_none()
        || record.start_marker_ns.is_some()
        || record.counters.is_some()
        || !record.events.is_empty()
}

/// The act's receipt in `pass`.
pub(crate) fn receipt(pass: &PassRecord, act: u32) -> Option<&Receipt> {
    pass.receipts.iter().find(|receipt| receipt.act == act)
}

/// The acts of all passes by number, each as the first pass that has it gives it.
pub(crate) fn acts(passes: &[PassRecord]) -> Vec<Act> {
    let mut acts: Vec<Act> = Vec::new();
    let mut seen = HashSet::new();
    acts.extend(passes.iter().flat_map(|pass| &pass.acts).filter(|act| seen.insert(act.id)).cloned());
    acts.sort_by_key(|act| act.id);
    acts
}
