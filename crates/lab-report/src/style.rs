//! Colour and width, as the caller's terminal has them.
//!
//! Text is put together with invisible marks around what has a tone; [`Style::finish`] puts escape sequences in their
//! place, or nothing. Text with and without colour is so the same but for the colour. No mark can come out of a record,
//! because [`escape`](crate::escape) shows them as it shows every invisible character.

/// How a report is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// with ANSI colours
    pub color: bool,
    /// columns that tables have room in; `None` is as many as they need
    pub width: Option<u16>,
}

/// What a piece of text is, so that it may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Doubtful,
    Quiet,
    Title,
}

/// (tone, its opening mark, its escape sequence)
const TONES: [(Tone, char, &str); 5] = [
    (Tone::Good, '\u{2061}', "\x1b[32m"),
    (Tone::Bad, '\u{2062}', "\x1b[31m"),
    (Tone::Doubtful, '\u{2063}', "\x1b[33m"),
    (Tone::Quiet, '\u{2064}', "\x1b[2m"),
    (Tone::Title, '\u{2065}', "\x1b[1m"),
];
const CLOSE: char = '\u{2060}';

impl Tone {
    /// `text` (escaped already) between this tone's marks.
    pub(crate) fn mark(self, text: &str) -> String {
        let (_, open, _) = TONES[self as usize];
        format!("{open}{text}{CLOSE}")
    }
}

impl Tone {
    /// Its class in a page.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Doubtful => "doubtful",
            Self::Quiet | Self::Title => "quiet-tone",
        }
    }
}

impl Style {
    /// Puts colours, or nothing, in place of the marks.
    pub(crate) fn finish(self, marked: &str) -> String {
        let mut out = String::with_capacity(marked.len());
        for c in marked.chars() {
            let sequence = match TONES.iter().find(|(_, open, _)| *open == c) {
                Some((_, _, sequence)) => sequence,
                None if c == CLOSE => "\x1b[0m",
                None => {
                    out.push(c);
                    continue;
                }
            };
            if self.color {
                out.push_str(sequence);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, Style, TONES};
    use crate::escape::is_hostile;

    #[test]
    fn marks_are_in_the_order_of_tones_and_no_record_can_hold_one() {
        for (n, (tone, open, _)) in TONES.iter().enumerate() {
            assert_eq!(*tone as usize, n);
            assert!(is_hostile(*open));
        }
        assert!(is_hostile(CLOSE));
    }

    #[test]
    fn colour_is_all_that_differs() {
        let marked = TONES.map(|(tone, ..)| tone.mark("x")).concat();
        assert_eq!(Style::default().finish(&marked), "xxxxx");
        let colored = Style { color: true, width: None }.finish(&marked);
        assert!(colored.starts_with("\x1b[32mx\x1b[0m\x1b[31mx\x1b[0m"), "{colored:?}");
    }
}
