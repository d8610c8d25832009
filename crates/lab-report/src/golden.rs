//! How a scenario stands to its golden, and the diff where it drifted.

use crate::{Comparison, escape_lines, style::Tone};

/// The line on the golden, and below it the diff, or what would be blessed.
pub(crate) fn golden(comparison: &Comparison) -> String {
    match comparison {
        Comparison::Same => format!("  golden: {}\n", Tone::Good.mark("as blessed")),
        Comparison::Drift { diff } => {
            let (removed, added) = changes(diff);
            let word = Tone::Bad.mark("drift");
            format!("  golden: {word}, {removed} removed, {added} added\n{}", indented(diff, diff_tone))
        }
        Comparison::Missing { would_bless } => {
            let word = Tone::Doubtful.mark("none yet");
            format!("  golden: {word}; this run would be blessed as\n{}", indented(would_bless, |_| None))
        }
        Comparison::Not { reason } => {
            format!("  golden: {}: {}\n", Tone::Doubtful.mark("not compared"), crate::escape(reason))
        }
    }
}

/// Lines removed and added by a unified diff.
pub(crate) fn changes(diff: &str) -> (usize, usize) {
    let count =
        |sign, file| diff.lines().filter(|line| line.starts_with(sign) && !line.starts_with(file)).count();
    (count("-", "--- "), count("+", "+++ "))
}

fn diff_tone(line: &str) -> Option<Tone> {
    match line.as_bytes().first() {
        Some(b'-') => Some(Tone::Bad),
        Some(b'+') => Some(Tone::Good),
        Some(b'@') => Some(Tone::Quiet),
        _ => None,
    }
}

fn indented(text: &str, tone: impl Fn(&str) -> Option<Tone>) -> String {
    let mut out = String::new();
    for line in escape_lines(text).lines() {
        let marked = tone(line).map_or_else(|| line.to_owned(), |tone| tone.mark(line));
        out.push_str(format!("    {marked}").trim_end());
        out.push('\n');
    }
    out
}
