//! The report as Markdown (GitHub's): for a step summary, an issue, a merge request.
//!
//! Whatever comes from a record stands in a code span or a fenced block, where no markup, link, mention or HTML is
//! looked for; the fence is longer than any run of backticks inside.

use lab_model::{Judged, RunOutcome, Verdict};

use crate::{
    RunReport, ScenarioReport,
    detection::fired,
    escape, escape_lines, loss,
    matrix::{self, summary},
    next::next,
    style::Style,
};

/// Longest diff or golden in bytes.
const LONGEST_BLOCK: usize = 64 << 10;
/// Longest document in bytes: GitHub refuses a step summary of more than 1 MiB.
const LONGEST: usize = 1_000_000;

/// The report as Markdown. Ends with a line break.
pub fn markdown(report: &RunReport<'_>) -> String {
    let (word, code) = report.ending();
    let mut out = format!("# {} Sightline: {word}\n\n", sign(report));
    out.push_str(&format!(
        "Profile {} on kernel {}, run {}, began {}, exit code {code}.\n",
        code_span(&report.profile),
        code_span(&report.kernel),
        code_span(&report.run),
        code_span(&report.began)
    ));
    let chain =
        report.chain_head.as_deref().map_or("none: the bundle was never sealed".to_owned(), code_span);
    out.push_str(&format!("Head of the bundle's chain: {chain}.\n"));
    let failed =
        report.stages.iter().filter_map(|s| Some(format!("{}: failed to {}", s.stage, s.error.as_ref()?)));
    let troubles: Vec<String> = failed.chain(report.troubles.iter().cloned()).collect();
    out.push_str(&list("Trouble", &troubles));
    let mut left_out = 0;
    for scenario in &report.scenarios {
        let text = scenario_part(scenario);
        if out.len() + text.len() > LONGEST { left_out += 1 } else { out.push_str(&text) }
    }
    if left_out > 0 {
        out.push_str(&format!("\n{left_out} more scenarios are left out, for the length of it.\n"));
    }
    let losses = loss::losses(Style::default(), report.scenarios.iter().map(|scenario| scenario.record));
    if !losses.is_empty() && out.len() + losses.len() < LONGEST {
        out.push_str("\n## Loss\n\n");
        out.push_str(&fenced("text", &Style::default().finish(&losses)));
    }
    let commands: String =
        next(report).into_iter().map(|(command, purpose)| format!("{command}  # {purpose}\n")).collect();
    if !commands.is_empty() {
        out.push_str("\n## Next\n\n");
        out.push_str(&fenced("sh", &commands));
    }
    out
}

fn sign(report: &RunReport<'_>) -> &'static str {
    match report.outcome {
        _ if report.interrupted => "⏹️",
        RunOutcome::Pass => "✅",
        RunOutcome::Inconclusive => "❔",
        RunOutcome::Drift | RunOutcome::Trouble => "❌",
    }
}

fn scenario_part(scenario: &ScenarioReport<'_>) -> String {
    let judged = scenario.judged;
    let attack: Vec<String> = judged.head.attack.iter().map(|id| code_span(id)).collect();
    let mut out = format!("\n## {}\n\n", code_span(&judged.head.name));
    out.push_str(&format!("{} {}\n\n", code_span(&judged.head.summary), attack.join(" ")));
    out.push_str(&table(judged));
    let reasons: Vec<String> =
        matrix::reasons(judged).iter().map(|text| Style::default().finish(text)).collect();
    out.push_str(&list("Not seen or not proven", &reasons));
    out.push_str(&list("Trouble", &judged.troubles));
    out.push_str(&list("Doubt", &judged.doubts));
    out.push_str(&detections(scenario));
    out.push_str(&golden(scenario));
    out
}

/// A line per rule. What is neither as blessed nor harmless is bold.
fn detections(scenario: &ScenarioReport<'_>) -> String {
    let fired = fired(scenario);
    if fired.is_empty() {
        return "\nDetections: none.\n".to_owned();
    }
    let mut out = "\n**Detections**\n\n".to_owned();
    for (n, rule) in fired.iter().enumerate() {
        if out.len() > LONGEST_BLOCK {
            out.push_str(&format!("- {} more\n", fired.len() - n));
            break;
        }
        let told = match (rule.silent, rule.twins.is_empty(), rule.difference) {
            (true, ..) => "**does not fire any more**".to_owned(),
            (_, false, _) => format!("on {}: **a benign twin**", rule.on_words()),
            (_, true, Some(difference)) => format!("on {}: **{}**", rule.on_words(), difference.kind.word()),
            (_, true, None) => format!("on {}", rule.on_words()),
        };
        out.push_str(&format!("- {} {told}\n", code_span(&rule.label)));
    }
    out
}

fn table(judged: &Judged) -> String {
    let mut out = String::from("| | kind | what | proven |");
    out.extend(judged.sensors.iter().map(|sensor| format!(" {sensor} |")));
    out.push_str("\n|---|---|---|---|");
    out.extend(judged.sensors.iter().map(|_| "---|"));
    out.push('\n');
    for act in &judged.acts {
        let proven = Style::default().finish(&matrix::proven(judged, act.id));
        let what = cell(&code_span(&summary(act)));
        out.push_str(&format!("| {} {} | {} | {what} | {proven} |", act.role, act.id, act.kind.word()));
        for sensor in &judged.sensors {
            let row = judged.verdicts.iter().find(|row| row.act == act.id && row.sensor == *sensor);
            out.push_str(&row.map_or(" - |".to_owned(), |row| format!(" {} |", shown(row.verdict))));
        }
        out.push('\n');
    }
    out
}

fn shown(verdict: Verdict) -> String {
    if matrix::is_open(verdict) { format!("**{verdict}**") } else { verdict.to_string() }
}

fn golden(scenario: &ScenarioReport<'_>) -> String {
    let drift = scenario.drift;
    if drift.is_empty() {
        return format!("\nGolden: as blessed ({}).\n", scenario.cost());
    }
    let never = list("Cannot be blessed", &scenario.never_blessed());
    if drift.new {
        let title = "\n<details><summary>Golden: none yet; what this run would be</summary>\n\n";
        return format!("{never}{title}{}\n</details>\n", fenced("text", &drift.new_text));
    }
    let differences: Vec<String> =
        drift.differences.iter().map(|d| format!("{}:{}: {d}", drift.file_of(&d.file), d.line)).collect();
    let count = differences.len();
    let s = if count == 1 { "" } else { "s" };
    let title = format!("Golden: drift, {count} difference{s} ({})", scenario.cost());
    let diff = fenced("diff", &drift.text_diff());
    format!("{}{never}\n<details><summary>Diff</summary>\n\n{diff}\n</details>\n", list(&title, &differences))
}

/// A title and points below it, as many as fit; empty if there are none.
fn list(title: &str, texts: &[String]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let mut out = format!("\n**{title}**\n\n");
    for (n, text) in texts.iter().enumerate() {
        if out.len() > LONGEST_BLOCK {
            out.push_str(&format!("- {} more\n", texts.len() - n));
            break;
        }
        out.push_str(&format!("- {}\n", code_span(text)));
    }
    out
}

/// `text`, escaped, as a code span.
fn code_span(text: &str) -> String {
    let text = escape(text);
    if text.trim_matches(' ').is_empty() {
        return if text.is_empty() { String::new() } else { "` `".to_owned() };
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // One space on both sides is taken away again: it keeps a backtick, and spaces, at the ends apart from the fence.
    let edge = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if edge { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// In a cell of a table, a pipe is escaped in code spans, too.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn fenced(language: &str, text: &str) -> String {
    let mut text = escape_lines(text);
    if text.len() > LONGEST_BLOCK {
        text.truncate(text.floor_char_boundary(LONGEST_BLOCK));
        text.push_str("\n... cut here");
    }
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
