//! What to type next.

use crate::{RunReport, escape, matrix::open_verdicts};

/// Most commands of one kind; a run that lost everything needs no hundred lines.
const MOST: usize = 5;

/// (command, what it is good for), the most urgent first.
pub(crate) fn next(report: &RunReport<'_>) -> Vec<(String, &'static str)> {
    let (run, profile) = (word(&report.run), word(&report.profile));
    let mut lines = Vec::new();
    let stages = report.scenarios.iter().flat_map(|s| &s.record.passes).flat_map(|pass| &pass.stages);
    let failed: Vec<&str> =
        report.stages.iter().chain(stages).filter(|s| s.error.is_some()).map(|s| s.stage.as_str()).collect();
    if !failed.is_empty() || !report.troubles.is_empty() {
        lines.push(if report.in_machine {
            let console = format!("{}/{}", report.bundle, lab_store::CONSOLE);
            (format!("tail -n 40 {}", word(&console)), "what the machine said last")
        } else {
            ("cargo xtask doctor".to_owned(), "what this machine lacks, and the remedy")
        });
    }
    if failed.contains(&"cleanup") {
        lines.push(("cargo xtask lab down".to_owned(), "remove what the run left"));
    }
    let open = report.scenarios.iter().flat_map(|scenario| {
        let unproven = scenario.judged.proofs.iter().filter(|proof| !proof.proven);
        let first_sensor = scenario.judged.sensors.first();
        let unproven = unproven.filter_map(move |proof| Some((proof.act, *first_sensor?)));
        let mut open: Vec<_> =
            unproven.chain(open_verdicts(scenario.judged).map(|row| (row.act, row.sensor))).collect();
        let mut known = std::collections::BTreeSet::new();
        open.retain(|cell| known.insert(*cell));
        open.into_iter().map(|(act, sensor)| (scenario.judged.head.name.as_str(), act, sensor))
    });
    lines.extend(open.take(MOST).map(|(scenario, act, sensor)| {
        (format!("cargo xtask explain {run} {}/{act} {sensor}", word(scenario)), "why this verdict")
    }));
    for scenario in &report.scenarios {
        let name = word(&scenario.judged.head.name);
        if !scenario.drift.is_empty() && scenario.never_blessed().is_empty() {
            let purpose = if scenario.drift.new { "accept it as golden" } else { "accept the difference" };
            lines.push((format!("cargo xtask golden bless {profile} {name} --run {run}"), purpose));
        }
    }
    if let Some(head) = &report.chain_head {
        lines.push((
            format!("cargo xtask verify {run} --head {}", word(head)),
            "that nobody changed the bundle",
        ));
    }
    lines
}

/// `text` as one word of a POSIX shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+".contains(c);
    let text = escape(text);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
