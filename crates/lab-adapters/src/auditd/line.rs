//! One line of the log, taken apart: `type=PATH msg=audit(1492037291.036:59): item=0 name="/usr/bin/grep" ...`.

use super::{TICK_NS, fields};
use crate::Clock;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) number: usize,
    /// `PATH`
    pub(crate) kind: &'a str,
    /// wall clock in nanoseconds
    pub(crate) wall_ns: u64,
    /// number of the event that it belongs to
    pub(crate) serial: u32,
    /// where the machines' name stands before the type
    pub(crate) node: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
}

/// Takes a line apart.
pub(crate) fn parse(number: usize, text: &[u8]) -> Result<Record<'_>, &'static str> {
    let (node, text) = match text.strip_prefix(b"node=") {
        Some(rest) => column(rest).map(|(node, rest)| (Some(node), rest)).ok_or("nothing but a node")?,
        None => (None, text),
    };
    let text = text.strip_prefix(b"type=").ok_or("no `type=` at its beginning")?;
    let (kind, text) = column(text).ok_or("nothing behind its type")?;
    let kind = std::str::from_utf8(kind).ok().filter(|kind| is_word(kind)).ok_or("a type that is no word")?;
    let stamp = text.strip_prefix(b"msg=audit(").ok_or("no `msg=audit(TIME:SERIAL)` behind its type")?;
    let end = stamp.iter().position(|byte| *byte == b')').ok_or("a time that nothing closes")?;
    let (wall_ns, serial) = stamped(&stamp[..end]).ok_or("a time that is not SECONDS.MILLISECONDS:SERIAL")?;
    let body = &stamp[end + 1..];
    let body = body.strip_prefix(b":").unwrap_or(body).trim_ascii();
    Ok(Record { number, kind, wall_ns, serial, node, body })
}

/// When on the boot clock a line says that `needle` was in the name of a file; how markers are found in a log that is
/// still growing.
pub fn seen_at(line: &[u8], needle: &str, clock: Clock) -> Option<u64> {
    let record = parse(0, line).ok().filter(|record| record.kind == "PATH")?;
    let fields = fields::of(record.body).ok()?;
    let name = fields.iter().find(|field| field.name == b"name")?.text()?;
    let found = !needle.is_empty() && name.windows(needle.len()).any(|part| part == needle.as_bytes());
    found.then(|| clock.boot(record.wall_ns).saturating_add(TICK_NS))
}

fn is_word(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_[]".contains(&byte))
}

fn column(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..end], &text[end + 1..]))
}

/// `1492037291.036:59`
fn stamped(text: &[u8]) -> Option<(u64, u32)> {
    let (time, serial) = std::str::from_utf8(text).ok()?.split_once(':')?;
    let (seconds, millis) = time.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(millis) || millis.len() != 3 {
        return None;
    }
    let (seconds, millis): (u64, u64) = (seconds.parse().ok()?, millis.parse().ok()?);
    let wall_ns = seconds.checked_mul(1_000_000_000)?.checked_add(millis * 1_000_000)?;
    Some((wall_ns, serial.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines() {
        let record = parse(1, b"type=CWD msg=audit(1492037291.036:59):  cwd=\"/\"").unwrap();
        assert_eq!((record.kind, record.wall_ns, record.serial), ("CWD", 1_492_037_291_036_000_000, 59));
        assert_eq!(record.body, b"cwd=\"/\"");
        let record = parse(1, b"node=web1 type=DAEMON_END msg=audit(1.000:7) halt").unwrap();
        assert_eq!((record.node, record.body), (Some(&b"web1"[..]), &b"halt"[..]));
        for wrong in
            ["", "type=", "type=A", "type=A msg=?", "type=A msg=audit(1.2:3", "type=A msg=audit(1.2:3):"]
        {
            assert!(parse(1, wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
