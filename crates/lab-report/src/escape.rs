//! Strings from a record made harmless: what could steer a terminal is shown, not sent.

use std::fmt::Write as _;

/// `text` on one line: control characters, line breaks and characters that change the direction of writing or cannot
/// be seen become `\n`, `\t`, `\xNN` or `\u{NNNN}`. A backslash stays as it is.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_hostile(c) => out.push(c),
            c if (c as u32) < 0x100 => write!(out, "\\x{:02x}", c as u32).expect("a string takes all"),
            c => write!(out, "\\u{{{:x}}}", c as u32).expect("a string takes all"),
        }
    }
    out
}

/// [`escape`] line by line; the line breaks stay.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Controls (C0, DEL, C1), invisible and direction-changing characters of Unicode, tags, and what XML forbids.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{escape, escape_lines, is_hostile};

    #[test]
    fn hostile_strings_are_shown() {
        assert_eq!(escape("a\x1b[31mred\x07"), r"a\x1b[31mred\x07");
        assert_eq!(escape("one\r\ntwo\tthree\u{7f}"), r"one\r\ntwo\tthree\x7f");
        assert_eq!(escape("\u{9b}2J"), r"\x9b2J", "C1 controls are one byte's worth of escape sequence");
        assert_eq!(escape("exe\u{202e}txt.sh"), r"exe\u{202e}txt.sh");
        assert_eq!(escape("grün 漢字 🦀"), "grün 漢字 🦀");
        assert_eq!(escape_lines("a\x1b\nb\r\n"), "a\\x1b\nb\\r\n");
    }

    proptest::proptest! {
        #[test]
        fn nothing_hostile_is_left_and_twice_is_once(text: String) {
            let once = escape(&text);
            assert!(!once.chars().any(is_hostile));
            assert_eq!(escape(&once), once);
        }
    }
}
