//! How a scenario stands to its golden: each difference, and the diff.

use crate::{ScenarioReport, escape, escape_lines, style::Tone};

/// The line on the golden, and below it the differences and the diff, or what would be blessed.
pub(crate) fn golden(scenario: &ScenarioReport<'_>) -> String {
    let drift = scenario.drift;
    if drift.is_empty() {
        let (word, cost) = (Tone::Good.mark("as blessed"), Tone::Quiet.mark(&scenario.cost()));
        return format!("  golden: {word}  {cost}\n{}", tolerated(scenario));
    }
    let never = scenario.never_blessed();
    let mut out = String::new();
    if drift.new {
        let word = Tone::Doubtful.mark("none yet");
        if never.is_empty() {
            let cost = Tone::Quiet.mark(&scenario.cost());
            out.push_str(&format!("  golden: {word}; this run would be blessed as  {cost}\n"));
            out.push_str(&indented(&drift.new_text, |_| None));
        } else {
            out.push_str(&format!("  golden: {word}, and this run is none to bless\n"));
        }
    } else {
        let word = Tone::Bad.mark("drift");
        out.push_str(&format!(
            "  golden: {word} from {}: {}  {}\n",
            escape(&drift.file),
            counted(drift.differences.len()),
            Tone::Quiet.mark(&scenario.cost())
        ));
        for difference in &drift.differences {
            out.push_str(&format!("    {}\n", escape(&difference.to_string())));
        }
        out.push_str(&tolerated(scenario));
        out.push_str(&shown_diff(&drift.text_diff()));
    }
    out
}

/// How it is this time with each line that the golden leaves free.
fn tolerated(scenario: &ScenarioReport<'_>) -> String {
    let lines = scenario.drift.tolerated.iter();
    lines.map(|tolerated| format!("    {}\n", Tone::Quiet.mark(&escape(&tolerated.to_string())))).collect()
}

/// A unified diff, indented and coloured.
pub(crate) fn shown_diff(diff: &str) -> String {
    indented(diff, diff_tone)
}

fn counted(differences: usize) -> String {
    format!("{differences} difference{}", if differences == 1 { "" } else { "s" })
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
