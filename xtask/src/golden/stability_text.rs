//! What `golden stability` prints: a table, then every line and verdict that did not hold.

use std::{collections::BTreeMap, fmt::Write as _};

use lab_golden::{Rate, Stability};
use serde_json::{Value, json};

use crate::golden::{many::Done, stability::Measured};

/// More unstable lines than this per scenario are counted only; JSON has all.
const MOST_LINES: usize = 50;

/// For people.
pub(super) fn text(profile: &str, done: &Done, scenarios: &BTreeMap<String, Measured>) -> String {
    let mut out = String::new();
    let beside = match done.busy {
        0 => String::new(),
        busy => format!(", beside {busy} busy processes"),
    };
    let runs = done.outcomes.len();
    let _ = writeln!(out, "{profile}: {runs} runs in {:.0} s{beside}{}\n", done.seconds, machine(done));
    let width = scenarios.keys().map(String::len).max().unwrap_or_default().max(8);
    let _ = writeln!(
        out,
        "{:width$}  {:>7}  {:15}  {:>9}  {:>8}  inconclusive",
        "scenario", "stable", "95 % interval", "as golden", "variants"
    );
    let found =
        scenarios.iter().filter_map(|(name, measured)| Some((name, measured, measured.tally.stability()?)));
    let found: Vec<(&String, &Measured, Stability)> = found.collect();
    for (name, measured, stability) in &found {
        let golden = match &measured.blessed {
            Some(blessed) => measured.tally.as_golden(Some(blessed)).to_string(),
            None => "none".to_owned(),
        };
        let _ = writeln!(
            out,
            "{name:width$}  {:>7}  {:15}  {golden:>9}  {:>8}  {}",
            stability.whole,
            interval(stability.whole),
            stability.variants,
            measured.inconclusive,
        );
    }
    for (name, _, stability) in found.iter().filter(|(_, _, stability)| !stability.is_stable()) {
        let _ = writeln!(
            out,
            "\n{name}: {} of {} lines held less than always",
            stability.unstable.len(),
            stability.lines
        );
        for line in stability.unstable.iter().take(MOST_LINES) {
            let act = line.act.map(|act| format!("  [{act}]")).unwrap_or_default();
            let _ = writeln!(out, "  {:>7}  {:15}  {}{act}", line.held, interval(line.held), line.key);
            for (how, count) in &line.otherwise {
                let _ = writeln!(out, "           {count} x {how}");
            }
        }
        let more = stability.unstable.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let _ = writeln!(out, "  and {more} more (--json has all)");
        }
        for verdict in &stability.verdicts {
            let counts: Vec<String> = verdict.verdicts.iter().map(|(v, n)| format!("{n} x {v}")).collect();
            let _ =
                writeln!(out, "  verdict of {} on {}: {}", verdict.sensor, verdict.act, counts.join(", "));
        }
    }
    out
}

fn interval(rate: Rate) -> String {
    let (low, high) = rate.wilson();
    format!("{:.1} - {:.1} %", 100.0 * low, 100.0 * high)
}

fn machine(done: &Done) -> String {
    done.load
        .map(|(from, to)| format!(", the machine's load {from} at the start and {to} at the end"))
        .unwrap_or_default()
}

/// For machines.
pub(super) fn json(profile: &str, done: &Done, scenarios: &BTreeMap<String, Measured>) -> Value {
    let found =
        scenarios.iter().filter_map(|(name, measured)| Some((name, measured, measured.tally.stability()?)));
    let scenarios: Vec<Value> =
        found.map(|(name, measured, stability)| scenario(name, measured, &stability)).collect();
    json!({
        "profile": profile,
        "runs": done.outcomes.len(),
        "outcomes": done.outcomes.iter().map(|outcome| outcome.word()).collect::<Vec<_>>(),
        "interrupted": done.interrupted,
        "seconds": done.seconds,
        "busy_processes": done.busy,
        "machine_load": done.load.map(|(from, to)| [from, to]),
        "scenarios": scenarios,
    })
}

fn scenario(name: &str, measured: &Measured, stability: &Stability) -> Value {
    let golden = measured.blessed.as_ref().map(|blessed| rate(measured.tally.as_golden(Some(blessed))));
    let lines = stability.unstable.iter().map(|line| {
        json!({
            "key": line.key,
            "act": line.act.map(|act| act.to_string()),
            "held": rate(line.held),
            "otherwise": line.otherwise,
        })
    });
    let verdicts = stability.verdicts.iter().map(|verdict| {
        let counts: BTreeMap<&str, u32> = verdict.verdicts.iter().map(|(v, n)| (v.word(), *n)).collect();
        json!({ "act": verdict.act.to_string(), "sensor": verdict.sensor.word(), "verdicts": counts })
    });
    json!({
        "scenario": name,
        "stable": rate(stability.whole),
        "as_golden": golden,
        "variants": stability.variants,
        "lines": stability.lines,
        "inconclusive": measured.inconclusive,
        "unstable": lines.collect::<Vec<_>>(),
        "verdicts": verdicts.collect::<Vec<_>>(),
    })
}

fn rate(rate: Rate) -> Value {
    let (low, high) = rate.wilson();
    json!({ "held": rate.held, "of": rate.of, "low": low, "high": high })
}
