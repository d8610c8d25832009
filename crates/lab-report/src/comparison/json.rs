//! The same comparison as JSON.

use serde_json::{Value, json};

use super::{Change, Comparison, ScenarioComparison};
use crate::{RunReport, difference::difference_json};

/// The comparison, with the strings as they were recorded.
pub fn comparison_json(comparison: &Comparison<'_>) -> Value {
    let same = comparison.is_same();
    let scenario = |scenario: &ScenarioComparison<'_>| {
        json!({
            "name": scenario.name,
            "same": scenario.is_same(),
            "differences": scenario.drift.differences.iter().map(difference_json).collect::<Vec<_>>(),
            "changes": scenario.changes.iter().map(change).collect::<Vec<_>>(),
            "diff": comparison.text_diff(scenario),
        })
    };
    json!({
        "old": run(comparison.old),
        "new": run(comparison.new),
        "changes": comparison.changes.iter().map(change).collect::<Vec<_>>(),
        "scenarios": comparison.both.iter().map(scenario).collect::<Vec<_>>(),
        "only_old": comparison.only_old,
        "only_new": comparison.only_new,
        "same": same,
        "exit_code": u8::from(!same),
    })
}

fn run((run, label): (&RunReport<'_>, &str)) -> Value {
    json!({
        "run": label,
        "profile": run.profile,
        "kernel": run.kernel,
        "began": run.began,
        "bundle": run.bundle,
        "head": run.chain_head,
    })
}

fn change(change: &Change) -> Value {
    json!({ "what": change.what, "old": change.old, "new": change.new })
}
