//! The same report as JSON.

use lab_model::{PassRecord, ScenarioRecord};
use serde_json::{Value, json};

use crate::{
    Comparison, RunReport, ScenarioReport, escape::is_hostile, golden::changes, loss::sum, next::next,
};

/// The report of a run; the names are those of the terminal's. Strings are as they were recorded.
pub fn json(report: &RunReport<'_>) -> Value {
    let (word, code) = report.ending();
    let next: Vec<String> = next(report).into_iter().map(|(command, _)| command).collect();
    json!({
        "run": report.run,
        "profile": report.profile,
        "kernel": report.kernel,
        "began": report.began,
        "bundle": report.bundle,
        "head": report.chain_head,
        "stages": report.stages,
        "scenarios": report.scenarios.iter().map(scenario).collect::<Vec<_>>(),
        "troubles": report.troubles,
        "outcome": word,
        "exit_code": code,
        "next": next,
    })
}

/// `value` over several lines, safe to print: the hostile characters that JSON would let through become `\uNNNN`.
pub fn json_text(value: &Value) -> String {
    let mut out = String::new();
    for c in format!("{value:#}").chars() {
        // Pretty-printing breaks lines outside of strings only; inside JSON has escaped them.
        if c == '\n' || !is_hostile(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.push('\n');
    out
}

fn scenario(scenario: &ScenarioReport<'_>) -> Value {
    let judged = scenario.judged;
    json!({
        "name": judged.head.name,
        "summary": judged.head.summary,
        "attack": judged.head.attack,
        "sensors": judged.sensors,
        "acts": judged.acts,
        "proofs": judged.proofs,
        "verdicts": judged.verdicts,
        "doubts": judged.doubts,
        "troubles": judged.troubles,
        "passes": passes(scenario.record),
        "golden": golden(&scenario.golden),
    })
}

fn passes(record: &ScenarioRecord) -> Vec<Value> {
    let pass = |pass: &PassRecord| {
        let instances = pass.instances.iter().map(|instance| {
            json!({
                "instance": instance.instance,
                "sensor": instance.sensor,
                "version": instance.version,
                "refused": instance.refused,
                "start_marker_ns": instance.start_marker_ns,
                "end_marker_ns": instance.end_marker_ns,
                "counters": instance.counters,
                "sum": sum(instance),
                "error": instance.error,
            })
        });
        json!({ "pass": pass.pass, "stages": pass.stages, "instances": instances.collect::<Vec<_>>() })
    };
    record.passes.iter().map(pass).collect()
}

fn golden(comparison: &Comparison) -> Value {
    match comparison {
        Comparison::Same => json!({ "state": "same" }),
        Comparison::Drift { diff } => {
            let (removed, added) = changes(diff);
            json!({ "state": "drift", "removed": removed, "added": added, "diff": diff })
        }
        Comparison::Missing { would_bless } => json!({ "state": "missing", "would_bless": would_bless }),
        Comparison::Not { reason } => json!({ "state": "not-compared", "reason": reason }),
    }
}
