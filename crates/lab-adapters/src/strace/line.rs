//! One line of the log, taken apart as far as its shape goes.

use super::{Clock, token};
use crate::signal;

/// A line: who, when, what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) tid: u32,
    /// wall clock in nanoseconds
    pub(crate) wall_ns: u64,
    pub(crate) shape: Shape<'a>,
}

/// What a line can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// `name(arguments) = result`: everything behind the opening bracket
    Call { name: &'a str, rest: &'a [u8] },
    /// `name(arguments <unfinished ...>`: what stands between. The same with `<pid changed to N ...>`.
    Unfinished { name: &'a str, head: &'a [u8] },
    /// `<... name resumed>rest`
    Resumed { name: &'a str, rest: &'a [u8] },
    /// a call that strace let go of before it returned
    Detached,
    /// `+++ exited with N +++`
    Exited { code: i32 },
    /// `+++ killed by SIGNAL +++`
    Killed { signal: i32 },
    /// `+++ superseded by execve in pid N +++`: thread N has become this one
    Superseded { by: u32 },
    /// `--- signal ---`, `--- stopped by signal ---`
    Signal,
}

/// Why a line could not be taken apart, and its time if that could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) wall_ns: Option<u64>,
    pub(crate) problem: &'static str,
}

/// Takes a line apart.
pub(crate) fn parse(text: &[u8]) -> Result<Line<'_>, Broken> {
    let broken = |wall_ns, problem| Broken { wall_ns, problem };
    let (tid, rest) = column(text);
    let tid = token::word(tid).and_then(|t| t.parse().ok());
    let tid = tid.ok_or_else(|| broken(None, "no pid at its beginning"))?;
    let (time, rest) = column(rest);
    let wall_ns = wall(time).ok_or_else(|| broken(None, "no time behind the pid"))?;
    let shape = shape(rest).ok_or_else(|| broken(Some(wall_ns), "neither call, signal nor end"))?;
    Ok(Line { tid, wall_ns, shape })
}

/// When on the boot clock a line says that `needle` was in one of its strings; how markers are found in a log that
/// is still growing. `None` if it is not there.
pub fn seen_at(line: &[u8], needle: &str, clock: Clock) -> Option<u64> {
    let mut rest = line;
    while let Some(at) = rest.iter().position(|b| *b == b'"') {
        let literal = token::literal(&rest[at..])?;
        if !needle.is_empty() && literal.bytes.windows(needle.len()).any(|w| w == needle.as_bytes()) {
            let (_, behind_pid) = column(line);
            return wall(column(behind_pid).0).map(|wall| clock.boot(wall));
        }
        rest = literal.rest;
    }
    None
}

fn column(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

/// `1795415718.160110707` in nanoseconds.
fn wall(text: &[u8]) -> Option<u64> {
    let (seconds, fraction) = token::word(text)?.split_once('.')?;
    fixed(seconds, fraction)
}

/// Seconds and up to nine digits of a fraction in nanoseconds.
pub(crate) fn fixed(seconds: &str, fraction: &str) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10u64.pow(9 - fraction.len() as u32);
    let whole = seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
    whole.checked_add(fraction.parse::<u64>().ok()? * scale)
}

fn shape(text: &[u8]) -> Option<Shape<'_>> {
    if let Some(end) = text.strip_prefix(b"+++ ").and_then(|t| t.trim_ascii_end().strip_suffix(b" +++")) {
        return ending(token::word(end)?);
    }
    if text.starts_with(b"--- ") {
        return text.trim_ascii_end().ends_with(b"---").then_some(Shape::Signal);
    }
    if let Some(resumed) = text.strip_prefix(b"<... ") {
        let marker = b" resumed>";
        let at = resumed.windows(marker.len()).position(|w| w == marker)?;
        let (name, rest) = (name(&resumed[..at])?, &resumed[at + marker.len()..]);
        return Some(if rest.ends_with(b"<detached ...>") {
            Shape::Detached
        } else {
            Shape::Resumed { name, rest }
        });
    }
    let open = text.iter().position(|b| *b == b'(')?;
    let (name, rest) = (name(&text[..open])?, &text[open + 1..]);
    if rest.ends_with(b"<detached ...>") {
        return Some(Shape::Detached);
    }
    if let Some(head) = rest.strip_suffix(b"<unfinished ...>") {
        return Some(Shape::Unfinished { name, head });
    }
    if let Some(at) =
        rest.strip_suffix(b" ...>").and_then(|r| r.windows(16).rposition(|w| w == b"<pid changed to "))
    {
        return Some(Shape::Unfinished { name, head: &rest[..at] });
    }
    Some(Shape::Call { name, rest })
}

fn name(text: &[u8]) -> Option<&str> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'?');
    (!text.is_empty() && text.iter().all(plain)).then(|| token::word(text)).flatten()
}

fn ending(text: &str) -> Option<Shape<'_>> {
    if let Some(code) = text.strip_prefix("exited with ") {
        return code.parse().ok().map(|code| Shape::Exited { code });
    }
    if let Some(by) = text.strip_prefix("superseded by execve in pid ") {
        return by.parse().ok().map(|by| Shape::Superseded { by });
    }
    let name = text.strip_prefix("killed by ")?;
    signal::number(name.strip_suffix(" (core dumped)").unwrap_or(name)).map(|signal| Shape::Killed { signal })
}
