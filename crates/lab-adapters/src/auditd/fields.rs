//! The `name=value` fields of a record.

use std::{borrow::Cow, ops::Range};

use lab_model::Text;
use serde_json::{Map, Value};

/// Fields whose value is a text: quoted, or as hexadecimal digits if something in it is not plain.
const TEXTS: &[&[u8]] = &[
    b"acct",
    b"cmd",
    b"comm",
    b"cwd",
    b"data",
    b"dir",
    b"exe",
    b"file",
    b"key",
    b"name",
    b"new",
    b"ocomm",
    b"path",
    b"proctitle",
    b"watch",
];

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// empty for words that are no field
    pub(crate) name: &'a [u8],
    /// as it is written
    pub(crate) value: &'a [u8],
    /// where `value` stands in the body
    pub(crate) place: Range<usize>,
}

impl<'a> Field<'a> {
    /// What it stands for if it is a text; nothing if it is `(null)`.
    pub(crate) fn text(&self) -> Option<Cow<'a, [u8]>> {
        if let Some(quoted) = quoted(self.value) {
            return Some(Cow::Borrowed(quoted));
        }
        match hex(self.value) {
            Some(bytes) => Some(Cow::Owned(bytes)),
            None if self.value == b"(null)" => None,
            None => Some(Cow::Borrowed(self.value)),
        }
    }

    /// True if its value may be written as hexadecimal digits.
    pub(crate) fn is_text(&self, kind: &str) -> bool {
        TEXTS.contains(&self.name) || (kind == "EXECVE" && argument(self.name).is_some())
    }

    /// Its value as it is kept.
    fn kept(&self, kind: &str) -> Value {
        let text = if self.is_text(kind) { self.text() } else { quoted(self.value).map(Cow::Borrowed) };
        Value::from(Text::from(text.as_deref().unwrap_or(self.value)).to_string())
    }
}

fn quoted(value: &[u8]) -> Option<&[u8]> {
    let inside = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    inside.or_else(|| value.strip_prefix(b"'")?.strip_suffix(b"'"))
}

/// The number of `a2` and of `a2[1]`, a part of it.
pub(crate) fn argument(name: &[u8]) -> Option<(usize, Option<usize>)> {
    let name = std::str::from_utf8(name).ok()?.strip_prefix('a')?;
    match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((at, part)) => Some((at.parse().ok()?, Some(part.parse().ok()?))),
        None => Some((name.parse().ok()?, None)),
    }
}

/// Bytes that stand as hexadecimal digits.
pub(crate) fn hex(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_empty() || !value.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    value.chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}

/// The fields of a body, in order.
pub(crate) fn of(body: &[u8]) -> Result<Vec<Field<'_>>, &'static str> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < body.len() {
        if body[at] == b' ' || body[at] == SEPARATOR {
            at += 1;
            continue;
        }
        let rest = &body[at..];
        let word =
            rest.iter().position(|byte| matches!(byte, b' ' | b'=' | &SEPARATOR)).unwrap_or(rest.len());
        let named = rest.get(word) == Some(&b'=') && word > 0;
        let (name, start) = if named { (&rest[..word], word + 1) } else { (&rest[..0], 0) };
        let value = &rest[start..];
        let close = match value.first() {
            Some(quote @ (b'"' | b'\'')) if named => Some(*quote),
            Some(b'{') if named => Some(b'}'),
            _ => None,
        };
        let len = match close {
            Some(close) => {
                let end = value[1..].iter().position(|byte| *byte == close);
                end.ok_or("a value that nothing closes")? + 2
            }
            None => value.iter().position(|byte| matches!(byte, b' ' | &SEPARATOR)).unwrap_or(value.len()),
        };
        let place = at + start..at + start + len;
        fields.push(Field { name, value: &body[place.clone()], place: place.clone() });
        at = place.end;
    }
    Ok(fields)
}

/// Stands before the names that an enriched log adds.
const SEPARATOR: u8 = 0x1d;

/// Keeps a record's fields: each by its name, words without a name as `text`.
pub(crate) fn keep(fields: &[Field<'_>], kind: &str) -> Map<String, Value> {
    let mut kept = Map::new();
    for field in fields {
        let name = if field.name.is_empty() { "text".to_owned() } else { Text::from(field.name).to_string() };
        add(&mut kept, name, field.kept(kind));
    }
    kept
}

/// Adds a value; values of one name become a list.
pub(crate) fn add(map: &mut Map<String, Value>, name: String, value: Value) {
    match map.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => _ = map.insert(name, value),
    }
}

#[cfg(test)]
mod tests {
    use super::{keep, of};

    #[test]
    fn values_of_every_form() {
        let body = b"item=0 name=2F612062 comm=\"a b\" key=(null) msg='op=x res=1' old auid=1 \x1dSADDR={ fam=inet }";
        let kept = serde_json::Value::Object(keep(&of(body).unwrap(), "PATH"));
        let expected = serde_json::json!({
            "item": "0", "name": "/a b", "comm": "a b", "key": "(null)", "msg": "op=x res=1", "text": "old",
            "auid": "1", "SADDR": "{ fam=inet }"
        });
        assert_eq!(kept, expected);
        assert!(of(b"a=\"b").is_err());
    }
}
