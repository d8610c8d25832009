//! The processes of one instance's record as a tree of what each of them did, inside the interest of the acts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use lab_model::{Act, Action, Ids, Interest, ObjectClass, Outcome, Payload, Scope, Sighting};
use smallvec::{SmallVec, smallvec};

use crate::{
    made_up::MadeUp,
    matching::{Found, Matched},
    normal::Normaliser,
    resolve::NodeId,
    verdict::Judgement,
};

/// Processes below each other that a tree shows; what is deeper is hoisted. Keeps the JSON of a tree readable (a
/// process is up to two nodes, a node two levels of JSON, and readers stop at 128).
pub(crate) const DEPTH: usize = 24;

/// The key of a process that executed nothing.
pub(crate) const UNNAMED: &str = "fork";

/// A process: what made it and what it did, in order.
#[derive(Debug, Default)]
pub(crate) struct Process {
    /// what it is recognised by among its siblings
    pub(crate) key: String,
    pub(crate) act: Option<u32>,
    /// the interest leaves out what it did, so only its children can show
    pub(crate) hidden: bool,
    /// the call that made it; as good as empty if nobody saw that
    pub(crate) fork: Seen,
    pub(crate) items: Vec<Item>,
}

/// What stands in a process's order.
#[derive(Debug)]
pub(crate) enum Item {
    /// something it did
    Fact(Seen),
    /// a process that it made
    Child(Box<Process>),
}

/// A fact and who saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// normalised
    pub(crate) payload: Payload,
    pub(crate) ids: Option<Ids>,
    pub(crate) sightings: SmallVec<[Sighting; 1]>,
    /// acts whose principal call this is
    pub(crate) anchors: BTreeSet<u32>,
    /// acts whose principal call this may be, though a field differs
    pub(crate) near: BTreeSet<u32>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            payload: Payload::Fork(lab_model::Fork { child: 0, child_start_ns: None }),
            ids: None,
            sightings: SmallVec::new(),
            anchors: BTreeSet::new(),
            near: BTreeSet::new(),
        }
    }
}

/// One instance's processes below a root that stands for the subject. True if some were too deep.
pub(crate) fn gather(judgement: &Judgement<'_>, acts: &[Act]) -> (Process, bool) {
    let interests = acts.iter().map(|act| (act.id, &act.interest)).collect();
    let mut gatherer = Gatherer {
        judgement,
        instance: judgement.view.record.instance.as_str().into(),
        interests,
        everything: everything(),
        normaliser: Normaliser::new(judgement.view.pass).with(MadeUp::of(&judgement.view)),
        anchors: anchors(&judgement.matched),
        observed: acts.iter().filter(|act| act.is_observed()).map(|act| act.id).collect(),
        children: children(judgement),
        visited: vec![false; judgement.view.processes.nodes.len()],
        deeper: VecDeque::new(),
    };
    let mut subject = Process { key: "subject".to_owned(), ..Process::default() };
    let deep = gatherer.roots(&mut subject);
    (subject, deep)
}

/// The interest in a process that belongs to no act: it should not be there, so all of it shows.
pub(crate) fn everything() -> Interest {
    Interest {
        scope: Scope::Subtree,
        actions: Action::ALL.iter().copied().collect(),
        exec_only: false,
        folded: [ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService].into(),
        free: BTreeMap::new(),
    }
}

/// Principal calls by event: (act, equal in every field).
fn anchors(matched: &[Matched<'_>]) -> HashMap<usize, (u32, bool)> {
    let principals =
        matched.iter().filter_map(|m| Some((m.receipt.act, m.findings.get(m.receipt.principal?)?)));
    principals
        .filter_map(|(act, finding)| match finding.found {
            Found::Equal(event) => Some((event, (act, true))),
            Found::Differs(event, _) => Some((event, (act, false))),
            _ => None,
        })
        .collect()
}

/// Children whose fork nobody reported, by parent; they stand where they first did something.
fn children(judgement: &Judgement<'_>) -> BTreeMap<NodeId, Vec<NodeId>> {
    let nodes = &judgement.view.processes.nodes;
    let mut children: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for (id, node) in nodes.iter().enumerate() {
        if let (Some(parent), None) = (node.parent, node.fork) {
            children.entry(parent).or_default().push(id);
        }
    }
    for ids in children.values_mut() {
        ids.sort_by_key(|&id| (nodes[id].first_ns, id));
    }
    children
}

/// What stands in a process's order, before facts are made of its events.
enum Entry {
    Fact(usize),
    Child(Box<Process>),
}

struct Gatherer<'g, 'a> {
    judgement: &'g Judgement<'a>,
    instance: Arc<str>,
    interests: HashMap<u32, &'g Interest>,
    everything: Interest,
    normaliser: Normaliser,
    anchors: HashMap<usize, (u32, bool)>,
    /// acts that are a program of the person's own
    observed: BTreeSet<u32>,
    children: BTreeMap<NodeId, Vec<NodeId>>,
    visited: Vec<bool>,
    /// processes too deep for their place, with their act
    deeper: VecDeque<(NodeId, Option<u32>)>,
}

impl Gatherer<'_, '_> {
    fn roots(&mut self, subject: &mut Process) -> bool {
        let view = &self.judgement.view;
        let nodes = &view.processes.nodes;
        let is_root = |id: &NodeId| {
            let parent = nodes[*id].parent;
            Some(*id) != view.resident && (parent.is_none() || parent == view.resident)
        };
        let mut roots: Vec<NodeId> = (0..nodes.len()).filter(is_root).collect();
        roots.sort_by_key(|&id| {
            (nodes[id].fork.map_or(nodes[id].first_ns, |fork| view.stream.events[fork].time.ns), id)
        });
        if let Some(resident) = view.resident {
            self.visited[resident] = true;
        }
        // What is left after the roots can only be a ring of processes that claim each other as parents.
        let all = roots.into_iter().chain(0..nodes.len());
        let mut deep = false;
        for id in all {
            if !self.visited[id] {
                subject.items.push(Item::Child(Box::new(self.process(id, None, 0))));
            }
            while let Some((id, act)) = self.deeper.pop_front() {
                deep = true;
                if !self.visited[id] {
                    subject.items.push(Item::Child(Box::new(self.process(id, act, 0))));
                }
            }
        }
        deep
    }

    fn process(&mut self, id: NodeId, inherited: Option<u32>, depth: usize) -> Process {
        self.visited[id] = true;
        let view = &self.judgement.view;
        let node = &view.processes.nodes[id];
        let own = view.own.get(&id).copied();
        let act = own.map(|(act, _)| act).or(inherited);
        let interest = *act.and_then(|act| self.interests.get(&act)).unwrap_or(&&self.everything);
        let hidden = interest.scope == Scope::Process && own.is_none() && act.is_some();
        let interest = interest.clone();
        let mut fork = node.fork.map_or_else(Seen::default, |event| self.seen(event, act));
        fork.anchors.clear();
        let set_up = own.and_then(|(act, _)| self.set_up(act, &node.events)).unwrap_or(0);
        let mut order: Vec<((u64, usize), Entry)> = Vec::with_capacity(node.events.len());
        let mut below: Vec<((u64, usize), Option<NodeId>, usize)> = Vec::new();
        for &event in &node.events[set_up..] {
            let place = (view.stream.events[event].time.ns, event);
            if matches!(view.stream.events[event].payload, Payload::Fork(_)) {
                below.push((place, view.processes.child.get(&event).copied(), event));
            } else if !hidden && interest.covers(&view.stream.events[event].payload) {
                order.push((place, Entry::Fact(event)));
            }
        }
        for &child in self.children.get(&id).into_iter().flatten() {
            below.push(((view.processes.nodes[child].first_ns, usize::MAX), Some(child), usize::MAX));
        }
        for (place, child, event) in below {
            let process = match child {
                Some(child) if self.visited[child] => continue,
                Some(child) if depth + 1 >= DEPTH => {
                    self.deeper.push_back((child, act));
                    continue;
                }
                Some(child) => self.process(child, act, depth + 1),
                None => {
                    let fork = self.seen(event, act);
                    Process { key: UNNAMED.to_owned(), act, hidden, fork, items: Vec::new() }
                }
            };
            order.push((place, Entry::Child(Box::new(process))));
        }
        // Facts are large: they are made where they stay.
        order.sort_by_key(|(place, _)| *place);
        let items = order.into_iter().map(|(_, entry)| match entry {
            Entry::Fact(event) => Item::Fact(self.seen(event, act)),
            Entry::Child(process) => Item::Child(process),
        });
        let items: Vec<Item> = items.collect();
        let key = match own {
            Some((act, nth)) => format!("act {act} process {nth}"),
            None => signature(&items),
        };
        Process { key, act, hidden, fork, items }
    }

    /// How many of a process's events come before the program is executed that an act observes: the lab's own doing.
    fn set_up(&self, act: u32, events: &[usize]) -> Option<usize> {
        let is_principal = |event: &usize| self.anchors.get(event).is_some_and(|(of, _)| *of == act);
        self.observed.contains(&act).then(|| events.iter().position(is_principal)).flatten()
    }

    fn seen(&self, event: usize, act: Option<u32>) -> Seen {
        let record = self.judgement.view.stream.events[event];
        let anchor = self.anchors.get(&event);
        let of =
            |equal: bool| anchor.filter(|(_, is)| *is == equal).map(|(act, _)| *act).into_iter().collect();
        Seen {
            payload: self.normaliser.payload(&record.payload, act),
            ids: record.image.ids,
            sightings: smallvec![Sighting { instance: self.instance.clone(), events: smallvec![record.seq] }],
            anchors: of(true),
            near: of(false),
        }
    }
}

/// What a process that no receipt names is recognised by: the first image that it executes.
fn signature(items: &[Item]) -> String {
    let exec = items.iter().find_map(|item| match item {
        Item::Fact(Seen { payload: Payload::Exec(exec), .. }) if matches!(exec.result, Outcome::Ok(_)) => {
            Some(&exec.path)
        }
        _ => None,
    });
    exec.map_or_else(|| UNNAMED.to_owned(), |path| format!("exec {path}"))
}
