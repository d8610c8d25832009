//! Records that are JSON, one a line: read, freed of secrets, and taken apart field by field.

use lab_model::{
    ProcessRef, Text,
    redact::{MASK, redact_in_place, redact_value},
};
use serde_json::{Map, Value};

use crate::{
    Clock, Decoded,
    stream::{Stream, lines},
};

/// Reads each line as an object and hands it on. What `read` leaves of it is for the event's `raw`; what it calls wrong is
/// unreadable.
pub(crate) fn decode<'a>(
    tool: &'static str,
    log: &[u8],
    instance: &'a str,
    clock: Clock,
    mut read: impl FnMut(&mut Stream<'a>, usize, Record) -> Result<(), String>,
) -> Decoded {
    let mut stream = Stream::new(tool, instance, clock);
    for line in lines(log) {
        let outcome = match serde_json::from_slice(line.text) {
            Ok(Value::Object(mut fields)) => {
                stream.redacted += redact(&mut fields);
                read(&mut stream, line.number, Record(fields))
            }
            Ok(_) => Err("no object".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(problem) = outcome {
            stream.unreadable(line.number, None, problem);
        }
    }
    stream.finish()
}

/// Masks secrets in every string, also where it is the name of the field that says so. Says how many there were.
pub(crate) fn redact(fields: &mut Map<String, Value>) -> u64 {
    let mut found = 0;
    for (name, value) in fields.iter_mut() {
        found += match value {
            Value::String(text) => {
                let mut line = [name.as_bytes(), b"=", text.as_bytes()].concat();
                let found = redact_in_place(&mut line);
                if found > 0 {
                    *text = String::from_utf8_lossy(&line[name.len() + 1..]).into_owned();
                }
                found as u64
            }
            Value::Object(fields) => redact(fields),
            Value::Array(items) if items.iter().all(Value::is_string) => redact_value(value) as u64,
            Value::Array(items) => items.iter_mut().map(redact_item).sum(),
            _ => 0,
        };
    }
    found
}

fn redact_item(item: &mut Value) -> u64 {
    match item {
        Value::Object(fields) => redact(fields),
        other => redact_value(other) as u64,
    }
}

/// Masks every string below `value`, whatever it is.
pub(crate) fn mask(value: &mut Value) -> u64 {
    match value {
        Value::String(text) => {
            *text = String::from(char::from(MASK)).repeat(text.len());
            1
        }
        Value::Array(items) => items.iter_mut().map(mask).sum(),
        Value::Object(fields) => fields.values_mut().map(mask).sum(),
        _ => 0,
    }
}

/// An object that fields are taken out of. A field of another type than is asked for stays where it is.
#[derive(Debug, Default)]
pub(crate) struct Record(pub(crate) Map<String, Value>);

impl Record {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn get(&self, way: &[&str]) -> Option<&Value> {
        let (first, rest) = way.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, name| value.get(name))
    }

    pub(crate) fn str(&self, way: &[&str]) -> Option<&str> {
        self.get(way)?.as_str()
    }

    /// A number, be it written as one or, as protobuf's JSON does with 64 bits, as a string.
    pub(crate) fn number<T: TryFrom<u64>>(&self, way: &[&str]) -> Option<T> {
        let value = self.get(way)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|n| T::try_from(n).ok())
    }

    pub(crate) fn object(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        self.0.get_mut(name)?.as_object_mut()
    }

    /// Takes a string.
    pub(crate) fn take_text(&mut self, way: &[&str]) -> Option<Text> {
        let text = Text::from(self.str(way)?);
        self.take(way);
        Some(text)
    }

    /// Takes a number that is written as one.
    pub(crate) fn take_number<T: TryFrom<u64>>(&mut self, way: &[&str]) -> Option<T> {
        let number = self.get(way)?.as_u64().and_then(|n| T::try_from(n).ok())?;
        self.take(way);
        Some(number)
    }

    pub(crate) fn take(&mut self, way: &[&str]) -> Option<Value> {
        let (last, way) = way.split_last()?;
        let Some((first, rest)) = way.split_first() else { return self.0.remove(*last) };
        let mut fields = self.0.get_mut(*first)?.as_object_mut()?;
        for name in rest {
            fields = fields.get_mut(*name)?.as_object_mut()?;
        }
        fields.remove(*last)
    }
}

/// A process of which only the pid is known.
pub(crate) fn process(pid: Option<u32>) -> ProcessRef {
    ProcessRef { pid, ..ProcessRef::default() }
}
