//! A whole log turned into events: records joined by their serial number.

use std::collections::HashMap;

use lab_model::{Action, Alert, Event, LossCause, Message, ParentRef, Payload, ProcessRef, Text};
use serde_json::{Map, Value};

use super::{
    TICK_NS, TOOL,
    call::{Call, Meaning},
    fields::{self, Field},
    line::{self, Record},
};
use crate::{
    Clock, Decoded,
    stream::{Stream, When, lines},
};

/// Turns the daemon's log into events. Records of one serial that belong to a call are one event; each other record is
/// one of its own.
pub fn decode(log: &[u8], instance: &str, clock: Clock) -> Decoded {
    let mut stream = Stream::new(TOOL, instance, clock);
    let mut groups = Groups::default();
    // A record says nowhere that it is whole but by its newline.
    let cut = !log.is_empty() && !log.ends_with(b"\n");
    let mut cut_off = None;
    let mut rest = lines(log).peekable();
    while let Some(line) = rest.next() {
        let record = line::parse(line.number, line.text);
        let wall_ns = record.as_ref().ok().map(|record| record.wall_ns);
        match record.and_then(|record| Ok((fields::of(record.body)?, record))) {
            Ok((parsed, record)) if cut && rest.peek().is_none() => cut_off = Some((record, parsed)),
            Ok((parsed, record)) => groups.add(record, parsed),
            Err(problem) => stream.unreadable(line.number, wall_ns, problem),
        }
    }
    let mut gaps = Gaps::default();
    for group in groups.list {
        gaps.pass(&group);
        group.tell(&mut stream);
    }
    if let Some((record, parsed)) = cut_off {
        let (number, wall_ns) = (record.number, Some(record.wall_ns));
        tell_alone(&mut stream, (record, parsed), Message { kind: "cut".into() });
        stream.unreadable(number, wall_ns, "cut off: no newline at its end");
    }
    for gap in gaps.open {
        let count = u64::from(gap.last - gap.first) + 1;
        stream.loss(
            None,
            Some(count),
            LossCause::Gap,
            (Some(gap.after_ns), Some(gap.before_ns)),
            None,
            Map::new(),
        );
    }
    stream.finish()
}

/// What a log holds beside the calls that the rule of `key` asked for, taken out: the daemon's own messages, and what the
/// machine's other programs tell it. Losses stay.
pub fn only(decoded: Decoded, key: &str) -> Decoded {
    let Decoded { events, unreadable, mut counters } = decoded;
    let asked = |event: &Event| {
        let of_key = event.raw.get("SYSCALL").and_then(|call| call.get("key")).and_then(Value::as_str);
        let is_call = !matches!(event.payload, Payload::Message(_) | Payload::Alert(_));
        event.payload.action() == Action::Loss || of_key == Some(key) && is_call
    };
    let (mut events, others): (Vec<Event>, Vec<Event>) = events.into_iter().partition(asked);
    for (n, event) in events.iter_mut().enumerate() {
        event.seq.n = n as u64;
    }
    for balance in counters.programs.values_mut() {
        balance.received -= others.len() as u64;
        balance.filtered += others.len() as u64;
    }
    Decoded { events, unreadable, counters }
}

/// Records of one serial, in order.
struct Group<'a> {
    serial: u32,
    wall_ns: u64,
    /// made by the daemon, which counts for itself
    is_daemon: bool,
    records: Vec<(Record<'a>, Vec<Field<'a>>)>,
}

#[derive(Default)]
struct Groups<'a> {
    list: Vec<Group<'a>>,
    places: HashMap<(u64, u32, bool), usize>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, record: Record<'a>, parsed: Vec<Field<'a>>) {
        let is_daemon = record.kind.starts_with("DAEMON_");
        let (wall_ns, serial) = (record.wall_ns, record.serial);
        let at = *self.places.entry((wall_ns, serial, is_daemon)).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(Group { serial, wall_ns, is_daemon, records: Vec::new() });
        }
        self.list[at].records.push((record, parsed));
    }
}

impl Group<'_> {
    fn tell(self, stream: &mut Stream<'_>) {
        let call =
            self.records.iter().find(|(record, _)| record.kind == "SYSCALL").map(|(record, _)| record.number);
        let (alone, joined): (Vec<_>, Vec<_>) =
            self.records.into_iter().partition(|(record, _)| call.is_none() || is_alert(record.kind));
        let when = when(self.wall_ns);
        if let Some(number) = call {
            for _ in joined.iter().skip(1) {
                stream.belongs();
            }
            tell_call(stream, number, when, joined);
        }
        for (record, parsed) in alone {
            let kind = Text::from(record.kind);
            let payload: Payload = if is_alert(record.kind) {
                Alert { rule: kind, priority: Text::default() }.into()
            } else {
                Message { kind }.into()
            };
            tell_alone(stream, (record, parsed), payload);
        }
    }
}

fn when(wall_ns: u64) -> When {
    When { wall_ns: Some(wall_ns), began_ns: Some(wall_ns), error_ns: TICK_NS }
}

fn tell_alone<'a>(
    stream: &mut Stream<'_>,
    (record, parsed): (Record<'a>, Vec<Field<'a>>),
    payload: impl Into<Payload>,
) {
    let pid = parsed.iter().find(|field| field.name == b"pid");
    let pid = pid.and_then(|field| std::str::from_utf8(field.value).ok()?.parse().ok());
    let image = ProcessRef { pid, ..ProcessRef::default() };
    let (number, when) = (record.number, when(record.wall_ns));
    stream.event(number, when, image, payload, raw([(record, parsed)].iter()));
}

fn tell_call(stream: &mut Stream<'_>, number: usize, when: When, records: Vec<(Record<'_>, Vec<Field<'_>>)>) {
    let raw = raw(records.iter());
    let records: Vec<_> = records.into_iter().map(|(record, parsed)| (record.kind, parsed)).collect();
    let call = Call { records: &records };
    let image = ProcessRef {
        pid: call.number("pid"),
        parent: call.number("ppid").map(|pid| ParentRef { pid, start_ns: None }),
        comm: call.comm(),
        ids: call.ids(),
        ..ProcessRef::default()
    };
    let message = || Message { kind: "SYSCALL".into() };
    match call.meaning() {
        Meaning::Event(payload) => stream.event(number, when, image, payload, raw),
        Meaning::Nothing => stream.event(number, when, image, message(), raw),
        Meaning::Short(problem) => {
            stream.event(number, when, image, message(), raw);
            // What no rule asked for stands beside a record of another kind, and need not be whole.
            if call.has_key() {
                stream.unreadable(number, when.wall_ns, problem);
            }
        }
    }
}

/// What the kernel's own rules (of SELinux, AppArmor, seccomp and the like) fired on.
fn is_alert(kind: &str) -> bool {
    matches!(kind, "AVC" | "USER_AVC" | "SECCOMP" | "INTEGRITY_DATA" | "INTEGRITY_RULE")
        || kind.starts_with("ANOM_")
}

/// Every field of every record, by the record's type.
fn raw<'r, 'a: 'r>(records: impl Iterator<Item = &'r (Record<'a>, Vec<Field<'a>>)>) -> Map<String, Value> {
    let mut raw = Map::new();
    for (record, parsed) in records {
        if let Some(node) = record.node {
            raw.insert("node".to_owned(), Value::from(Text::from(node).to_string()));
        }
        raw.insert("serial".to_owned(), Value::from(record.serial));
        fields::add(&mut raw, record.kind.to_owned(), Value::Object(fields::keep(parsed, record.kind)));
    }
    raw
}

/// Serial numbers that nobody wrote a record for.
struct Gap {
    first: u32,
    last: u32,
    after_ns: u64,
    before_ns: u64,
}

/// The kernel numbers its events without gaps; neighbours may come out of order.
#[derive(Default)]
struct Gaps {
    open: Vec<Gap>,
    last: Option<(u32, u64)>,
}

impl Gaps {
    fn pass(&mut self, group: &Group<'_>) {
        if group.is_daemon {
            return;
        }
        let (serial, wall_ns) = (group.serial, group.wall_ns);
        let Some((last, after_ns)) = self.last else {
            self.last = Some((serial, wall_ns));
            return;
        };
        if let Some(at) = self.open.iter().rposition(|gap| (gap.first..=gap.last).contains(&serial)) {
            let gap = self.open.remove(at);
            let (after_ns, before_ns) = (gap.after_ns, gap.before_ns);
            if gap.first < serial {
                self.open.push(Gap { first: gap.first, last: serial - 1, after_ns, before_ns });
            }
            if serial < gap.last {
                self.open.push(Gap { first: serial + 1, last: gap.last, after_ns, before_ns });
            }
            return;
        }
        if serial > last && serial - last > 1 {
            self.open.push(Gap { first: last + 1, last: serial - 1, after_ns, before_ns: wall_ns });
        }
        // A smaller one that was never missed is of another boot.
        self.last = Some((serial, wall_ns));
    }
}
