//! A comparison for a terminal.

use super::{Change, Comparison, ScenarioComparison};
use crate::{RunReport, Style, escape, golden, style::Tone};

/// As many characters of a hash are enough to see that it is another.
const SHORT_HASH: usize = 12;

/// The whole comparison. Ends with a line break.
pub fn comparison(comparison: &Comparison<'_>, style: Style) -> String {
    let mut out = String::new();
    for (word, (run, label)) in [("old", comparison.old), ("new", comparison.new)] {
        out.push_str(&head(word, run, label));
    }
    if !comparison.changes.is_empty() {
        out.push_str(&format!("\n{}\n{}", Tone::Title.mark("run"), changes(&comparison.changes)));
    }
    for scenario in &comparison.both {
        out.push_str(&scenario_block(comparison, scenario));
    }
    for (label, names) in [(comparison.old.1, &comparison.only_old), (comparison.new.1, &comparison.only_new)]
    {
        for name in names {
            let name = Tone::Title.mark(&escape(name));
            out.push_str(&format!("\n{name}\n  {} {}\n", Tone::Bad.mark("only in"), escape(label)));
        }
    }
    let (tone, word, code) =
        if comparison.is_same() { (Tone::Good, "same", 0) } else { (Tone::Bad, "different", 1) };
    out.push_str(&format!("\n{} (exit code {code})\n", tone.mark(word)));
    style.finish(&out)
}

fn head(word: &str, run: &RunReport<'_>, label: &str) -> String {
    let facts = [label, &run.profile, &run.kernel, &run.began].map(escape);
    format!("{}  {}\n", Tone::Title.mark(word), facts.join("  "))
}

fn scenario_block(comparison: &Comparison<'_>, scenario: &ScenarioComparison<'_>) -> String {
    let mut out = format!("\n{}\n", Tone::Title.mark(&escape(scenario.name)));
    if scenario.is_same() {
        out.push_str(&format!("  {}\n", Tone::Good.mark("same")));
        return out;
    }
    out.push_str(&changes(&scenario.changes));
    for difference in &scenario.drift.differences {
        out.push_str(&format!("  {}\n", escape(&difference.to_string())));
    }
    out.push_str(&golden::shown_diff(&comparison.text_diff(scenario)));
    out
}

fn changes(changes: &[Change]) -> String {
    let width = changes.iter().map(|change| change.what.chars().count()).max().unwrap_or(0).min(40);
    let line = |change: &Change| {
        let what = escape(&change.what);
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| Tone::Quiet.mark("none"), shown);
        format!("  {what:width$}  {} => {}\n", value(&change.old), value(&change.new))
    };
    changes.iter().map(line).collect()
}

/// A value on one line; a hash by its beginning.
fn shown(value: &str) -> String {
    let is_hash = value.len() == 64 && value.chars().all(|c| c.is_ascii_hexdigit());
    if is_hash { format!("{}…", &value[..SHORT_HASH]) } else { escape(value) }
}
