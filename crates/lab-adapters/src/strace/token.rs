//! Strings and arguments as strace prints them.

/// A byte of a string literal and the source it was written as.
pub(crate) struct Unit {
    pub(crate) byte: u8,
    pub(crate) len: usize,
}

/// The byte that the literal's text begins with, escapes resolved: `\n`, `\"`, `\303` (one to three octal digits),
/// `\x1f`. `None` at its end, be it a quote or the end of the text.
pub(crate) fn unit(text: &[u8]) -> Option<Unit> {
    let one = |byte, len| Some(Unit { byte, len });
    match *text {
        [] | [b'"', ..] => None,
        [b'\\', escaped, ..] => match escaped {
            b'n' => one(b'\n', 2),
            b't' => one(b'\t', 2),
            b'r' => one(b'\r', 2),
            b'v' => one(0x0b, 2),
            b'f' => one(0x0c, 2),
            b'0'..=b'7' => {
                let digits = text[1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b));
                let (value, count) = digits.fold((0u32, 0), |(v, n), d| (v * 8 + u32::from(d - b'0'), n + 1));
                one(value as u8, 1 + count)
            }
            b'x' => {
                let digits = text[2..].iter().take(2).map_while(|b| char::from(*b).to_digit(16));
                match digits.fold((0, 0), |(v, n), d| (v * 16 + d, n + 1)) {
                    (_, 0) => one(b'x', 2),
                    (value, count) => one(value as u8, 2 + count),
                }
            }
            other => one(other, 2),
        },
        [byte, ..] => one(byte, 1),
    }
}

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal<'a> {
    pub(crate) bytes: Vec<u8>,
    /// `...` stands behind it: strace cut it
    pub(crate) cut: bool,
    pub(crate) rest: &'a [u8],
}

/// Reads a literal that begins at `text`'s first byte, a quote.
pub(crate) fn literal(text: &[u8]) -> Option<Literal<'_>> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut bytes = Vec::new();
    while let Some(unit) = unit(rest) {
        bytes.push(unit.byte);
        rest = rest.get(unit.len..)?;
    }
    let rest = rest.strip_prefix(b"\"")?;
    Some(match rest.strip_prefix(b"...") {
        Some(rest) => Literal { bytes, cut: true, rest },
        None => Literal { bytes, cut: false, rest },
    })
}

/// Length of the literal at the beginning of `text`, quotes included, or of all of it if it is not closed.
fn literal_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(unit) = text.get(at..).and_then(unit) {
        at += unit.len;
    }
    (at + 1).min(text.len())
}

/// Arguments between the bracket before `text` and the one that closes it, and what stands behind that. `None` if
/// nothing closes it.
pub(crate) fn arguments(text: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let (mut depth, mut at, mut from, mut found) = (0usize, 0, 0, Vec::new());
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += literal_len(&text[at..]);
                continue;
            }
            b'/' if text[at..].starts_with(b"/*") => {
                at += text[at..].windows(2).position(|w| w == b"*/")? + 2;
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                let last = text[from..at].trim_ascii();
                if !last.is_empty() || !found.is_empty() {
                    found.push(last);
                }
                return Some((found, &text[at + 1..]));
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push(text[from..at].trim_ascii());
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The members of `[..]` or `{..}`.
pub(crate) fn members(text: &[u8], open: u8) -> Option<Vec<&[u8]>> {
    arguments(text.strip_prefix(&[open])?).map(|(members, _)| members)
}

/// The value of `name=` among members of a struct.
pub(crate) fn member<'a>(members: &[&'a [u8]], name: &str) -> Option<&'a [u8]> {
    members.iter().find_map(|member| member.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// What stands between `name(` and the bracket that closes it.
pub(crate) fn inside<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (first, _) = arguments(text.strip_prefix(name.as_bytes())?.strip_prefix(b"(")?)?;
    first.first().copied()
}

/// UTF-8, or nothing.
pub(crate) fn word(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{arguments, literal};

    #[test]
    fn escapes() {
        let read = literal(br#""a\n\"\\\303\251\1x\x1f\0"..., b"#).unwrap();
        assert_eq!(read.bytes, b"a\n\"\\\xc3\xa9\x01x\x1f\0");
        assert!(read.cut);
        assert_eq!(read.rest, b", b");
        assert_eq!(literal(b"\"open"), None);
    }

    #[test]
    fn commas_inside_brackets_strings_and_remarks_are_not_separators() {
        let (found, rest) = arguments(br#""a,)", [b, {c=d(1, 2)}], 0x1 /* 3, ) */) = 0"#).unwrap();
        let shown: Vec<_> = found.iter().map(|a| String::from_utf8_lossy(a)).collect();
        assert_eq!(shown, [r#""a,)""#, "[b, {c=d(1, 2)}]", "0x1 /* 3, ) */"]);
        assert_eq!(rest, b" = 0");
        assert_eq!(arguments(b") = 1").unwrap().0.len(), 0);
    }
}
