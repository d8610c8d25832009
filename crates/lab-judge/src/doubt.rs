//! What went wrong (troubles), what makes a result doubtful (doubts), and how a run ends but for drift.

use lab_model::{Judged, PassRecord, RunOutcome, ScenarioRecord, Verdict};

use crate::view::{self, View};

/// Steps that failed and instances that never ran, in sentences.
pub(crate) fn troubles(passes: &[PassRecord]) -> Vec<String> {
    let mut troubles = Vec::new();
    for pass in passes {
        for stage in &pass.stages {
            if let Some(error) = &stage.error {
                troubles.push(format!("pass {}: {}: {error}", pass.pass, stage.stage));
            }
        }
        for instance in pass.instances.iter().filter(|instance| !view::was_ready(instance)) {
            let error = instance.error.as_deref().unwrap_or("it never got ready");
            troubles.push(format!("pass {}: {} did not start: {error}", pass.pass, instance.instance));
        }
    }
    troubles
}

/// Passes that were to be and are not there: the run was ended before them.
pub(crate) fn missing_passes(record: &ScenarioRecord) -> Vec<String> {
    let ran = |number| record.passes.iter().any(|pass| pass.pass == number);
    let missing = record.planned.iter().filter(|planned| !ran(planned.pass));
    let told = missing.map(|planned| {
        let sensors: Vec<&str> = planned.sensors.iter().map(|sensor| sensor.word()).collect();
        format!("pass {} ({}) did not happen", planned.pass, sensors.join(", "))
    });
    told.collect()
}

/// Reasons to doubt what one instance recorded, in sentences.
pub(crate) fn doubts(view: &View<'_>) -> Vec<String> {
    if !view.was_ready() {
        return Vec::new();
    }
    let record = view.record;
    let who = format!("pass {}: {}", view.pass.pass, record.instance);
    let mut doubts = Vec::new();
    if record.start_marker_ns.is_none() {
        doubts.push(format!("{who} did not see the start marker"));
    }
    if let Some(error) = &record.error {
        doubts.push(format!("{who} ended early: {error}"));
    }
    let (first, last) = (record.start_marker_ns.unwrap_or(0), record.end_marker_ns.unwrap_or(u64::MAX));
    for loss in view.losses.iter().filter(|loss| loss.overlaps(first, last)) {
        doubts.push(format!("{who} {}", loss.describe()));
    }
    for (program, balance) in record.counters.iter().flat_map(|counters| &counters.programs) {
        if !holds(balance) {
            doubts.push(format!(
                "{who}: the counters of {program} do not hold: produced {}, received {}, filtered {}, in flight {}, lost {}",
                balance.produced,
                balance.received,
                balance.filtered,
                balance.in_flight,
                balance.lost.values().fold(0, |sum: u64, n| sum.saturating_add(*n)),
            ));
        }
    }
    match view.ambiguous() {
        0 => {}
        n => doubts.push(format!("{who}: {n} events could belong to more than one process, or to none")),
    }
    if view.stream.conflicts > 0 {
        doubts.push(format!(
            "{who}: {} places in its stream hold two different records",
            view.stream.conflicts
        ));
    }
    doubts
}

/// The doubt about a tree that is deeper than trees are shown.
pub(crate) fn too_deep(view: &View<'_>) -> String {
    format!(
        "pass {}: {} saw more than {} processes below each other; the deeper ones stand beside the others",
        view.pass.pass,
        view.record.instance,
        crate::gather::DEPTH
    )
}

/// [`lab_model::Balance::holds`] for numbers that nobody has checked: a sum that overflows does not hold.
fn holds(balance: &lab_model::Balance) -> bool {
    let parts = [balance.received, balance.filtered, balance.in_flight];
    let sum = parts.iter().chain(balance.lost.values()).try_fold(0u64, |sum, n| sum.checked_add(*n));
    sum == Some(balance.produced)
}

/// How a run with this scenario alone ends, drift left out: trouble, inconclusive or pass.
pub fn outcome(judged: &Judged) -> RunOutcome {
    let unproven = judged.proofs.iter().any(|proof| !proof.proven);
    let lost = judged.verdicts.iter().any(|row| row.verdict == Verdict::Lost);
    if !judged.troubles.is_empty() {
        RunOutcome::Trouble
    } else if unproven || lost || !judged.doubts.is_empty() {
        RunOutcome::Inconclusive
    } else {
        RunOutcome::Pass
    }
}
