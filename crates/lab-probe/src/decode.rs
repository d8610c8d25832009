//! From a spool to events: also from one that was cut off, whose end is then a loss without bound.

mod address;
mod call;
mod data;
mod loss;
pub(crate) mod mount;
mod payload;
mod process;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fs, path::Path};

use lab_abi::{Kind, connect_later::ConnectLater};
use lab_model::{
    Connect, Counters, Errno, Event, LossCause, Outcome, Payload, ProcessRef, Refs, Seq, Time, TimeSource,
    spool,
};

use crate::{
    Error,
    ancestry::Ancestor,
    reader::is_loss,
    record::{Record, first_len},
    spool::{End, Header, LAYOUT, Skipped, frame},
};
use loss::Gaps;

/// What a spool holds.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// the events, by the time at which their calls returned
    pub events: Vec<Event>,
    /// the probe's own account; `None` when it did not come to its end
    pub counters: Option<Counters>,
    /// processes older than the attach
    pub ancestry: Vec<Ancestor>,
    /// refused forks: they made no process, so there is no event for them
    pub refused_forks: u64,
    /// syscalls in scope by the 32-bit entry, which the programs do not read: also a loss among the events
    pub foreign: u64,
    /// why the spool ends early, if it does
    pub damage: Option<String>,
}

/// Reads the spool at `path` as events of `instance`.
pub fn decode(path: &Path, instance: &str) -> Result<Decoded, Error> {
    let bytes = fs::read(path).map_err(|error| Error::file("read spool", path, error))?;
    decode_bytes(&bytes, instance).map_err(|message| Error::Spool { path: path.into(), message })
}

fn decode_bytes(bytes: &[u8], instance: &str) -> Result<Decoded, String> {
    let mut decoder = Decoder::new(instance);
    for item in spool::frames(bytes) {
        match item {
            Ok(frame) => decoder.frame(frame)?,
            Err(spool::Damage::Magic) => return Err(spool::Damage::Magic.to_string()),
            Err(damage) => decoder.out.damage = Some(damage.to_string()),
        }
    }
    if decoder.header.is_none() && decoder.out.damage.is_none() {
        return Err("it has no header frame".to_owned());
    }
    Ok(decoder.finish())
}

struct Decoder<'a> {
    instance: &'a str,
    header: Option<Header>,
    out: Decoded,
    processes: process::Images,
    gaps: Gaps,
    /// where the connects are whose end was not known when they returned, by the number of their record
    connecting: HashMap<Seq, usize>,
    losses: Vec<lab_model::Loss>,
    /// latest moment before which everything is known to be written
    whole_until: u64,
    ended: bool,
}

impl<'a> Decoder<'a> {
    fn new(instance: &'a str) -> Self {
        Self {
            instance,
            header: None,
            out: Decoded {
                events: Vec::new(),
                counters: None,
                ancestry: Vec::new(),
                refused_forks: 0,
                foreign: 0,
                damage: None,
            },
            processes: process::Images::default(),
            gaps: Gaps::default(),
            connecting: HashMap::new(),
            losses: Vec::new(),
            whole_until: 0,
            ended: false,
        }
    }

    fn frame(&mut self, frame: spool::Frame<'_>) -> Result<(), String> {
        let json = |error: serde_json::Error| format!("frame at byte {}: {error}", frame.at);
        match frame.kind {
            frame::HEADER => {
                let header: Header = serde_json::from_slice(frame.body).map_err(json)?;
                if header.layout != LAYOUT {
                    return Err(format!("its records have layout {}, expected {LAYOUT}", header.layout));
                }
                self.whole_until = header.ready_ns;
                self.header = Some(header);
            }
            frame::ANCESTRY => self.out.ancestry = serde_json::from_slice(frame.body).map_err(json)?,
            frame::RECORDS => self.records(frame.body),
            frame::HEARTBEAT => {
                if let Some(ns) = frame.body.first_chunk::<8>() {
                    self.whole_until = u64::from_le_bytes(*ns);
                }
            }
            frame::SKIPPED => {
                let skipped: Skipped = serde_json::from_slice(frame.body).map_err(json)?;
                self.losses.extend(loss::skipped(&skipped));
            }
            frame::END => {
                let end: End = serde_json::from_slice(frame.body).map_err(json)?;
                if end.foreign > 0 {
                    // What they were is not known, so each may have been anything.
                    let ready = self.header.as_ref().map_or(0, |header| header.ready_ns);
                    let cause = LossCause::Unreadable;
                    self.losses.push(loss::between(Some(end.foreign), ready, Some(end.ns), cause));
                }
                self.whole_until = end.ns;
                self.out.counters = Some(end.counters);
                self.out.foreign = end.foreign;
                self.ended = true;
            }
            kind => return Err(format!("frame at byte {} has the unknown kind {kind}", frame.at)),
        }
        Ok(())
    }

    fn records(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((first, rest)) = first_len(bytes).and_then(|len| bytes.split_at_checked(len)) else {
                return self.unreadable();
            };
            bytes = rest;
            if is_loss(first) {
                if let Some(record) = lab_abi::read(first) {
                    self.losses.extend(self.gaps.told(&record));
                }
            } else if let Some(record) = Record::parse(first) {
                self.record(&record);
            } else {
                self.unreadable();
            }
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.gaps.saw(&record.head);
        if let Some(body) = record.body().filter(|_| record.kind == Kind::ConnectLater) {
            return self.later(&body);
        }
        let image = self.processes.image(record);
        let Some((payload, raw)) = payload::payload(record) else {
            if record.kind == Kind::Fork {
                self.out.refused_forks += 1;
            } else {
                self.unreadable();
            }
            return;
        };
        let time = Time {
            ns: record.head.exit,
            began_ns: (!record.flag(lab_abi::flag::NO_ENTER)).then_some(record.head.enter),
            error_ns: 0,
            source: TimeSource::Kernel,
        };
        let seq = Seq { stream: record.head.cpu, n: record.head.seq.saturating_sub(1) };
        if let Payload::Connect(Connect { result: Outcome::Errno(Errno(EINPROGRESS)), .. }) = payload {
            self.connecting.insert(seq, self.out.events.len());
        }
        self.out.events.push(self.event(seq, time, image, payload, raw));
    }

    /// One event tells how a connect ended and that it took its time.
    fn later(&mut self, body: &ConnectLater) {
        let seq = Seq { stream: body.cpu, n: body.seq.saturating_sub(1) };
        let event = self.connecting.remove(&seq).and_then(|at| self.out.events.get_mut(at));
        if let Some(Event { payload: Payload::Connect(connect), raw, .. }) = event {
            connect.later = payload::later(body);
            if connect.later.is_none() {
                raw.insert("later".to_owned(), "closed by the caller".into());
            }
        }
    }

    fn event(&self, seq: Seq, time: Time, image: ProcessRef, payload: Payload, raw: Raw) -> Event {
        let instance = self.instance.to_owned();
        Event { instance, seq, time, subject: None, image, payload, refs: Refs::default(), raw }
    }

    fn unreadable(&mut self) {
        let loss = loss::between(Some(1), self.whole_until, None, LossCause::Unreadable);
        self.losses.push(loss);
    }

    fn finish(mut self) -> Decoded {
        if !self.ended {
            self.losses.push(loss::between(None, self.whole_until, None, LossCause::Killed));
        }
        self.losses.extend(self.gaps.unexplained());
        // A stream of its own: a loss has no place in a CPU's numbers but the gap itself.
        for (n, loss) in (0..).zip(std::mem::take(&mut self.losses)) {
            let ns = loss.last_ns.unwrap_or(loss.first_ns);
            let time = Time { ns, began_ns: Some(loss.first_ns), error_ns: 0, source: TimeSource::Kernel };
            let seq = Seq { stream: LOSS_STREAM, n };
            let event = self.event(seq, time, ProcessRef::default(), loss.into(), Raw::new());
            self.out.events.push(event);
        }
        self.out.events.sort_by_key(|event| (event.time.ns, event.seq));
        self.out
    }
}

/// Fields of a record that an event has no place for.
type Raw = serde_json::Map<String, serde_json::Value>;

/// What a connect returns that is not done yet.
const EINPROGRESS: i32 = nix::libc::EINPROGRESS;

/// The stream of loss events; the others are numbered by CPU.
const LOSS_STREAM: u32 = u32::MAX;
