//! Attribution: whose call it is that a sensor saw which knows no process, by object and time.
//!
//! An event is brought to the call of a receipt that is of its kind, names its object and was under way at its moment; or, a
//! little beside it, to one that it agrees with in all. Where calls of several processes fit equally, none is taken. What no call fits is the lab's own doing (a mark, a question of a
//! witness), or that of a program which is only observed: it stays in the record and belongs to nobody.

use std::collections::{BTreeSet, HashMap};

use lab_model::{Event, InstanceRecord, Receipt, Seq, Step};

use crate::{
    compare,
    matching::{NEAR_NS, is_inside},
};

/// Who made the call behind an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// the process of this pid
    One(u32),
    /// one of several
    Several,
}

/// The makers of the events of an instance, by place in its stream; empty where it names them itself.
pub(crate) fn attribute(receipts: &[Receipt], record: &InstanceRecord) -> HashMap<Seq, Maker> {
    if record.sensor.entry().process {
        return HashMap::new();
    }
    let made = record.events.iter().filter_map(|event| Some((event.seq, maker(receipts, event)?)));
    made.collect()
}

fn maker(receipts: &[Receipt], event: &Event) -> Option<Maker> {
    [under_way, near].into_iter().find_map(|fits| {
        let steps = receipts.iter().flat_map(|receipt| &receipt.steps);
        let fitting = steps.filter(|step| fits(step, event));
        let makers: BTreeSet<_> = fitting.map(|step| (step.process.pid, step.process.start_ticks)).collect();
        match makers.first() {
            Some((pid, _)) if makers.len() == 1 => Some(Maker::One(*pid)),
            Some(_) => Some(Maker::Several),
            None => None,
        }
    })
}

/// True if the call was under way and the event names its object.
fn under_way(step: &Step, event: &Event) -> bool {
    is_inside(step, event, event.time.error_ns)
        && step.payload.action() == event.payload.action()
        && compare::same_object(&step.payload, &event.payload)
}

/// The same with the slack of a clock that is off beyond what it says of itself: then nothing else may differ.
fn near(step: &Step, event: &Event) -> bool {
    let alike = step.payload.result().zip(event.payload.result()).is_none_or(|(a, b)| a.agrees(b));
    is_inside(step, event, event.time.error_ns.saturating_add(NEAR_NS))
        && step.payload.action() == event.payload.action()
        && compare::same_object(&step.payload, &event.payload)
        && alike
        && step.payload.agrees(&event.payload)
}

/// True if the event may be of this call.
pub(crate) fn may_be(step: &Step, event: &Event) -> bool {
    under_way(step, event) || near(step, event)
}
