//! The intervals in which an instance lost events, and what they could have touched.

use lab_model::{Action, InstanceRecord, LossCause, Payload, Receipt, Step};

use crate::stream::Stream;

/// Actions without which a sensor may not know that later calls belong to its subject, or to which name.
const ANCESTRAL: &[Action] = &[Action::Fork, Action::Exec, Action::SetId, Action::Exit, Action::Rename];

/// Events that did not arrive, with the moments between which they happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) first_ns: u64,
    /// `None` is without bound
    pub(crate) last_ns: Option<u64>,
    pub(crate) of: Option<Action>,
    pub(crate) cause: LossCause,
    pub(crate) count: Option<u64>,
}

/// Every interval of an instance: what it reported, what its counters say beyond that, and what followed its death.
pub(crate) fn intervals(record: &InstanceRecord, stream: &Stream<'_>) -> Vec<Interval> {
    let mut all: Vec<Interval> = stream
        .losses
        .iter()
        .filter(|loss| loss.count != Some(0))
        .map(|loss| Interval {
            first_ns: loss.first_ns,
            last_ns: loss.last_ns.map(|last| last.max(loss.first_ns)),
            of: loss.of,
            cause: loss.cause,
            count: loss.count,
        })
        .collect();
    let reported: u64 = all.iter().filter_map(|loss| loss.count).fold(0, u64::saturating_add);
    let counted = record.counters.as_ref().map_or(0, |counters| {
        counters.programs.values().flat_map(|b| b.lost.values()).copied().fold(0, u64::saturating_add)
    });
    if counted > reported && all.iter().all(|loss| loss.count.is_some()) {
        all.push(Interval {
            first_ns: record.start_marker_ns.unwrap_or(0),
            last_ns: record.end_marker_ns,
            of: None,
            cause: LossCause::Gap,
            count: Some(counted - reported),
        });
    }
    all.extend(unaccounted(record, stream));
    let known = all.iter().any(|loss| loss.cause == LossCause::Killed && loss.last_ns.is_none());
    if (record.counters.is_none() || record.end_marker_ns.is_none()) && !known {
        all.push(Interval {
            first_ns: stream.last_ns().unwrap_or(0),
            last_ns: None,
            of: None,
            cause: LossCause::Killed,
            count: None,
        });
    }
    all
}

/// Events that an instance says it received and that its record does not hold. Programs are called like actions where
/// each call makes one event; a refused fork makes none.
fn unaccounted<'a>(
    record: &'a InstanceRecord,
    stream: &'a Stream<'_>,
) -> impl Iterator<Item = Interval> + use<'a> {
    let programs = record.counters.iter().flat_map(|counters| &counters.programs);
    programs.filter_map(|(program, balance)| {
        let action = program.parse::<Action>().ok().filter(|action| *action != Action::Fork)?;
        let held = stream.events.iter().filter(|event| event.payload.action() == action).count() as u64;
        let count = balance.received.checked_sub(held).filter(|count| *count > 0)?;
        Some(Interval {
            first_ns: record.start_marker_ns.unwrap_or(0),
            last_ns: record.end_marker_ns,
            of: Some(action),
            cause: LossCause::Gap,
            count: Some(count),
        })
    })
}

impl Interval {
    /// True if it has a moment in common with the closed interval from `first_ns` to `last_ns`.
    pub(crate) fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        self.first_ns <= last_ns && self.last_ns.is_none_or(|last| last >= first_ns)
    }

    /// True if the event of `step`, or one of an ancestor that leads to it, can be among the lost ones.
    pub(crate) fn touches(&self, receipt: &Receipt, step: &Step) -> bool {
        // Who waits for an exit notes its time only afterwards.
        let is_exit = matches!(step.payload, Payload::Exit(_));
        let began = if is_exit { receipt.began_ns } else { step.began_ns };
        let own = self.of.is_none_or(|of| of == step.payload.action());
        let ancestral = self.of.is_none_or(|of| ANCESTRAL.contains(&of));
        own && self.overlaps(began, step.ended_ns)
            || ancestral && self.overlaps(receipt.began_ns, step.ended_ns)
    }

    /// In a sentence's middle: "lost 3 open events between 1.000000 s and 2.000000 s (reserve-failed)".
    pub(crate) fn describe(&self) -> String {
        let count = self.count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
        let of = self.of.map_or_else(String::new, |of| format!(" {of}"));
        let last = self.last_ns.map_or_else(|| "its end".to_owned(), seconds);
        format!(
            "lost {count}{of} events between {} and {last} ({})",
            seconds(self.first_ns),
            cause_word(self.cause)
        )
    }
}

/// A moment on the boot clock, for people.
pub(crate) fn seconds(ns: u64) -> String {
    format!("{}.{:06} s", ns / 1_000_000_000, ns % 1_000_000_000 / 1_000)
}

fn cause_word(cause: LossCause) -> &'static str {
    match cause {
        LossCause::ReserveFailed => "no room in the ring buffer",
        LossCause::StateFull => "no room for the arguments of calls",
        LossCause::ExitWithoutEnter => "a call returned whose start was not seen",
        LossCause::EnterWithoutExit => "a call began whose return was not seen",
        LossCause::Recursion => "the program was already running",
        LossCause::Killed => "the sensor ended before it was told to",
        LossCause::Gap => "no counter explains it",
        LossCause::Unreadable => "unreadable records",
        LossCause::WriteFailed => "records could not be written",
        LossCause::QueueFull => "no room in a queue on the way",
        LossCause::Throttled => "the sensor held back",
    }
}
