//! The audit log of a Kubernetes API server: one event a line, or lists of them as its webhook sends them.
//!
//! Written for `audit.k8s.io/v1` and `v1beta1`. The content of Secrets is masked whole.

use lab_model::{ProcessRef, Request};
use serde_json::Value;

use crate::{
    Clock, Decoded,
    clock::wall,
    json::{self, Record},
    stream::{Stream, When},
};

const TOOL: &str = "kubernetes-audit";

/// Turns audit events into requests.
pub fn decode(log: &[u8], instance: &str, clock: Clock) -> Decoded {
    json::decode(TOOL, log, instance, clock, list)
}

fn list(stream: &mut Stream<'_>, line: usize, mut record: Record) -> Result<(), String> {
    if record.str(&["kind"]) != Some("EventList") {
        return event(stream, line, record);
    }
    let Some(Value::Array(items)) = record.take(&["items"]) else {
        return Err("a list without `items`".to_owned());
    };
    for (at, item) in items.into_iter().enumerate() {
        let outcome = match item {
            Value::Object(fields) => event(stream, line, Record(fields)),
            _ => Err("no object".to_owned()),
        };
        if let Err(problem) = outcome {
            stream.unreadable(line, None, format!("item {}: {problem}", at + 1));
        }
    }
    Ok(())
}

fn event(stream: &mut Stream<'_>, line: usize, mut record: Record) -> Result<(), String> {
    if record.str(&["verb"]).is_none() || record.str(&["requestURI"]).is_none() {
        return Err("no audit event: it has no `verb` and `requestURI`".to_owned());
    }
    if record.str(&["objectRef", "resource"]) == Some("secrets") {
        stream.redacted += mask_secrets(&mut record);
    }
    let request = Request {
        verb: record.take_text(&["verb"]).unwrap_or_default(),
        uri: record.take_text(&["requestURI"]).unwrap_or_default(),
        user: record.take_text(&["user", "username"]).unwrap_or_default(),
        code: record.take_number(&["responseStatus", "code"]),
    };
    let time = |name| record.str(&[name]).and_then(wall);
    let (began_ns, ended) = (time("requestReceivedTimestamp"), time("stageTimestamp"));
    let when = When { wall_ns: ended.or(began_ns).or_else(|| time("timestamp")), began_ns, error_ns: 0 };
    stream.event(line, when, ProcessRef::default(), request, record.0);
    Ok(())
}

/// Masks the data of every Secret in what was sent and what came back.
fn mask_secrets(record: &mut Record) -> u64 {
    let mut found = 0;
    for name in ["requestObject", "responseObject"] {
        let Some(object) = record.object(name) else { continue };
        for content in ["data", "stringData", "items"] {
            found += object.get_mut(content).map_or(0, json::mask);
        }
    }
    found
}
