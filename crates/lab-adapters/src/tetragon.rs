//! Tetragon's export: processes that began and ended, and what its policies' hooks fired on.
//!
//! A hook is an action of ours only if it says how the call ended; else it is the alert of its policy.

use lab_model::{Exec, Exit, LossCause, Message, Outcome, ParentRef, Payload, ProcessRef, Text};
use serde_json::{Map, Value};

use crate::{
    Clock, Decoded,
    clock::wall,
    json::{self, Record},
    signal,
    stream::{Stream, When},
};

mod hook;

const TOOL: &str = "tetragon";

/// Turns export lines, one JSON object each, into events.
pub fn decode(log: &[u8], instance: &str, clock: Clock) -> Decoded {
    let mut throttled = Throttled::default();
    json::decode(TOOL, log, instance, clock, |stream, line, record| {
        read(stream, line, record, clock, &mut throttled)
    })
}

/// Cgroups whose events are being held back: name, and place of the loss among the events.
type Throttled = Vec<(String, usize)>;

fn read(
    stream: &mut Stream<'_>,
    line: usize,
    mut record: Record,
    clock: Clock,
    throttled: &mut Throttled,
) -> Result<(), String> {
    let kind = record.0.iter().find(|(name, value)| {
        value.is_object() && (name.starts_with("process_") || *name == "rate_limit_info" || *name == "test")
    });
    let kind = kind.or_else(|| record.0.iter().find(|(_, value)| value.is_object()));
    let kind = kind.map(|(name, _)| name.clone()).ok_or("no object of a known kind")?;
    let wall_ns = record.str(&["time"]).and_then(wall);
    let when = When::at(wall_ns);
    match kind.as_str() {
        "process_throttle" => {
            let cgroup = record.str(&[&kind, "cgroup"]).unwrap_or_default().to_owned();
            match record.str(&[&kind, "type"]) {
                Some("THROTTLE_START") => {
                    throttled.push((cgroup, stream.events.len()));
                    stream.loss(Some(line), None, LossCause::Throttled, (wall_ns, None), None, record.0);
                    return Ok(());
                }
                Some("THROTTLE_STOP") => end_throttle(stream, throttled, &cgroup, wall_ns, clock),
                _ => {}
            }
            let message = Message { kind: Text::from(kind) };
            stream.event(line, when, ProcessRef::default(), message, record.0);
        }
        "rate_limit_info" => {
            let count = record.number(&[&kind, "number_of_dropped_process_events"]);
            stream.loss(Some(line), count, LossCause::Throttled, (None, wall_ns), None, record.0);
        }
        _ => {
            let payload = payload(&mut record, &kind);
            let image = process(&mut record, &kind, clock);
            stream.event(line, when, image, payload, record.0);
        }
    }
    Ok(())
}

/// The loss that began with the cgroup's last `THROTTLE_START` has an end.
fn end_throttle(
    stream: &mut Stream<'_>,
    throttled: &mut Throttled,
    cgroup: &str,
    wall_ns: Option<u64>,
    clock: Clock,
) {
    let Some(at) = throttled.iter().rposition(|(name, _)| name == cgroup) else { return };
    let (_, event) = throttled.remove(at);
    if let (Some(Payload::Loss(loss)), Some(end)) =
        (stream.events.get_mut(event).map(|event| &mut event.payload), wall_ns)
    {
        loss.last_ns = Some(clock.boot(end).saturating_add(clock.error_ns));
    }
}

fn payload(record: &mut Record, kind: &str) -> Payload {
    match kind {
        "process_exec" => match record.take_text(&[kind, "process", "binary"]) {
            // Its arguments are one string, in which spaces inside of arguments cannot be told from those between.
            Some(path) => Exec {
                path,
                argv: None,
                argv_truncated: false,
                exe: None,
                file: None,
                executable: None,
                result: Outcome::Ok(0),
            }
            .into(),
            None => Message { kind: Text::from(kind) }.into(),
        },
        "process_exit" => {
            let signal = record.str(&[kind, "signal"]).and_then(signal::number);
            // Protobuf's JSON leaves out what is 0.
            let code = record.number(&[kind, "status"]).unwrap_or(0u32).cast_signed() & 0xff;
            Exit { code: signal.is_none().then_some(code), signal }.into()
        }
        "process_kprobe" | "process_tracepoint" | "process_uprobe" | "process_lsm" | "process_usdt" => {
            hook::payload(record, kind)
        }
        _ => Message { kind: Text::from(kind) }.into(),
    }
}

/// The process as it was after the event.
fn process(record: &mut Record, kind: &str, clock: Clock) -> ProcessRef {
    let start =
        |record: &Record, who: &str| Some(clock.boot(record.str(&[kind, who, "start_time"]).and_then(wall)?));
    let (start_ns, parent_start) = (start(record, "process"), start(record, "parent"));
    let parent = record.take_number(&[kind, "parent", "pid"]);
    ProcessRef {
        tid: record.take_number(&[kind, "process", "tid"]),
        start_ns,
        parent: parent.map(|pid| ParentRef { pid, start_ns: parent_start }),
        mount_namespace: record.number(&[kind, "process", "ns", "mnt", "inum"]),
        ..json::process(record.take_number(&[kind, "process", "pid"]))
    }
}

/// The arguments of a hook: each an object with one field, which is named for its type.
fn arguments(value: Option<&Value>) -> Vec<Option<(&str, &Value)>> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| first(item.as_object()?)).collect()
}

fn first(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    fields.iter().next().map(|(name, value)| (name.as_str(), value))
}
