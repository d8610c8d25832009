//! An instance's events in its own order, each place in the stream once.

use std::collections::{HashMap, HashSet};

use lab_model::{Action, Event, InstanceRecord, Loss, Payload, Seq};

use crate::attribute::Maker;

/// What an instance recorded, put in order: by time, then by place in the stream.
pub(crate) struct Stream<'a> {
    /// losses left out
    pub(crate) events: Vec<&'a Event>,
    /// losses that the instance reported
    pub(crate) losses: Vec<&'a Loss>,
    /// places for which two different records exist
    pub(crate) conflicts: usize,
    /// indices of events of those who are asked for, by pid and action, in order
    by_caller: Vec<(u32, Action, usize)>,
    /// of events that name none
    makers: HashMap<Seq, Maker>,
}

impl<'a> Stream<'a> {
    /// Whatever order the records come in, and however often, the result is the same. `callers` are the pids whose
    /// calls will be asked for, `makers` who made what names nobody.
    pub(crate) fn new(
        record: &'a InstanceRecord,
        callers: &HashSet<u32>,
        makers: HashMap<Seq, Maker>,
    ) -> Self {
        // Sensors hand over long stretches in order, which the sort finds and keeps.
        let mut places: Vec<(Seq, usize)> =
            record.events.iter().enumerate().map(|(at, event)| (event.seq, at)).collect();
        places.sort();
        let mut conflicts = 0;
        let mut order: Vec<(u64, Seq, usize)> = Vec::with_capacity(places.len());
        for place in places.chunk_by(|(one, _), (other, _)| one == other) {
            let records = place.iter().map(|(_, at)| *at);
            let differ = place.iter().any(|(_, at)| record.events[*at] != record.events[place[0].1]);
            conflicts += usize::from(differ);
            // The choice must not depend on the order of arrival.
            let chosen = match differ {
                true => records.min_by_key(|at| format!("{:?}", record.events[*at])),
                false => records.min(),
            };
            order.extend(chosen.map(|at| (record.events[at].time.ns, place[0].0, at)));
        }
        drop(places);
        order.sort();
        let (mut events, mut losses) = (Vec::with_capacity(order.len()), Vec::new());
        for event in order.into_iter().map(|(_, _, at)| &record.events[at]) {
            match &event.payload {
                Payload::Loss(loss) => losses.push(&**loss),
                _ => events.push(event),
            }
        }
        let calls = events.iter().enumerate().filter_map(|(index, event)| {
            let pid = pid_of(event, &makers).filter(|pid| callers.contains(pid))?;
            Some((pid, event.payload.action(), index))
        });
        let mut by_caller: Vec<_> = calls.collect();
        by_caller.sort_unstable();
        Self { events, losses, conflicts, by_caller, makers }
    }

    /// The pid of an event's process, as its sensor gives it or as it was attributed.
    pub(crate) fn pid(&self, index: usize) -> Option<u32> {
        pid_of(self.events[index], &self.makers)
    }

    /// The events that calls of several processes fit equally.
    pub(crate) fn unclear(&self) -> impl Iterator<Item = usize> {
        let unclear = |event: &Event| self.makers.get(&event.seq) == Some(&Maker::Several);
        (0..self.events.len())
            .filter(move |_| !self.makers.is_empty())
            .filter(move |at| unclear(self.events[*at]))
    }

    /// The calls of one kind that a pid made, in order: pid, action, and the event's index.
    pub(crate) fn calls(&self, pid: u32, action: Action) -> &[(u32, Action, usize)] {
        let from = self.by_caller.partition_point(|call| (call.0, call.1) < (pid, action));
        let to = self.by_caller.partition_point(|call| (call.0, call.1) <= (pid, action));
        &self.by_caller[from..to]
    }

    /// The last moment of which the instance reported anything.
    pub(crate) fn last_ns(&self) -> Option<u64> {
        self.events.last().map(|event| event.time.ns)
    }
}

fn pid_of(event: &Event, makers: &HashMap<Seq, Maker>) -> Option<u32> {
    event.image.pid.or_else(|| match makers.get(&event.seq) {
        Some(Maker::One(pid)) => Some(*pid),
        _ => None,
    })
}
