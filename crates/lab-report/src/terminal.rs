//! The report of a run for a terminal.

use lab_model::{Detection, Judged, Role, RunOutcome};

use crate::{
    RunReport, ScenarioReport, Style, escape, golden::golden, loss::losses, matrix, next::next, style::Tone,
};

/// The whole report: head, matrices, losses, how the run ended, what to type next. Ends with a line break.
pub fn terminal(report: &RunReport<'_>, style: Style) -> String {
    let mut out = head(report);
    for scenario in &report.scenarios {
        out.push('\n');
        out.push_str(&scenario_block(style, scenario));
    }
    let losses = losses(style, report.scenarios.iter().map(|scenario| scenario.record));
    if !losses.is_empty() {
        out.push_str(&format!("\n{}\n{losses}", Tone::Title.mark("loss")));
    }
    let failed =
        report.stages.iter().filter_map(|s| Some(format!("{}: failed to {}", s.stage, s.error.as_ref()?)));
    let troubles: Vec<String> = failed.chain(report.troubles.iter().cloned()).collect();
    if !troubles.is_empty() {
        out.push('\n');
        out.push_str(&remarks("trouble", Tone::Bad, &troubles, ""));
    }
    out.push('\n');
    out.push_str(&ending(report));
    out.push_str(&hints(report));
    style.finish(&out)
}

fn head(report: &RunReport<'_>) -> String {
    let chain = report.chain_head.as_deref().unwrap_or("none: the bundle was never sealed");
    let lines = [
        ("profile", report.profile.as_str()),
        ("kernel", &report.kernel),
        ("began", &report.began),
        ("bundle", &report.bundle),
        ("head", chain),
    ];
    lines
        .iter()
        .map(|(name, value)| format!("{} {}\n", Tone::Title.mark(&format!("{name:8}")), escape(value)))
        .collect()
}

fn scenario_block(style: Style, scenario: &ScenarioReport<'_>) -> String {
    let judged = scenario.judged;
    let head = &judged.head;
    let title = Tone::Title.mark(&escape(&head.name));
    let line = format!("{title}  {}  {}", escape(&head.summary), escape(&head.attack.join(" ")));
    let mut out = format!("{}\n", line.trim_end());
    out.push_str(&matrix::matrix(style, judged));
    for line in matrix::reasons(judged) {
        out.push_str(&format!("  {line}\n"));
    }
    out.push_str(&detections(judged));
    out.push_str(&remarks("doubt", Tone::Doubtful, &judged.doubts, "  "));
    out.push_str(&remarks("trouble", Tone::Bad, &judged.troubles, "  "));
    out.push_str(&golden(scenario));
    out
}

/// The rules that fired, with the acts; a twin among them is what nobody wants to overlook.
fn detections(judged: &Judged) -> String {
    let line = |detection: &Detection| {
        let role = |id: u32| judged.acts.iter().find(|act| act.id == id).map_or(Role::Act, |act| act.role);
        let on: Vec<(Role, String)> =
            detection.acts().into_iter().map(|id| (role(id), format!("{} {id}", role(id)))).collect();
        let on_twin = on.iter().any(|(role, _)| *role == Role::Twin);
        let (tone, twin) = if on_twin { (Tone::Bad, ": a benign twin") } else { (Tone::Quiet, "") };
        let on: Vec<String> = on.into_iter().map(|(_, act)| act).collect();
        let on = if on.is_empty() { "no act".to_owned() } else { on.join(", ") };
        let (word, source, title) =
            (tone.mark("detection"), escape(&detection.source), escape(&detection.title));
        format!("  {word}: {source} \"{title}\" on {on}{twin}\n")
    };
    judged.detections.iter().map(line).collect()
}

fn remarks(word: &str, tone: Tone, texts: &[String], indent: &str) -> String {
    texts.iter().map(|text| format!("{indent}{}: {}\n", tone.mark(word), escape(text))).collect()
}

fn ending(report: &RunReport<'_>) -> String {
    let (word, code) = report.ending();
    let tone = match report.outcome {
        _ if report.interrupted => Tone::Doubtful,
        RunOutcome::Pass => Tone::Good,
        RunOutcome::Inconclusive => Tone::Doubtful,
        RunOutcome::Drift | RunOutcome::Trouble => Tone::Bad,
    };
    format!("{} (exit code {code})\n", tone.mark(word))
}

fn hints(report: &RunReport<'_>) -> String {
    let lines = next(report);
    let width =
        lines.iter().map(|(command, _)| command.chars().count()).filter(|n| *n <= 72).max().unwrap_or(0);
    let mut out = String::new();
    for (n, (command, purpose)) in lines.iter().enumerate() {
        let label = if n == 0 { "next" } else { "" };
        out.push_str(&format!("{label:5}{command:width$}  {}\n", Tone::Quiet.mark(&format!("# {purpose}"))));
    }
    out
}
