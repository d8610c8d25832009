//! What `lab-poll` says: its command line, what is masked in its lines, and the events in them.
//!
//! A line tells what is otherwise than in the round before, with the interval in which it came to be so; the event's time is
//! the middle of it, and its error half of it.

mod decode;
mod known;

use std::{ffi::OsString, path::Path};

use lab_model::redact::redact_in_place;
use serde_json::Value;

use crate::{Clock, json};

pub use decode::decode;

/// From the beginning of one round to that of the next.
pub const INTERVAL_MS: u32 = 10;

/// The marker that [`seen_at`] finds in the line by which it says that it is ready.
pub const READY: &str = "ready";

/// The arguments by which it looks at a cgroup.
pub fn arguments(scope: &Path) -> Vec<OsString> {
    vec!["--scope".into(), scope.into(), "--interval".into(), INTERVAL_MS.to_string().into()]
}

/// The order on its standard input to make a whole round at once and say so.
pub fn mark(marker: &str) -> String {
    format!("mark {marker}\n")
}

/// The order to make the last round and say its counters.
pub const STOP: &str = "stop\n";

/// Masks the secrets in a line, and says how many there were.
pub fn redact_line(line: &mut Vec<u8>) -> usize {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(line) else { return redact_in_place(line) };
    let found = json::redact(&mut fields);
    if found > 0 {
        *line = Value::Object(fields).to_string().into_bytes();
        line.push(b'\n');
    }
    usize::try_from(found).unwrap_or(usize::MAX)
}

/// When the round began of which a line says that it lies behind `marker`.
pub fn seen_at(line: &[u8], marker: &str, _clock: Clock) -> Option<u64> {
    let line: Value = serde_json::from_slice(line).ok()?;
    match line["say"].as_str()? {
        "ready" => (marker == READY).then_some(0),
        "mark" if line["name"].as_str() == Some(marker) => line["ns"].as_u64(),
        _ => None,
    }
}
