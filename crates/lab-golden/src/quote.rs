//! Strings as goldens write them: quoted as in JSON, safe to print, without loss, placeholders inside.
//!
//! A backslash and the bytes that are not UTF-8 take the form of [`Text`]'s `Display` first (`\\`, `\xNN`), the whole
//! is then quoted as RFC 8259 says. Whatever could move, hide or colour text on a terminal is escaped, and so is `<`,
//! so that a bare `<` always begins a placeholder.

use std::fmt::Write as _;

use lab_model::Text;

use crate::{Piece, Placeholder, Problem};

/// The quoted form.
pub(crate) fn quote(pieces: &[Piece]) -> String {
    let mut out = String::from("\"");
    for piece in pieces {
        match piece {
            Piece::Literal(text) => match plain(text.as_bytes()) {
                Some(text) => out.push_str(text),
                None => text.to_string().chars().for_each(|c| escape(c, &mut out)),
            },
            Piece::Placeholder(placeholder) => {
                let _ = write!(out, "{placeholder}");
            }
        }
    }
    out.push('"');
    out
}

/// Bytes as text if none of them has to be escaped.
fn plain(bytes: &[u8]) -> Option<&str> {
    let plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<'));
    std::str::from_utf8(bytes).ok().filter(|_| plain)
}

/// The quoted form of bytes in which nothing is a placeholder and nothing has to be escaped, if they are such.
pub(crate) fn quote_plain(bytes: &[u8]) -> Option<String> {
    let text = plain(bytes)?;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    out.push_str(text);
    out.push('"');
    Some(out)
}

fn escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' ' => out.push(' '),
        c if c == '<' || c.is_control() || c.is_whitespace() || moves_or_hides(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        c => out.push(c),
    }
}

/// Marks of direction, invisible joiners, byte order marks, tags (Unicode's Cf, where it matters here).
fn moves_or_hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Reads the quoted string at the start of `input`; returns its pieces and its length in bytes.
pub(crate) fn unquote(input: &str) -> Result<(Vec<Piece>, usize), Problem> {
    let unclosed = || Problem::BadString("it is not closed".into());
    let (mut pieces, mut literal) = (Vec::new(), String::new());
    let mut at = 1;
    loop {
        let c = input.get(at..).and_then(|rest| rest.chars().next()).ok_or_else(unclosed)?;
        match c {
            '"' => break,
            '<' => {
                let end = input[at..].find(['>', '"']).map(|end| at + end);
                let end = end.filter(|end| input.as_bytes()[*end] == b'>');
                let end = end.ok_or_else(|| Problem::BadString("a `<` without its `>`".into()))?;
                push_literal(&mut pieces, &mut literal)?;
                pieces.push(Piece::Placeholder(Placeholder::parse(&input[at..=end])?));
                at = end + 1;
            }
            '\\' => at = unescape(input, at, &mut literal)?,
            c if c.is_control() => return Err(Problem::BadString(format!("the control character {c:?}"))),
            c => {
                literal.push(c);
                at += c.len_utf8();
            }
        }
    }
    push_literal(&mut pieces, &mut literal)?;
    let canonical = quote(&pieces);
    if canonical != input[..=at] {
        return Err(Problem::NotCanonical { expected: canonical });
    }
    Ok((pieces, at + 1))
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) -> Result<(), Problem> {
    if !literal.is_empty() {
        let text: Text = literal.parse().map_err(|e| Problem::BadString(format!("{e}")))?;
        pieces.push(Piece::Literal(text));
        literal.clear();
    }
    Ok(())
}

/// Reads the escape at `at`; returns the place after it.
fn unescape(input: &str, at: usize, out: &mut String) -> Result<usize, Problem> {
    let bad = || Problem::BadString("an escape that JSON does not know".into());
    let unit = |at: usize| -> Option<u16> {
        let hex = input.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    let simple = match input.as_bytes().get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let first = unit(at).ok_or_else(bad)?;
            let units = [first, unit(at + 6).unwrap_or_default()];
            let paired = (0xd800..0xdc00).contains(&first);
            let c = char::decode_utf16(units).next().and_then(Result::ok).ok_or_else(bad)?;
            out.push(c);
            return Ok(at + if paired { 12 } else { 6 });
        }
        _ => return Err(bad()),
    };
    out.push(simple);
    Ok(at + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{quote, quote_plain, unquote};
    use crate::Piece;

    fn literal(bytes: &[u8]) -> Vec<Piece> {
        if bytes.is_empty() { Vec::new() } else { vec![Piece::Literal(bytes.into())] }
    }

    #[test]
    fn hostile_text_is_safe_and_kept() {
        let quoted = quote(&literal(b"\x1b[31m<work>\r\n\\ \xff\xe2\x80\xae\xc2\x9b \"'"));
        assert_eq!(quoted, r#""\u001b[31m\u003cwork>\r\n\\\\ \\xff\u202e\u009b \"'""#);
        assert_eq!(
            unquote(&quoted).unwrap(),
            (literal(b"\x1b[31m<work>\r\n\\ \xff\xe2\x80\xae\xc2\x9b \"'"), quoted.len())
        );
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bad in [
            r#""a"#,
            r#""\q""#,
            r#""\u0041""#,
            r#""<work""#,
            r#""<house>""#,
            r#""\ud800""#,
            "\"\x1b\"",
            r#""\u003C""#,
            r#"""#,
        ] {
            assert!(unquote(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn quoting_loses_nothing(bytes in prop_oneof![any::<Vec<u8>>(), "[ -~]*".prop_map(String::into_bytes)]) {
            let quoted = quote(&literal(&bytes));
            prop_assert!(quote_plain(&bytes).is_none_or(|plain| plain == quoted));
            prop_assert!(!quoted.chars().any(|c| c.is_control()));
            prop_assert_eq!(unquote(&quoted).unwrap(), (literal(&bytes), quoted.len()));
        }

        #[test]
        fn reading_never_panics(text in "\"[\\PC\\\\\"<>u0-9a-f]*") {
            let _ = unquote(&text);
        }
    }
}
