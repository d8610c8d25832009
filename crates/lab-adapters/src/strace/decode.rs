//! A whole log turned into events.

use std::collections::HashMap;

use lab_model::{
    Action, Balance, Counters, Event, Exit, Loss, LossCause, Outcome, Payload, ProcessRef, Refs, Seq, Signal,
    SignalTarget, Time, TimeSource,
};
use serde_json::{Map, Value};

use super::{
    Clock,
    call::{self, Call, Meaning},
    line::{self, Shape},
    lives::{Life, Lives},
    token, value,
};
use crate::Unreadable;

/// A log as events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// what was seen, in the order in which it ended, and losses
    pub events: Vec<Event>,
    /// lines that could not be read; each is a loss among the events too
    pub unreadable: Vec<Unreadable>,
    /// threads whose end the log does not have: strace ended before they did. Then the last event is a loss without bound.
    pub unended: Vec<u32>,
    /// lines by what became of them
    pub counters: Counters,
}

/// Turns the log of a strace that was attached to `attached` into the events of `instance`.
pub fn decode(log: &[u8], attached: u32, instance: &str, clock: Clock) -> Decoded {
    let mut reader = Reader::default();
    let whole = log.strip_suffix(b"\n").or(log.is_empty().then_some(log));
    let (lines, cut) = whole.map_or_else(
        || {
            let end = log.iter().rposition(|b| *b == b'\n').unwrap_or(0);
            (&log[..end], true)
        },
        |lines| (lines, false),
    );
    let mut count = 0;
    for text in lines.split(|b| *b == b'\n').filter(|_| !lines.is_empty()) {
        count += 1;
        reader.line(count, text);
    }
    if cut {
        reader.balance.produced += 1;
        reader.unreadable(count + 1, None, None, "cut off: no newline at its end");
    }
    reader.finish(attached, instance, clock)
}

/// What a line, or two that belong together, came to.
struct Record {
    line: usize,
    life: Option<Life>,
    began_ns: Option<u64>,
    ended_ns: u64,
    payload: Payload,
    raw: Map<String, Value>,
}

/// A call that has begun.
struct Pending {
    line: usize,
    wall_ns: u64,
    name: String,
    text: Vec<u8>,
}

#[derive(Default)]
struct Reader {
    lives: Lives,
    pending: HashMap<u32, Pending>,
    records: Vec<Record>,
    unreadable: Vec<Unreadable>,
    balance: Balance,
    /// of the last line that had a time
    last_ns: u64,
}

impl Reader {
    fn line(&mut self, number: usize, text: &[u8]) {
        self.balance.produced += 1;
        let line = match line::parse(text) {
            Ok(line) => line,
            Err(broken) => return self.unreadable(number, broken.wall_ns, None, broken.problem),
        };
        self.last_ns = self.last_ns.max(line.wall_ns);
        let life = self.lives.at(line.tid, number);
        match line.shape {
            Shape::Signal => self.balance.filtered += 1,
            Shape::Detached => {
                self.pending.remove(&line.tid);
                self.lives.end(line.tid);
                self.balance.in_flight += 1;
            }
            Shape::Superseded { by } => {
                // The call that replaces the process returns under the id of its first thread.
                if let Some(pending) = self.pending.remove(&by) {
                    self.abandon(line.tid);
                    self.pending.insert(line.tid, pending);
                }
                self.lives.end(by);
                self.balance.filtered += 1;
            }
            Shape::Exited { code } => {
                self.end(number, life, &line, Exit { code: Some(code & 0xff), signal: None });
            }
            Shape::Killed { signal } => {
                self.end(number, life, &line, Exit { code: None, signal: Some(signal) });
            }
            Shape::Unfinished { name, head } => {
                self.abandon(line.tid);
                let pending = Pending {
                    line: number,
                    wall_ns: line.wall_ns,
                    name: name.to_owned(),
                    text: head.to_vec(),
                };
                self.pending.insert(line.tid, pending);
            }
            Shape::Resumed { name, rest } => self.resume(number, life, &line, name, rest),
            Shape::Call { name, rest } => {
                self.abandon(line.tid);
                self.call(number, number, life, name, rest, line.wall_ns, None);
            }
        }
    }

    /// A call of this thread began and will not be heard of again.
    fn abandon(&mut self, tid: u32) {
        self.balance.in_flight += u64::from(self.pending.remove(&tid).is_some());
    }

    fn end(&mut self, number: usize, life: Life, line: &line::Line<'_>, exit: Exit) {
        self.abandon(line.tid);
        self.lives.end(line.tid);
        self.records.push(Record {
            line: number,
            life: Some(life),
            began_ns: None,
            ended_ns: line.wall_ns,
            payload: exit.into(),
            raw: Map::new(),
        });
    }

    fn resume(&mut self, number: usize, life: Life, line: &line::Line<'_>, name: &str, rest: &[u8]) {
        match self.pending.remove(&line.tid) {
            Some(mut pending) if pending.name == name => {
                // Two lines, one record.
                self.balance.produced -= 1;
                if let Some(more) = rest.strip_suffix(b"<unfinished ...>") {
                    pending.text.extend_from_slice(more);
                    self.pending.insert(line.tid, pending);
                    return;
                }
                pending.text.extend_from_slice(rest);
                let Pending { line: began, wall_ns, text, .. } = pending;
                self.call(began, number, life, name, &text, wall_ns, Some(line.wall_ns));
            }
            other => {
                self.balance.in_flight += u64::from(other.is_some());
                match call::action_of(name) {
                    Some(action) => {
                        let problem = "a call goes on whose beginning is not there";
                        self.unreadable(number, Some(line.wall_ns), Some(action), problem);
                    }
                    None => self.balance.filtered += 1,
                }
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a call has this many sides, and one caller each for one line and for two"
    )]
    fn call(
        &mut self,
        began: usize,
        number: usize,
        life: Life,
        name: &str,
        text: &[u8],
        began_ns: u64,
        resumed_ns: Option<u64>,
    ) {
        let Some(action) = call::action_of(name) else {
            self.balance.filtered += 1;
            return;
        };
        let wrong =
            |reader: &mut Self, problem| reader.unreadable(number, Some(began_ns), Some(action), problem);
        let Some((arguments, behind)) = token::arguments(text) else {
            return wrong(self, "a call without its closing bracket");
        };
        let Some(ending) = value::ending(behind) else { return wrong(self, "a call without a result") };
        let Some(outcome) = ending.outcome else {
            self.balance.in_flight += 1;
            return;
        };
        let call = Call { name, arguments: &arguments, outcome };
        let ended_ns =
            ending.took_ns.map(|took| began_ns.saturating_add(took)).or(resumed_ns).unwrap_or(began_ns);
        match call::meaning(&call, ending) {
            Some(Meaning::Event(payload, raw)) => {
                if let Payload::Fork(fork) = &payload {
                    self.lives.born(began, fork.child, false, life);
                }
                let (life, began_ns) = (Some(life), Some(began_ns));
                self.records.push(Record { line: number, life, began_ns, ended_ns, payload, raw });
            }
            Some(Meaning::Thread { child }) => {
                self.lives.born(began, child, true, life);
                self.balance.filtered += 1;
            }
            Some(Meaning::Nothing) => self.balance.filtered += 1,
            None => wrong(self, "a call with arguments of an unknown form"),
        }
    }

    fn unreadable(&mut self, number: usize, at_ns: Option<u64>, of: Option<Action>, problem: &'static str) {
        self.unreadable.push(Unreadable { tool: "strace", line: number, problem: problem.to_owned() });
        *self.balance.lost.entry(LossCause::Unreadable).or_default() += 1;
        let first_ns = at_ns.unwrap_or(self.last_ns);
        // Without a time of its own the line was written before the next one that has one; that is filled in below.
        let last_ns = at_ns.map(|at| at.max(self.last_ns));
        let loss = Loss { count: Some(1), first_ns, last_ns, cpu: None, cause: LossCause::Unreadable, of };
        self.records.push(Record {
            line: number,
            life: None,
            began_ns: None,
            ended_ns: first_ns,
            payload: loss.into(),
            raw: Map::from_iter([("problem".to_owned(), Value::from(problem))]),
        });
    }

    fn finish(mut self, attached: u32, instance: &str, clock: Clock) -> Decoded {
        let mut unended = self.lives.unended();
        if !self.lives.has(attached) {
            unended.push(attached);
        }
        self.balance.in_flight += self.pending.len() as u64;
        let mut bound = unended.is_empty().then_some(self.last_ns);
        for record in self.records.iter_mut().rev() {
            match &mut record.payload {
                Payload::Loss(loss) => loss.last_ns = loss.last_ns.or(bound),
                _ => bound = Some(record.ended_ns),
            }
        }
        if !unended.is_empty() {
            let (first_ns, cause) = (self.last_ns, LossCause::Killed);
            let loss = Loss { count: None, first_ns, last_ns: None, cpu: None, cause, of: None };
            self.records.push(Record {
                line: 0,
                life: None,
                began_ns: None,
                ended_ns: self.last_ns,
                payload: loss.into(),
                raw: Map::new(),
            });
        }
        let (events, threads) = events(&mut self, instance, clock);
        self.balance.filtered += threads;
        let losses = events.iter().filter(|event| event.payload.action() == Action::Loss).count();
        self.balance.received = (events.len() - losses) as u64;
        let counters = Counters { programs: [("log".to_owned(), self.balance)].into(), redacted: 0 };
        Decoded { events, unreadable: self.unreadable, unended, counters }
    }
}

/// The records as events, and how many are none: ends of mere threads, signals to oneself.
fn events(reader: &mut Reader, instance: &str, clock: Clock) -> (Vec<Event>, u64) {
    let leaders = reader.lives.leaders();
    let mut images: HashMap<Life, u32> = HashMap::new();
    let (mut events, mut left) = (Vec::with_capacity(reader.records.len()), 0);
    for mut record in std::mem::take(&mut reader.records) {
        let mut image = ProcessRef::default();
        if let Some(life) = record.life {
            let leader = leaders.get(life).copied().unwrap_or(life);
            if matches!(record.payload, Payload::Exit(_)) && leader != life {
                left += 1;
                continue;
            }
            // What a process sends itself is no event, as it is none of the probe's.
            let own = [reader.lives.tid(leader), reader.lives.tid(life)];
            if matches!(&record.payload, Payload::Signal(Signal { pid: Some(pid), target: SignalTarget(0 | 1), .. }) if own.contains(&pid.0))
            {
                left += 1;
                continue;
            }
            let count = images.entry(leader).or_insert(1);
            if matches!(&record.payload, Payload::Exec(exec) if matches!(exec.result, Outcome::Ok(_))) {
                *count += 1;
            }
            image.pid = Some(reader.lives.tid(leader));
            image.tid = Some(reader.lives.tid(life));
            image.exec_seq = Some(*count);
        }
        if let Payload::Loss(loss) = &mut record.payload {
            loss.first_ns = clock.boot(loss.first_ns).saturating_sub(clock.error_ns);
            loss.last_ns = loss.last_ns.map(|at| clock.boot(at).saturating_add(clock.error_ns));
        }
        if record.line > 0 {
            record.raw.insert("line".to_owned(), Value::from(record.line));
        }
        events.push(Event {
            instance: instance.to_owned(),
            seq: Seq { stream: 0, n: events.len() as u64 },
            time: Time {
                ns: clock.boot(record.ended_ns),
                began_ns: record.began_ns.map(|at| clock.boot(at)),
                error_ns: clock.error_ns,
                source: TimeSource::SensorWall,
            },
            subject: None,
            image,
            payload: record.payload,
            refs: Refs::default(),
            raw: record.raw,
        });
    }
    (events, left)
}
