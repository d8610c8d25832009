//! One line of bpftrace: a record of ours, or what it says of itself.

use lab_model::redact::redact_in_place;
use serde_json::Value;

use super::READY;
use crate::Clock;

/// A line.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// a record that the script printed
    Record(Record),
    /// this many records found no room
    Lost(u64),
    /// anything else that it says of itself
    Other,
}

/// What the script printed.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    pub(super) sign: u8,
    pub(super) ns: u64,
    pub(super) pid: u32,
    pub(super) tid: u32,
    /// what stands behind these
    pub(super) rest: Vec<u8>,
}

/// Reads a line; the error reads well after "line 3:".
pub(super) fn parse(line: &[u8]) -> Result<Line, String> {
    const PRINTED: &[u8] = b"{\"type\": \"printf\", \"data\": \"";
    let Some(data) = line.strip_prefix(PRINTED) else {
        let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        return match value["type"].as_str() {
            Some("lost_events") => value["data"]["events"]
                .as_u64()
                .map(Line::Lost)
                .ok_or_else(|| "a loss without its number".to_owned()),
            Some(_) => Ok(Line::Other),
            None => Err("no record of bpftrace's".to_owned()),
        };
    };
    let data = data.trim_ascii_end().strip_suffix(b"\"}").ok_or("cut off")?;
    let data = unescaped(data)?;
    if data == READY.as_bytes() {
        return Ok(Line::Other);
    }
    record(&data).map(Line::Record).ok_or_else(|| "no record of the script's".to_owned())
}

fn record(data: &[u8]) -> Option<Record> {
    let mut words = data.splitn(5, |byte| *byte == b' ');
    let [sign] = words.next()?.try_into().ok()?;
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<u64>().ok();
    let (ns, pid, tid) = (number()?, number()?, number()?);
    let rest = words.next()?.to_vec();
    Some(Record { sign, ns, pid: u32::try_from(pid).ok()?, tid: u32::try_from(tid).ok()?, rest })
}

/// The bytes of a string. bpftrace 0.17 writes what is not plain byte by byte, and one above 127 with its sign: `\uffffffc3`.
fn unescaped(text: &[u8]) -> Result<Vec<u8>, String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (letter, behind) = rest.split_first().ok_or("cut off in an escape")?;
        rest = behind;
        bytes.push(match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = rest.strip_prefix(b"ffffff").or_else(|| rest.strip_prefix(b"00"));
                let (digits, behind) = digits
                    .and_then(|digits| digits.split_at_checked(2))
                    .ok_or("an escape that is no byte")?;
                rest = behind;
                let digits = std::str::from_utf8(digits).map_err(|error| error.to_string())?;
                u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?
            }
            other => *other,
        });
    }
    Ok(bytes)
}

/// Bytes as `%r` prints them: `\x7f` where they are not plain.
pub(super) fn bytes(shown: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), shown);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match behind.strip_prefix(b"x").filter(|_| *byte == b'\\') {
            Some(digits) => {
                let (digits, behind) = digits.split_at_checked(2)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = behind;
            }
            None => bytes.push(*byte),
        }
    }
    Some(bytes)
}

/// Masks every secret in a line, and says how many there were. To be called on each line before it is written.
pub fn redact_line(line: &mut [u8]) -> usize {
    redact_in_place(line)
}

/// When the wanted marker was there, if a line tells of it; [`READY`] was there at no time that is known.
pub fn seen_at(line: &[u8], wanted: &str, _clock: Clock) -> Option<u64> {
    if wanted == READY {
        let has = |part: &[u8]| line.windows(part.len()).any(|window| window == part);
        return has(READY.as_bytes()).then_some(0);
    }
    match parse(line) {
        Ok(Line::Record(record)) => {
            let found = record.rest.windows(wanted.len()).any(|window| window == wanted.as_bytes());
            (found && record.sign != b'>').then_some(record.ns)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Record, bytes, parse, seen_at};
    use crate::Clock;

    #[test]
    fn lines() {
        let line = br#"{"type": "printf", "data": "< 12 3 4 257 1 2 /t/\uffffffc3\u0001\n\\\"x"}"#;
        let rest = b"257 1 2 /t/\xc3\x01\n\\\"x".to_vec();
        assert_eq!(parse(line), Ok(Line::Record(Record { sign: b'<', ns: 12, pid: 3, tid: 4, rest })));
        assert_eq!(parse(br#"{"type": "lost_events", "data": {"events": 7}}"#), Ok(Line::Lost(7)));
        assert_eq!(parse(br#"{"type": "attached_probes", "data": {"probes": 5}}"#), Ok(Line::Other));
        for broken in
            [&b"x"[..], br#"{"type": "printf", "data": "< 12"#, br#"{"type": "printf", "data": "\ud"}"#]
        {
            assert!(parse(broken).is_err());
        }
        let clock = Clock { offset_ns: 0, error_ns: 0 };
        assert_eq!(seen_at(line, "/t/", clock), Some(12));
        assert_eq!(seen_at(line, "/u/", clock), None);
        assert_eq!(bytes(br"\x02\x00a\x7f"), Some(vec![2, 0, b'a', 0x7f]));
        assert_eq!(bytes(br"\x0"), None);
    }
}
