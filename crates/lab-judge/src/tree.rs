//! Makes the tree of facts of the merged processes: which node stands where, what is folded, who should have seen it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use lab_model::{
    Act, Action, Fact, FactNode, Fork, Freedom, Interest, ObjectClass, Outcome, PassRecord, Payload,
    SensorKind,
};
use thin_vec::ThinVec;

use crate::{
    gather::{self, Item, Process, Seen},
    union, view,
};

/// An instance that was there and ready.
pub(crate) struct Watcher {
    instance: Arc<str>,
    sensor: SensorKind,
    refused: BTreeSet<Action>,
}

/// The instances that were there and ready, in the order of passes.
pub(crate) fn watchers(passes: &[PassRecord]) -> Vec<Watcher> {
    let mut watchers: Vec<Watcher> = Vec::new();
    let ready = passes.iter().flat_map(|pass| &pass.instances).filter(|instance| view::was_ready(instance));
    for instance in ready {
        let refused = instance.refused.iter().map(|refusal| refusal.action).collect();
        if !watchers.iter().any(|known| *known.instance == *instance.instance) {
            let (instance, sensor) = (instance.instance.as_str().into(), instance.sensor);
            watchers.push(Watcher { instance, sensor, refused });
        }
    }
    watchers
}

/// The nodes of everything below `subject`.
pub(crate) fn tree(subject: Process, acts: &[Act], watchers: &[Watcher]) -> Vec<FactNode> {
    let mut anchored = BTreeSet::new();
    collect_anchors(&subject, &mut anchored);
    let interests = acts.iter().map(|act| (act.id, &act.interest)).collect();
    let everything = gather::everything();
    let mut builder = Builder { interests, everything: &everything, watchers, anchored };
    let mut tree = Vec::new();
    for item in subject.items {
        let Item::Child(process) = item else { continue };
        let act = process.act;
        let mut nodes = builder.process(*process);
        if let (Some(act), Some(first)) = (act, nodes.first_mut())
            && builder.anchored.insert(act)
        {
            first.fact.acts.push(act);
        }
        tree.extend(nodes);
    }
    tree
}

fn collect_anchors(process: &Process, anchored: &mut BTreeSet<u32>) {
    for item in &process.items {
        match item {
            Item::Fact(seen) => anchored.extend(&seen.anchors),
            Item::Child(child) => collect_anchors(child, anchored),
        }
    }
}

struct Builder<'b> {
    interests: HashMap<u32, &'b Interest>,
    /// for what belongs to no act
    everything: &'b Interest,
    watchers: &'b [Watcher],
    /// acts that have their fact
    anchored: BTreeSet<u32>,
}

/// One image of a process: the exec that began it, and what it did.
#[derive(Default)]
struct Image {
    exec: Option<FactNode>,
    nodes: FactNodes,
    folded: HashMap<ObjectClass, usize>,
}

impl Image {
    /// The line that stands for facts like this one, of which there may be `most`, if it has room for one more.
    fn room(&self, seen: &Seen, most: u32) -> Option<usize> {
        self.nodes.iter().position(|node| {
            node.fact.free.at_most.is_some() && node.fact.count < most && node.fact.payload == seen.payload
        })
    }

    /// One that can have so many nodes without growing: nodes are large, and there may be very many.
    fn with_room(nodes: usize) -> Self {
        Self { nodes: ThinVec::with_capacity(nodes), ..Self::default() }
    }

    fn close(mut self) -> FactNodes {
        if self.nodes.len() < self.nodes.capacity() / 2 {
            self.nodes.shrink_to_fit();
        }
        match self.exec {
            Some(mut exec) => {
                exec.children = self.nodes;
                [exec].into()
            }
            None => self.nodes,
        }
    }
}

type FactNodes = ThinVec<FactNode>;

impl Builder<'_> {
    /// A process is one node, but where the interest leaves its fork out and it executes nothing: then what it did
    /// stands in its place.
    fn process(&mut self, process: Process) -> FactNodes {
        let interest =
            process.act.and_then(|act| self.interests.get(&act).copied()).unwrap_or(self.everything);
        let fork = Payload::Fork(Fork { child: 0, child_start_ns: None });
        let shows_fork = !process.hidden && interest.covers(&fork);
        let execs_first = matches!(process.items.first(), Some(Item::Fact(seen)) if is_image(&seen.payload));
        let mut left = process.items.len();
        let mut images = vec![Image::with_room(if execs_first { 0 } else { left })];
        for item in process.items {
            left -= 1;
            let is_image = matches!(&item, Item::Fact(seen) if is_image(&seen.payload));
            if is_image {
                images.last_mut().into_iter().for_each(|image| image.nodes.shrink_to_fit());
                images.push(Image::with_room(left));
            }
            let Some(image) = images.last_mut() else { continue };
            match item {
                Item::Child(child) => image.nodes.append(&mut self.process(*child)),
                Item::Fact(seen) if is_image => {
                    let free = self.freedom(&seen, interest);
                    let mut node = self.node(seen, None);
                    node.fact.free = free;
                    image.exec = Some(node);
                }
                Item::Fact(seen) => self.place(image, seen, interest),
            }
        }
        let mut images = images.into_iter();
        let mut head = images.next().map(Image::close).unwrap_or_default();
        if execs_first {
            head = images.next().map(Image::close).unwrap_or_default();
        } else if shows_fork {
            let mut fork = self.node(process.fork, None);
            fork.children = head;
            head = [fork].into();
        }
        let rest = images.flat_map(Image::close);
        match head.first_mut() {
            Some(first) if execs_first || shows_fork => first.children.extend(rest),
            _ => head.extend(rest),
        }
        head
    }

    fn place(&mut self, image: &mut Image, seen: Seen, interest: &Interest) {
        let is_anchor = !self.acts_of(&seen).is_empty();
        let class = interest.folds(&seen.payload);
        let class = class.filter(|_| !is_anchor);
        let free = self.freedom(&seen, interest);
        let same = match class {
            Some(class) => image.folded.get(&class).copied(),
            None => free.at_most.and_then(|most| image.room(&seen, most)),
        };
        if let Some(node) = same.and_then(|index| image.nodes.get_mut(index)) {
            node.fact.count += 1;
            let unseen = self.unseen_by(&seen);
            let new = unseen.into_iter().filter(|instance| !node.fact.unseen_by.contains(instance));
            let new: Vec<_> = new.collect();
            node.fact.unseen_by.extend(new);
            for sighting in seen.sightings {
                union::add_sighting(&mut node.fact.sightings, sighting);
            }
            return;
        }
        image.folded.extend(class.map(|class| (class, image.nodes.len())));
        let mut node = self.node(seen, class);
        node.fact.free = if class.is_some() { Freedom::default() } else { free };
        image.nodes.push(node);
    }

    /// What is free about a fact; nothing about one that is an act's own call.
    fn freedom(&self, seen: &Seen, interest: &Interest) -> Freedom {
        if self.acts_of(seen).is_empty() { interest.freedom(&seen.payload) } else { Freedom::default() }
    }

    fn node(&mut self, seen: Seen, folded: Option<ObjectClass>) -> FactNode {
        let acts = self.acts_of(&seen);
        self.anchored.extend(&acts);
        let unseen_by = self.unseen_by(&seen);
        let Seen { payload, ids, sightings, .. } = seen;
        FactNode {
            fact: Fact {
                payload,
                ids,
                acts,
                folded,
                count: 1,
                free: Freedom::default(),
                sightings,
                unseen_by,
            },
            children: ThinVec::new(),
        }
    }

    /// The acts that anchor here: those whose principal call this is, or, if nobody saw that, comes nearest to.
    fn acts_of(&self, seen: &Seen) -> ThinVec<u32> {
        let near = seen.near.difference(&self.anchored);
        seen.anchors.iter().chain(near).copied().collect::<BTreeSet<u32>>().into_iter().collect()
    }

    fn unseen_by(&self, seen: &Seen) -> ThinVec<Arc<str>> {
        let action = seen.payload.action();
        let should = self.watchers.iter().filter(|watcher| {
            !watcher.refused.contains(&action)
                && watcher.sensor.entry().knows.iter().any(|k| k.action == action && k.only.is_none())
        });
        let saw = |watcher: &&Watcher| seen.sightings.iter().any(|s| s.instance == watcher.instance);
        should.filter(|watcher| !saw(watcher)).map(|watcher| watcher.instance.clone()).collect()
    }
}

fn is_image(payload: &Payload) -> bool {
    matches!(payload, Payload::Exec(exec) if matches!(exec.result, Outcome::Ok(_)))
}
