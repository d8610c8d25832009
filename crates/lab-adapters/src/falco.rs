//! Falco's alerts, as `json_output: true` writes them: each is a rule that fired, with the process it fired on.
//!
//! Falco tells of its own losses by a rule, `Falco internal: syscall event drop`.

use lab_model::{Alert, LossCause, ParentRef, ProcessRef};
use serde_json::Map;

use crate::{
    Clock, Decoded,
    clock::wall,
    json::{self, Record},
    stream::{Stream, When},
};

const TOOL: &str = "falco";

/// The rule by which Falco says that the kernel had no room for it.
const DROP: &str = "Falco internal: syscall event drop";

/// Turns alerts, one JSON object a line, into events.
pub fn decode(log: &[u8], instance: &str, clock: Clock) -> Decoded {
    let mut last = None;
    json::decode(TOOL, log, instance, clock, |stream, line, record| read(stream, line, record, &mut last))
}

fn read(
    stream: &mut Stream<'_>,
    line: usize,
    mut record: Record,
    last: &mut Option<u64>,
) -> Result<(), String> {
    let rule = record.take_text(&["rule"]).ok_or("no alert: it names no `rule`")?;
    let priority = record.take_text(&["priority"]).unwrap_or_default();
    let wall_ns = record.str(&["time"]).and_then(wall);
    let dropped = (rule.as_bytes() == DROP.as_bytes()).then(|| record.number(&["output_fields", "n_drops"]));
    let image = ProcessRef {
        tid: record.take_number(&["output_fields", "thread.tid"]),
        parent: record
            .take_number(&["output_fields", "proc.ppid"])
            .map(|pid| ParentRef { pid, start_ns: None }),
        comm: record.take_text(&["output_fields", "proc.name"]),
        ..json::process(record.take_number(&["output_fields", "proc.pid"]))
    };
    stream.event(line, When::at(wall_ns), image, Alert { rule, priority }, record.0);
    if let Some(count) = dropped {
        stream.loss(Some(line), count, LossCause::QueueFull, (*last, wall_ns), None, Map::new());
    }
    *last = wall_ns.or(*last);
    Ok(())
}
