//! For each step of each receipt: the event by which an instance saw it.

use lab_model::{Event, Field, Payload, ProcessKey, Receipt, Step, Time};

use crate::{
    attribute,
    compare::{self, Difference},
    resolve::NodeId,
    view::View,
};

/// How far a clock that is not the kernel's may be off beyond what it says of itself.
pub(crate) const NEAR_NS: u64 = 5_000_000;

/// What was found of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// the sensor declares that it does not see such actions
    Blind,
    /// the kernel or the tool would not let it, with the reason
    Refused(String),
    /// an event that equals the step in every declared field
    Equal(usize),
    /// the same call with other fields
    Differs(usize, Vec<Difference>),
    /// no event; perhaps one that comes near
    Nothing(Option<usize>),
}

/// A step and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) found: Found,
    /// the event came after the end marker
    pub(crate) late: bool,
    /// indices of the losses that could have touched it
    pub(crate) touched: Vec<usize>,
    /// no event is its own, and one that may be could as well be another process's
    pub(crate) unclear: bool,
}

/// A receipt with a finding for each of its steps.
pub(crate) struct Matched<'a> {
    pub(crate) receipt: &'a Receipt,
    pub(crate) findings: Vec<Finding>,
}

struct Search<'v, 'a> {
    view: &'v View<'a>,
    used: Vec<bool>,
    widest_error_ns: u64,
}

/// A step that is looked for: where it stands, who made it, and the fields to compare.
struct Wanted<'a> {
    place: (usize, usize),
    step: &'a Step,
    node: Option<NodeId>,
    fields: &'static [Field],
}

impl Matched<'_> {
    /// The finding by which a sensor speaks of the act: that of its principal call. Where the sensor does not see that one, but
    /// another call by which the same process spoke to the same address, it is that of the other.
    pub(crate) fn telling(&self) -> Option<&Finding> {
        let principal = self.receipt.principal?;
        let own = self.findings.get(principal)?;
        if own.found != Found::Blind {
            return Some(own);
        }
        let step = self.receipt.steps.get(principal)?;
        let stands_in = |(other, finding): &(&Step, &Finding)| {
            finding.found != Found::Blind
                && other.process.pid == step.process.pid
                && other.payload.peer().is_some()
                && other.payload.peer() == step.payload.peer()
        };
        let other = self.receipt.steps.iter().zip(&self.findings).find(stands_in);
        Some(other.map_or(own, |(_, finding)| finding))
    }
}

/// Finds the events of all receipts of the view's pass; no event serves two steps.
///
/// Exact matches at the right time come first, then exact matches at any time, then the nearest different ones: so a
/// step whose event is missing cannot take another's.
pub(crate) fn match_receipts<'a>(view: &View<'a>) -> Vec<Matched<'a>> {
    let (mut matched, mut wanted) = (Vec::new(), Vec::new());
    for (r, receipt) in view.pass.receipts.iter().enumerate() {
        let mut findings = Vec::with_capacity(receipt.steps.len());
        for (s, step) in receipt.steps.iter().enumerate() {
            let action = step.payload.action();
            let found = match (view.knows(receipt.act, action), view.refused(action)) {
                (None, _) => Found::Blind,
                (_, Some(reason)) => Found::Refused(reason.to_owned()),
                (Some(knowledge), None) => {
                    let node = view.processes.find(&step.process, receipt.ended_ns.max(step.ended_ns));
                    wanted.push(Wanted { place: (r, s), step, node, fields: knowledge.fields });
                    Found::Nothing(None)
                }
            };
            let touched = (0..view.losses.len()).filter(|&i| view.losses[i].touches(receipt, step)).collect();
            findings.push(Finding { found, late: false, touched, unclear: false });
        }
        matched.push(Matched { receipt, findings });
    }
    let events = &view.stream.events;
    let widest_error_ns = events.iter().map(|event| event.time.error_ns).max().unwrap_or(0);
    let mut search = Search { view, used: vec![false; events.len()], widest_error_ns };
    for round in [Search::equal_in_time, Search::equal, Search::different] {
        wanted.retain(|wanted| match round(&mut search, wanted) {
            Some(found) => {
                let finding = &mut matched[wanted.place.0].findings[wanted.place.1];
                finding.late = matches!(found, Found::Equal(event) if search.is_late(event));
                finding.found = found;
                false
            }
            None => true,
        });
    }
    for wanted in wanted {
        let finding = &mut matched[wanted.place.0].findings[wanted.place.1];
        finding.found = Found::Nothing(search.near(&wanted));
        finding.unclear =
            view.stream.unclear().any(|event| attribute::may_be(wanted.step, view.stream.events[event]));
    }
    matched
}

impl Search<'_, '_> {
    fn equal_in_time(&mut self, wanted: &Wanted<'_>) -> Option<Found> {
        let step = wanted.step;
        let found = self.best(wanted, Some(self.widest_error_ns), |i, event| {
            is_inside(step, event, event.time.error_ns)
                && self.is_caller(wanted, i)
                && is_equal(wanted, event)
        });
        found.map(|event| self.take(event, Found::Equal(event)))
    }

    fn equal(&mut self, wanted: &Wanted<'_>) -> Option<Found> {
        self.best(wanted, None, |i, event| self.is_caller(wanted, i) && is_equal(wanted, event))
            .map(|event| self.take(event, Found::Equal(event)))
    }

    fn different(&mut self, wanted: &Wanted<'_>) -> Option<Found> {
        let step = wanted.step;
        let is_exit = matches!(step.payload, Payload::Exit(_));
        let slack = (!is_exit).then(|| self.widest_error_ns.saturating_add(NEAR_NS));
        let event = self.best(wanted, slack, |i, event| {
            // An exact sensor that gives another start for the same pid at the same time is wrong about the start.
            let same_time = is_inside(step, event, 0);
            let caller = self.is_caller(wanted, i) || event.image.start_ns.is_some() && same_time;
            let near = is_inside(step, event, event.time.error_ns.saturating_add(NEAR_NS));
            caller && (is_exit || same_time || near && compare::same_object(&step.payload, &event.payload))
        })?;
        let differences = compare::differences(step, self.view.stream.events[event], wanted.fields).collect();
        Some(self.take(event, Found::Differs(event, differences)))
    }

    /// For people: the unused call of the same kind by the same pid that is nearest in time.
    fn near(&self, wanted: &Wanted<'_>) -> Option<usize> {
        self.best(wanted, None, |_, _| true)
    }

    /// The fitting call nearest in time; `slack_ns`: how far outside the step it may be.
    fn best(
        &self,
        wanted: &Wanted<'_>,
        slack_ns: Option<u64>,
        fits: impl Fn(usize, &Event) -> bool,
    ) -> Option<usize> {
        let (step, events) = (wanted.step, &self.view.stream.events);
        let mut calls = self.view.stream.calls(step.process.pid, step.payload.action());
        if let Some(slack_ns) = slack_ns {
            let from = step.began_ns.saturating_sub(slack_ns);
            let to = step.ended_ns.saturating_add(slack_ns);
            calls = &calls[calls.partition_point(|(.., i)| events[*i].time.ns < from)..];
            calls = &calls[..calls.partition_point(|(.., i)| events[*i].time.ns <= to)];
        }
        let fitting = calls.iter().map(|(.., i)| *i).filter(|&i| !self.used[i] && fits(i, events[i]));
        // Within its clock's error one moment is as near as another: then the first of equal calls is the first.
        let far = |time: Time| time.ns.abs_diff(step.ended_ns).saturating_sub(time.error_ns);
        fitting.min_by_key(|&i| far(events[i].time))
    }

    fn take(&mut self, event: usize, found: Found) -> Found {
        self.used[event] = true;
        found
    }

    /// True if the event's process is the step's: by start where the sensor gives it, else as resolved.
    fn is_caller(&self, wanted: &Wanted<'_>, event: usize) -> bool {
        let process = wanted.step.process;
        match self.view.stream.events[event].image.start_ns {
            Some(start_ns) => process.is(ProcessKey { pid: process.pid, start_ns }),
            None => wanted.node.is_some() && self.view.processes.of[event].0 == wanted.node,
        }
    }

    fn is_late(&self, event: usize) -> bool {
        let time = self.view.stream.events[event].time;
        self.view.record.end_marker_ns.is_some_and(|end| time.ns.saturating_sub(time.error_ns) > end)
    }
}

fn is_equal(wanted: &Wanted<'_>, event: &Event) -> bool {
    compare::differences(wanted.step, event, wanted.fields).next().is_none()
}

pub(crate) fn is_inside(step: &Step, event: &Event, slack_ns: u64) -> bool {
    let from = step.began_ns.saturating_sub(slack_ns);
    (from..=step.ended_ns.saturating_add(slack_ns)).contains(&event.time.ns)
}
