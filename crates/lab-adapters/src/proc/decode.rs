//! What the poller said turned into events.

use lab_model::{Action, Exec, Exit, Fork, Ids, LossCause, Message, Outcome, ProcessRef, TICK_NS, Text};
use serde_json::{Map, Value};

use super::known::{Image, Known, ns};
use crate::{
    Clock, Decoded,
    json::{self, Record},
    stream::{Stream, When},
};

const TOOL: &str = "proc";

/// How long after its beginning a process may come into the cgroup and count as begun there: it is put there before it
/// executes its program, and may have to wait for a processor.
const JUST_NS: u64 = 1_000_000_000;

/// Turns what `lab-poll` said into the events of `instance`. Its clock is the boot clock: none is needed.
pub fn decode(log: &[u8], instance: &str, _clock: Clock) -> Decoded {
    let boot = Clock { offset_ns: 0, error_ns: 0 };
    let mut known = Known::default();
    json::decode(TOOL, log, instance, boot, |stream, line, record| read(stream, line, record, &mut known))
}

/// A line about one process.
pub(super) struct About {
    pub(super) start: u64,
    pub(super) parent: u32,
    process: ProcessRef,
    image: Option<Image>,
    /// what a parent executes that is not in the cgroup
    pub(super) outside: Option<Image>,
}

/// When something came to be so: after the first moment, not after the second.
#[derive(Clone, Copy)]
struct Between(u64, u64);

impl Between {
    fn when(self) -> When {
        let Self(from, to) = self;
        When { wall_ns: Some(from.midpoint(to)), began_ns: None, error_ns: (to - from).div_ceil(2) }
    }

    /// The part of it that lies in another one.
    fn within(self, other: Self) -> Option<Self> {
        let (from, to) = (self.0.max(other.0), self.1.min(other.1));
        (from <= to).then_some(Self(from, to))
    }
}

fn read(stream: &mut Stream<'_>, line: usize, mut record: Record, known: &mut Known) -> Result<(), String> {
    let said = record.take_text(&["say"]).ok_or("no line of the poller's: it has no `say`")?;
    match said.as_bytes() {
        b"ready" | b"mark" | b"end" => stream.belongs(),
        b"new" if !record.has("from") => {
            let about = about(&mut record, known)?;
            known.keep(about.start, &about.process, about.image);
            stream.belongs();
        }
        b"new" => {
            let (between, about) = (between(&mut record)?, about(&mut record, known)?);
            new(stream, line, between, about, record.0, known);
        }
        b"exec" => {
            let (between, about) = (between(&mut record)?, about(&mut record, known)?);
            let image = about.image.ok_or("an exec without its image")?;
            known.keep(about.start, &about.process, Some(image.clone()));
            stream.event(line, between.when(), about.process, executed(image), record.0);
        }
        b"ids" => {
            let (between, about) = (between(&mut record)?, about(&mut record, known)?);
            known.keep(about.start, &about.process, about.image);
            stream.event(line, between.when(), about.process, Message { kind: "ids".into() }, record.0);
        }
        b"gone" => {
            let between = between(&mut record)?;
            let pid = number(&mut record, &["pid"])?;
            let process = known.named(pid, number(&mut record, &["start"])?);
            known.forget(pid);
            stream.event(line, between.when(), process, Exit { code: None, signal: None }, record.0);
        }
        b"unread" => {
            let Between(from, to) = between(&mut record)?;
            stream.loss(Some(line), Some(1), LossCause::Unreadable, (Some(from), Some(to)), None, record.0);
        }
        _ => return Err(format!("no line of the poller's: {said}")),
    }
    Ok(())
}

/// A process that was not there before. Who made it and whether it executed something itself follows from who is known.
fn new(
    stream: &mut Stream<'_>,
    line: usize,
    between: Between,
    about: About,
    raw: Map<String, Value>,
    known: &mut Known,
) {
    let inherited = about.image.as_ref().is_some_and(|image| known.can_inherit(&about, image));
    let About { start, parent, process, image, .. } = about;
    let tick = Between(ns(start), ns(start).saturating_add(TICK_NS));
    let Between(from, to) = between;
    let born = between.within(tick).or((tick.1 < from && from - tick.1 <= JUST_NS).then_some(tick));
    let maker = known.parent(parent, start);
    known.keep(start, &process, image.clone());
    let mut raw = Some(raw);
    let mut told = || raw.take().unwrap_or_default();
    let mut events = 0;
    if let (Some(born), Some(maker), Some(child)) = (born, maker, process.pid) {
        let fork = Fork { child, child_start_ns: process.start_ns };
        stream.event(line, born.when(), maker, fork, told());
        events += 1;
    }
    match image {
        Some(image) if born.is_some() && !inherited => {
            // What it executes it can have executed only once it was there, or before it came.
            let from = if tick.1 < from { tick.0 } else { from.max(tick.0) };
            let when = Between(from, to).when();
            stream.event(line, when, process, executed(image), told());
        }
        None => {
            let what = "it ended before it was said what it executes";
            stream.lost_here(line, LossCause::Unreadable, (from, to), Some(Action::Exec), what);
        }
        // It came from another cgroup, or nobody knows from whom it has its image.
        Some(_) if events == 0 => {
            stream.event(line, between.when(), process, Message { kind: "process".into() }, told());
        }
        Some(_) => {}
    }
}

fn executed(image: Image) -> Exec {
    Exec {
        path: image.exe.clone(),
        argv: Some(image.argv),
        argv_truncated: false,
        exe: Some(image.exe),
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    }
}

fn between(record: &mut Record) -> Result<Between, String> {
    let (from, to) = (number(record, &["from"])?, number(record, &["to"])?);
    if from > to { Err("an interval that ends before it begins".to_owned()) } else { Ok(Between(from, to)) }
}

fn about(record: &mut Record, known: &Known) -> Result<About, String> {
    let Some(Value::Object(fields)) = record.take(&["process"]) else {
        return Err("nothing of a process".to_owned());
    };
    let mut fields = Record(fields);
    let (pid, start) = (number(&mut fields, &["pid"])?, number(&mut fields, &["start"])?);
    let parent = number(&mut fields, &["parent"])?;
    let ids = fields.take(&["ids"]).unwrap_or_default();
    let ids: Ids = serde_json::from_value(ids).map_err(|error| format!("ids: {error}"))?;
    let comm = text(fields.take(&["comm"]), "comm")?;
    let image = image(fields.take(&["image"]))?;
    let outside = self::image(record.take(&["parent_image"]))?;
    if !fields.0.is_empty() {
        record.0.insert("process".to_owned(), Value::Object(fields.0));
    }
    let process = ProcessRef {
        start_ns: Some(ns(start)),
        parent: known.parent_ref(parent, start),
        comm: Some(comm),
        ids: Some(ids),
        ..json::process(Some(pid))
    };
    Ok(About { start, parent, process, image, outside })
}

fn image(value: Option<Value>) -> Result<Option<Image>, String> {
    let mut fields = match value {
        Some(Value::Object(fields)) => Record(fields),
        Some(_) => return Err("an image that is none".to_owned()),
        None => return Ok(None),
    };
    let exe = text(fields.take(&["exe"]), "exe")?;
    let Some(Value::Array(argv)) = fields.take(&["argv"]) else { return Err("no `argv`".to_owned()) };
    let argv = argv.into_iter().map(|argument| text(Some(argument), "argv"));
    Ok(Some(Image { exe, argv: argv.collect::<Result<_, _>>()? }))
}

fn text(value: Option<Value>, name: &str) -> Result<Text, String> {
    serde_json::from_value(value.unwrap_or_default()).map_err(|error| format!("{name}: {error}"))
}

fn number<T: TryFrom<u64>>(record: &mut Record, way: &[&str]) -> Result<T, String> {
    record.take_number(way).ok_or_else(|| format!("no number `{}`", way.join(".")))
}
