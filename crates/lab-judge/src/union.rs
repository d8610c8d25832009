//! Lays the trees of two instances over each other: what both saw becomes one fact with two sightings.
//!
//! Within a process, the n-th fact with a key here is the n-th with that key there; what is left is paired by the
//! call and its object alone where one side knows less (no arguments, say), and images by what they were found to be where
//! one side does not know what was asked for; what is left then stands alone, after
//! the last fact before it that both have.

use std::collections::{HashMap, VecDeque};

use lab_model::{Exec, Payload, SetIdCall, Sighting};
use smallvec::SmallVec;

use crate::{
    compare,
    gather::{Item, Process, Seen, UNNAMED},
};

/// How many candidates are looked at before a fact is taken to stand alone: keeps the worst case linear.
const NEAR: usize = 64;

/// `a` with all that `b` has; where both have it, `a` stays and is filled up.
pub(crate) fn merge(mut a: Process, b: Process) -> Process {
    fill(&mut a.fork, b.fork);
    a.act = a.act.or(b.act);
    if a.key == UNNAMED {
        a.key = b.key;
    }
    a.items = merge_items(a.items, b.items);
    a
}

fn merge_items(mut a: Vec<Item>, b: Vec<Item>) -> Vec<Item> {
    let partners = partners(&a, &b);
    // What only `b` has, by the place in `a` before which it stands.
    let mut extra: Vec<Vec<Item>> = Vec::with_capacity(a.len() + 1);
    extra.resize_with(a.len() + 1, Vec::new);
    let mut place = 0;
    for (item, partner) in b.into_iter().zip(partners) {
        match partner {
            Some(index) => {
                place = place.max(index + 1);
                join(&mut a[index], item);
            }
            None => extra[place].push(item),
        }
    }
    let mut merged = Vec::with_capacity(a.len() + extra.len());
    let mut a = a.into_iter();
    for before in extra {
        merged.extend(before);
        merged.extend(a.next());
    }
    merged
}

/// For each item of `b` the index of the same in `a`.
fn partners(a: &[Item], b: &[Item]) -> Vec<Option<usize>> {
    let mut partners = vec![None; b.len()];
    let mut taken = vec![false; a.len()];
    for key in [full_key as fn(&Item) -> String, weak_key, image_key] {
        let mut places: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, item) in a.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            places.entry(key(item)).or_default().push_back(index);
        }
        for (index, item) in b.iter().enumerate() {
            if partners[index].is_some() {
                continue;
            }
            let Some(free) = places.get_mut(&key(item)) else { continue };
            let mut near = free.iter().take(NEAR);
            let Some(at) = near.position(|&candidate| compatible(&a[candidate], item)) else { continue };
            if let Some(partner) = free.remove(at) {
                taken[partner] = true;
                partners[index] = Some(partner);
            }
        }
    }
    partners
}

fn full_key(item: &Item) -> String {
    match item {
        Item::Child(child) => format!("child {}", child.key),
        Item::Fact(seen) => match &seen.payload {
            Payload::Exec(exec) if exec.argv_truncated => format!("{} cut", weak_key(item)),
            Payload::Exec(exec) => format!("{} {:?}", weak_key(item), exec.argv),
            Payload::Accept(accept) => format!("{} {:?}", weak_key(item), accept.peer),
            Payload::Exit(exit) => format!("exit {exit:?}"),
            Payload::Connect(connect) => format!("{connect:?}"),
            Payload::SetId(setid) => format!("{} {:?}", weak_key(item), setid.requested),
            payload if payload.call().is_some() => format!("{payload:?}"),
            _ => weak_key(item),
        },
    }
}

/// What every sensor that knows an action at all can tell of it.
fn weak_key(item: &Item) -> String {
    match item {
        Item::Child(child) => if child.key.starts_with("act ") { &child.key } else { "child" }.to_owned(),
        Item::Fact(seen) => match &seen.payload {
            Payload::Exec(exec) => format!("exec {:?} {:?}", exec.path, exec.result),
            Payload::SetId(setid) if setid.call == SetIdCall::Setgroups => {
                format!("setgroups {:?}", setid.result)
            }
            Payload::SetId(setid) => format!("{} {:?} {:?}", setid.call, setid.requested, setid.result),
            Payload::Accept(accept) => format!("accept {:?}", accept.result),
            Payload::Exit(_) => "exit".to_owned(),
            Payload::Connect(connect) => format!("connect {:?} {:?}", connect.address, connect.result),
            payload if payload.call().is_some() => format!("{:?}", payload.without_optional()),
            payload => format!("{payload:?}"),
        },
    }
}

/// An image by what it was found to be: not every sensor knows the path that was asked for.
fn image_key(item: &Item) -> String {
    match item {
        Item::Fact(Seen { payload: Payload::Exec(exec), .. }) if exec.exe.is_some() => {
            format!("image {:?} {:?}", exec.exe, exec.result)
        }
        _ => weak_key(item),
    }
}

/// True if the path is no more than what was found.
fn is_found(exec: &Exec) -> bool {
    exec.exe.as_ref() == Some(&exec.path)
}

/// False if the two contradict each other in a field that both know.
fn compatible(a: &Item, b: &Item) -> bool {
    let (Item::Fact(a), Item::Fact(b)) = (a, b) else { return true };
    match (&a.payload, &b.payload) {
        (Payload::Exec(a), Payload::Exec(b)) if a.path != b.path && !is_found(a) && !is_found(b) => false,
        (Payload::Exec(a), Payload::Exec(b)) => match (&a.argv, &b.argv) {
            (Some(x), Some(y)) => match (a.argv_truncated, b.argv_truncated) {
                (false, false) => x == y,
                (true, false) => compare::is_prefix(x, y),
                (false, true) => compare::is_prefix(y, x),
                (true, true) => compare::is_prefix(x, y) || compare::is_prefix(y, x),
            },
            _ => true,
        },
        // A list of groups lies in the caller's memory, where not every sensor looks.
        (Payload::SetId(a), Payload::SetId(b)) => {
            a.requested == b.requested || a.requested.is_empty() || b.requested.is_empty()
        }
        (Payload::Accept(a), Payload::Accept(b)) => a.peer.is_none() || b.peer.is_none() || a.peer == b.peer,
        (Payload::Exit(a), Payload::Exit(b)) => {
            let unknown = |exit: &lab_model::Exit| exit.code.is_none() && exit.signal.is_none();
            a == b || unknown(a) || unknown(b)
        }
        (Payload::Connect(a), Payload::Connect(b)) => {
            a.later.is_none() || b.later.is_none() || a.later == b.later
        }
        (a, b) => a.agrees(b),
    }
}

fn join(a: &mut Item, b: Item) {
    match (a, b) {
        (Item::Fact(a), Item::Fact(b)) => fill(a, b),
        (Item::Child(a), Item::Child(b)) => **a = merge(std::mem::take(a), *b),
        // Their keys differ, so they are never partners.
        (Item::Fact(_), Item::Child(_)) | (Item::Child(_), Item::Fact(_)) => {}
    }
}

/// Adds the sightings of `b`, and what `a` does not know.
fn fill(a: &mut Seen, b: Seen) {
    a.ids = a.ids.or(b.ids);
    for sighting in b.sightings {
        add_sighting(&mut a.sightings, sighting);
    }
    a.anchors.extend(b.anchors);
    a.near.extend(b.near);
    match (&mut a.payload, b.payload) {
        (Payload::Exec(a), Payload::Exec(b)) => {
            if is_found(a) {
                a.path = b.path;
            }
            let better = b.argv.is_some() && (a.argv.is_none() || a.argv_truncated && !b.argv_truncated);
            if better {
                (a.argv, a.argv_truncated) = (b.argv, b.argv_truncated);
            }
            a.exe = a.exe.take().or(b.exe);
        }
        (Payload::SetId(a), Payload::SetId(b)) => {
            (a.before, a.after) = (a.before.or(b.before), a.after.or(b.after));
            if a.requested.is_empty() {
                a.requested = b.requested;
            }
        }
        (Payload::Accept(a), Payload::Accept(b)) => a.peer = a.peer.take().or(b.peer),
        (Payload::Connect(a), Payload::Connect(b)) => a.later = a.later.or(b.later),
        (Payload::Exit(a), Payload::Exit(b)) if a.code.is_none() && a.signal.is_none() => *a = b,
        (a, b) => a.fill(b),
    }
}

/// Puts the events of one more sighting to those of the same instance.
pub(crate) fn add_sighting(sightings: &mut SmallVec<[Sighting; 1]>, sighting: Sighting) {
    match sightings.iter_mut().find(|known| known.instance == sighting.instance) {
        Some(known) => known.events.extend(sighting.events),
        None => sightings.push(sighting),
    }
}
