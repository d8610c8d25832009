//! An instance's events in its own order, each place in the stream once.

use std::collections::{HashMap, hash_map::Entry};

use lab_model::{Action, Event, InstanceRecord, Loss, Payload, Seq};

/// What an instance recorded, put in order: by time, then by place in the stream.
pub(crate) struct Stream<'a> {
    /// losses left out
    pub(crate) events: Vec<&'a Event>,
    /// losses that the instance reported
    pub(crate) losses: Vec<&'a Loss>,
    /// places for which two different records exist
    pub(crate) conflicts: usize,
    /// indices of events by pid and action, in order
    by_caller: HashMap<(u32, Action), Vec<usize>>,
}

impl<'a> Stream<'a> {
    /// Whatever order the records come in, and however often, the result is the same.
    pub(crate) fn new(record: &'a InstanceRecord) -> Self {
        let mut places: HashMap<Seq, &Event> = HashMap::with_capacity(record.events.len());
        let mut conflicts = 0;
        for event in &record.events {
            match places.entry(event.seq) {
                Entry::Vacant(place) => {
                    place.insert(event);
                }
                Entry::Occupied(mut place) if *place.get() != event => {
                    conflicts += 1;
                    // The choice must not depend on the order of arrival.
                    if format!("{event:?}") < format!("{:?}", place.get()) {
                        place.insert(event);
                    }
                }
                Entry::Occupied(_) => {}
            }
        }
        let mut events: Vec<&Event> = places.into_values().collect();
        events.sort_unstable_by_key(|event| (event.time.ns, event.seq));
        let mut losses = Vec::new();
        events.retain(|event| match &event.payload {
            Payload::Loss(loss) => {
                losses.push(loss);
                false
            }
            _ => true,
        });
        let mut by_caller: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, event) in events.iter().enumerate() {
            if let Some(pid) = event.image.pid {
                by_caller.entry((pid, event.payload.action())).or_default().push(index);
            }
        }
        Self { events, losses, conflicts, by_caller }
    }

    /// The calls of one kind that a pid made, in order.
    pub(crate) fn calls(&self, pid: u32, action: Action) -> &[usize] {
        self.by_caller.get(&(pid, action)).map_or(&[], Vec::as_slice)
    }

    /// The last moment of which the instance reported anything.
    pub(crate) fn last_ns(&self) -> Option<u64> {
        self.events.last().map(|event| event.time.ns)
    }
}
