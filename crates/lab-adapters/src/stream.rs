//! Events put together in the order of the record, and an account of every line of it.

use lab_model::{
    Action, Balance, Counters, Event, Loss, LossCause, Payload, ProcessRef, Refs, Seq, Time, TimeSource,
};
use serde_json::{Map, Value};

use crate::Clock;

/// A record of a foreign sensor as events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// what was seen, and losses
    pub events: Vec<Event>,
    /// what could not be read; each is a loss among the events too
    pub unreadable: Vec<Unreadable>,
    /// records by what became of them
    pub counters: Counters,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {tool}'s record: line {line}: {problem}")]
pub struct Unreadable {
    /// whose record
    pub tool: &'static str,
    /// line, or packet, from 1
    pub line: usize,
    /// what is wrong
    pub problem: String,
}

/// One line.
pub(crate) struct Line<'a> {
    /// from 1
    pub(crate) number: usize,
    pub(crate) text: &'a [u8],
}

/// The lines that hold something. The last one counts also if no newline ends it: whether it is whole, it says itself.
pub(crate) fn lines(log: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let numbered = log.split(|byte| *byte == b'\n').enumerate();
    numbered
        .map(|(at, text)| Line { number: at + 1, text: text.strip_suffix(b"\r").unwrap_or(text) })
        .filter(|line| !line.text.trim_ascii().is_empty())
}

/// When something happened, by the record's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct When {
    /// wall clock, at its end; `None` if the record does not say
    pub(crate) wall_ns: Option<u64>,
    /// the same at its beginning
    pub(crate) began_ns: Option<u64>,
    /// bound of the error, beside the clock's own
    pub(crate) error_ns: u64,
}

impl When {
    pub(crate) fn at(wall_ns: Option<u64>) -> Self {
        Self { wall_ns, ..Self::default() }
    }
}

/// Events being put together.
pub(crate) struct Stream<'a> {
    tool: &'static str,
    instance: &'a str,
    clock: Clock,
    pub(crate) events: Vec<Event>,
    unreadable: Vec<Unreadable>,
    pub(crate) balance: Balance,
    pub(crate) redacted: u64,
    /// the latest moment that the record has told so far, on the boot clock
    last_ns: u64,
    source: TimeSource,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(tool: &'static str, instance: &'a str, clock: Clock) -> Self {
        Self {
            tool,
            instance,
            clock,
            events: Vec::new(),
            unreadable: Vec::new(),
            balance: Balance::default(),
            redacted: 0,
            last_ns: 0,
            source: TimeSource::SensorWall,
        }
    }

    /// For a record whose moments are the kernel's own, on the boot clock.
    pub(crate) fn on_boot_clock(tool: &'static str, instance: &'a str) -> Self {
        let clock = Clock { offset_ns: 0, error_ns: 0 };
        Self { source: TimeSource::Kernel, ..Self::new(tool, instance, clock) }
    }

    /// Adds what line `number` says. Without a time it happened at any time, for all that is known.
    pub(crate) fn event(
        &mut self,
        number: usize,
        when: When,
        image: ProcessRef,
        payload: impl Into<Payload>,
        mut raw: Map<String, Value>,
    ) {
        self.balance.produced += 1;
        self.balance.received += 1;
        raw.insert("line".to_owned(), Value::from(number));
        let time = match when.wall_ns {
            Some(wall_ns) => Time {
                ns: self.clock.boot(wall_ns),
                began_ns: when.began_ns.map(|at| self.clock.boot(at)),
                error_ns: self.clock.error_ns.saturating_add(when.error_ns),
                source: self.source,
            },
            None => {
                let (ns, error_ns) = (self.last_ns, i64::MAX.unsigned_abs());
                Time { ns, began_ns: None, error_ns, source: TimeSource::Received }
            }
        };
        self.last_ns = self.last_ns.max(time.ns);
        self.push(time, image, payload.into(), raw);
    }

    fn push(&mut self, time: Time, image: ProcessRef, payload: Payload, raw: Map<String, Value>) {
        self.events.push(Event {
            instance: self.instance.to_owned(),
            seq: Seq { stream: 0, n: self.events.len() as u64 },
            time,
            subject: None,
            image,
            payload,
            refs: Refs::default(),
            raw,
        });
    }

    /// A line that belongs to another record: two lines, one event.
    pub(crate) fn belongs(&mut self) {
        self.balance.filtered += 1;
        self.balance.produced += 1;
    }

    /// A line that cannot be read. It was written at `wall_ns`, or else somewhere between its neighbours.
    pub(crate) fn unreadable(&mut self, number: usize, wall_ns: Option<u64>, problem: impl Into<String>) {
        let problem = problem.into();
        let raw = told(number, &problem);
        self.unreadable.push(Unreadable { tool: self.tool, line: number, problem });
        let first_ns = wall_ns.map_or(self.last_ns, |at| self.clock.boot(at));
        let times = (first_ns, wall_ns.map(|_| first_ns));
        self.lost(Some(1), LossCause::Unreadable, times, (None, None), raw);
    }

    /// A call of line `number` whose event cannot be made: it began and ended at these moments of the wall clock.
    pub(crate) fn lost_here(
        &mut self,
        number: usize,
        cause: LossCause,
        (first, last): (u64, u64),
        of: Option<Action>,
        problem: &str,
    ) {
        let times = (self.clock.boot(first), Some(self.clock.boot(last)));
        self.lost(Some(1), cause, times, (None, of), told(number, problem));
    }

    /// The sensor says that records found no room, and not when: each was a record as any other.
    pub(crate) fn dropped(&mut self, count: u64) {
        self.belongs();
        self.balance.produced = self.balance.produced.saturating_add(count);
        let lost = self.balance.lost.entry(LossCause::QueueFull).or_default();
        *lost = lost.saturating_add(count);
    }

    /// The sensor says, in line `number` if it is one line, that it lost this many between two moments of the wall clock;
    /// `None` is without bound.
    pub(crate) fn loss(
        &mut self,
        number: Option<usize>,
        count: Option<u64>,
        cause: LossCause,
        (first, last): (Option<u64>, Option<u64>),
        cpu: Option<u32>,
        mut raw: Map<String, Value>,
    ) {
        if let Some(number) = number {
            raw.insert("line".to_owned(), Value::from(number));
        }
        let first_ns = first.map_or(0, |at| self.clock.boot(at));
        let last_ns = last.map(|at| self.clock.boot(at));
        self.lost(count, cause, (first_ns, last_ns), (cpu, None), raw);
    }

    fn lost(
        &mut self,
        count: Option<u64>,
        cause: LossCause,
        (first_ns, last_ns): (u64, Option<u64>),
        (cpu, of): (Option<u32>, Option<Action>),
        raw: Map<String, Value>,
    ) {
        let known = count.unwrap_or(0);
        self.balance.produced = self.balance.produced.saturating_add(known);
        let lost = self.balance.lost.entry(cause).or_default();
        *lost = lost.saturating_add(known);
        let error_ns = self.clock.error_ns;
        let loss = Loss {
            count,
            first_ns: first_ns.saturating_sub(error_ns),
            last_ns: last_ns.map(|at| at.saturating_add(error_ns)),
            cpu,
            cause,
            of,
        };
        let time = Time { ns: first_ns, began_ns: None, error_ns, source: self.source };
        self.push(time, ProcessRef::default(), loss.into(), raw);
    }

    /// The bound of unreadable lines that have no time of their own is the next moment that the record tells; behind
    /// the last one there is none.
    pub(crate) fn finish(mut self) -> Decoded {
        let mut bound = None;
        for event in self.events.iter_mut().rev() {
            match &mut event.payload {
                Payload::Loss(loss) if loss.cause == LossCause::Unreadable => {
                    loss.last_ns = loss.last_ns.or(bound);
                }
                payload if payload.action() != Action::Loss && event.time.source != TimeSource::Received => {
                    bound = Some(event.time.ns.saturating_add(event.time.error_ns));
                }
                _ => {}
            }
        }
        let counters =
            Counters { programs: [("log".to_owned(), self.balance)].into(), redacted: self.redacted };
        Decoded { events: self.events, unreadable: self.unreadable, counters }
    }
}

/// What a loss says of the line that it comes from.
fn told(number: usize, problem: &str) -> Map<String, Value> {
    Map::from_iter([("problem".to_owned(), problem.into()), ("line".to_owned(), number.into())])
}
