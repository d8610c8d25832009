//! The events of a pass in columns, ordered by time, with the processes that they are of.

use std::collections::{HashMap, HashSet};

use lab_model::{Action, Event, PassRecord, Payload, ProcessRef, Seq};
use serde::Serialize;

use super::{describe, strings::Strings};

/// One value per event in each of the columns.
#[derive(Default, Serialize)]
pub(super) struct Columns {
    /// boot clock that all times count from
    zero_ns: u64,
    /// (pid, label, parent's pid)
    processes: Vec<(Option<u32>, usize, Option<u32>)>,
    /// nanoseconds after the event before
    after: Vec<u64>,
    /// duration of the call, 0 if unknown
    took: Vec<u64>,
    process: Vec<usize>,
    action: Vec<usize>,
    object: Vec<usize>,
    result: Vec<usize>,
    instance: Vec<usize>,
    stream: Vec<u32>,
    n: Vec<u64>,
    left_out: usize,
}

impl Columns {
    /// Boot clock that all times count from.
    pub(super) fn zero(&self) -> u64 {
        self.zero_ns
    }
}

/// The columns of a pass, and for each of its instances where each event stands in them. Of every instance its share
/// is taken, the first events first; what is wanted is always taken.
pub(super) fn columns<'a>(
    pass: &PassRecord,
    wanted: &dyn Fn(&str) -> &'a HashSet<Seq>,
    share: &dyn Fn(usize) -> usize,
    strings: &mut Strings,
) -> (Columns, Vec<HashMap<Seq, usize>>) {
    let mut taken: Vec<(usize, &Event)> = Vec::new();
    let mut left_out = 0;
    for (at, instance) in pass.instances.iter().enumerate() {
        let (wanted, share) = (wanted(&instance.instance), share(instance.events.len()));
        let before = taken.len();
        let events = instance.events.iter().enumerate();
        let events = events.filter(|(n, event)| *n < share || wanted.contains(&event.seq));
        taken.extend(events.map(|(_, event)| (at, event)));
        left_out += instance.events.len() - (taken.len() - before);
    }
    taken.sort_by_key(|(at, event)| (event.time.ns, *at, event.seq));
    let began = pass.receipts.iter().map(|receipt| receipt.began_ns);
    let zero_ns = taken.iter().map(|(_, event)| event.time.ns).chain(began).min().unwrap_or(0);
    let mut columns = Columns { zero_ns, left_out, ..Columns::default() };
    let mut places = vec![HashMap::new(); pass.instances.len()];
    let mut processes: HashMap<Key, usize> = HashMap::new();
    let mut labels: Vec<String> = Vec::new();
    let mut last = zero_ns;
    for (at, event) in taken {
        let process = *processes.entry(key(at, &event.image)).or_insert_with(|| {
            let parent = event.image.parent.map(|parent| parent.pid);
            columns.processes.push((event.image.pid, 0, parent));
            labels.push(String::new());
            labels.len() - 1
        });
        if let Some(name) = name(event) {
            labels[process] = name;
        }
        places[at].insert(event.seq, columns.after.len());
        columns.after.push(event.time.ns - last);
        last = event.time.ns;
        columns.took.push(event.time.began_ns.map_or(0, |began| event.time.ns.saturating_sub(began)));
        columns.process.push(process);
        let action = event.payload.action();
        columns.action.push(Action::ALL.iter().position(|known| *known == action).unwrap_or(0));
        columns.object.push(strings.add(&describe::object(&event.payload)));
        columns.result.push(strings.add(&describe::result(&event.payload)));
        columns.instance.push(at);
        columns.stream.push(event.seq.stream);
        columns.n.push(event.seq.n);
    }
    for (process, label) in columns.processes.iter_mut().zip(labels) {
        process.1 = strings.add(&label);
    }
    (columns, places)
}

/// What tells two processes of one instance apart, as far as the instance knows.
type Key = (Option<u64>, Option<u32>, usize);

/// A process whose start is known is one whoever saw it; else it is the instance's own.
fn key(at: usize, image: &ProcessRef) -> Key {
    let own = if image.start_ns.is_some() { usize::MAX } else { at };
    (image.start_ns, image.pid, own)
}

/// The name of the image after the event, where it says so.
fn name(event: &Event) -> Option<String> {
    if let Payload::Exec(exec) = &event.payload
        && exec.result.agrees(lab_model::Outcome::Ok(0))
    {
        let path = exec.path.to_string();
        return Some(path.rsplit('/').next().unwrap_or(&path).to_owned());
    }
    event.image.comm.as_ref().map(ToString::to_string)
}
