//! The same report as JSON.

use lab_model::{PassRecord, ScenarioRecord};
use serde_json::{Value, json};

use crate::{RunReport, ScenarioReport, escape::is_hostile, loss::sum, next::next};

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

/// JSON as text over several lines, safe to print: the hostile characters that JSON would let through become
/// `\uNNNN`, which is the same JSON.
pub fn json_text(value: &Value) -> String {
    let mut out = String::new();
    for c in format!("{value:#}").chars() {
        // Pretty-printing breaks lines outside of strings only; inside them JSON has escaped these already.
        if c == '\n' || !is_hostile(c) {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
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
        "detections": judged.detections,
        "doubts": judged.doubts,
        "troubles": judged.troubles,
        "passes": passes(scenario.record),
        "golden": golden(scenario),
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

fn golden(scenario: &ScenarioReport<'_>) -> Value {
    let drift = scenario.drift;
    let state = match (drift.is_empty(), drift.new) {
        (true, _) => "as-blessed",
        (false, true) => "none-yet",
        (false, false) => "drift",
    };
    json!({
        "state": state,
        "file": drift.file,
        "strict_lines": drift.cost().strict,
        "lines": drift.cost().lines,
        "events": scenario.events(),
        "differences": drift.differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tolerated": drift.tolerated.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "diff": drift.text_diff(),
        "never_blessed": scenario.never_blessed(),
    })
}
