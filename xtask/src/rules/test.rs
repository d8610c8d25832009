//! `rules test`: which rules fire on which acts and twins of stored runs, and which no longer do.

use std::{collections::BTreeSet, process::ExitCode};

use anyhow::{Result, bail};
use lab_golden::{ActRef, Detection};
use lab_model::{Act, Role};
use serde_json::{Value, json};

use crate::{
    judged::{self, JudgedScenario},
    root::Folders,
};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Runs: ids, beginnings of their folders' names, paths, or `latest`
    #[arg(default_value = "latest")]
    runs: Vec<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let rules = super::load(folders)?;
    if rules.rules().is_empty() {
        bail!("{} has no rules", folders.lab.join("rules").display());
    }
    let (mut runs, mut failures, mut fired) = (Vec::new(), Vec::new(), BTreeSet::new());
    for run in &cmd.runs {
        let dir = lab_store::find(&folders.runs(), run)?;
        let judged = judged::judge(&dir, folders)?;
        if !cmd.json {
            eprintln!("{}", dir.display());
        }
        for scenario in &judged.scenarios {
            failures.extend(fails(scenario));
            fired.extend(scenario.judged.detections.iter().map(|detection| detection.title.clone()));
            if !cmd.json {
                print!("{}", lab_report::escape_lines(&text(scenario)));
            }
        }
        let scenarios: Vec<Value> = judged.scenarios.iter().map(value).collect();
        runs.push(json!({ "run": dir.display().to_string(), "scenarios": scenarios }));
    }
    let idle: Vec<&str> =
        rules.rules().iter().map(|rule| &*rule.title).filter(|title| !fired.contains(*title)).collect();
    if cmd.json {
        let value = json!({ "runs": runs, "failures": failures, "idle": idle });
        println!("{}", lab_report::json_text(&value));
    } else {
        for failure in &failures {
            println!("{}", lab_report::escape(failure));
        }
        for title in &idle {
            eprintln!("{}", lab_report::escape(&format!("fires on nothing here: {title}")));
        }
    }
    Ok(ExitCode::from(u8::from(!failures.is_empty())))
}

/// What is worse than the golden says: a rule that is silent where it fired, or fires where it must not.
fn fails(scenario: &JudgedScenario) -> Vec<String> {
    let name = &scenario.judged.head.name;
    let mut failures = Vec::new();
    for known in scenario.blessed.iter().flat_map(|blessed| &blessed.rest().detections) {
        for act in known.acts.iter().filter(|act| !fires(&scenario.golden.detections, &known.title, **act)) {
            failures.push(format!("no longer fires: {} on {act} of {name}", known.title));
        }
    }
    for detection in &scenario.golden.detections {
        for twin in detection.acts.iter().filter(|act| act.role == Role::Twin) {
            failures.push(format!("fires on a benign twin: {} on {twin} of {name}", detection.title));
        }
    }
    failures
}

fn fires(detections: &[Detection], title: &str, act: ActRef) -> bool {
    detections.iter().any(|detection| detection.title == title && detection.acts.contains(&act))
}

/// The rules that fire on each act, with the instances whose events they fire on.
fn text(scenario: &JudgedScenario) -> String {
    let mut out = format!("{}\n", scenario.judged.head.name);
    for act in &scenario.judged.acts {
        let hits = hits(scenario, act);
        let label = format!("{} {}", act.role, act.id);
        if hits.is_empty() {
            out.push_str(&format!("  {label:8} -\n"));
        }
        for (title, instances) in hits {
            out.push_str(&format!("  {label:8} {title}  ({})\n", instances.join(", ")));
        }
    }
    out
}

fn value(scenario: &JudgedScenario) -> Value {
    let act = |act: &Act| {
        let hits = hits(scenario, act);
        let hits = hits.iter().map(|(title, instances)| json!({ "rule": title, "instances": instances }));
        json!({ "act": act.id, "role": act.role, "fired": hits.collect::<Vec<_>>() })
    };
    let acts: Vec<Value> = scenario.judged.acts.iter().map(act).collect();
    json!({ "name": scenario.judged.head.name, "acts": acts })
}

fn hits<'s>(scenario: &'s JudgedScenario, act: &Act) -> Vec<(&'s str, Vec<&'s str>)> {
    let of = |detection: &'s lab_model::Detection| {
        let hits = detection.hits.iter().filter(|hit| hit.act == Some(act.id));
        let instances: Vec<&str> = hits.map(|hit| &*hit.instance).collect();
        (!instances.is_empty()).then_some((&*detection.title, instances))
    };
    scenario.judged.detections.iter().filter_map(of).collect()
}
