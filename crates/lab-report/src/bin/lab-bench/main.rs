//! `lab-bench`: makes what `cargo xtask bench golden` measures, and does it; built with optimisation, a process for each
//! measure.

mod events;
mod goldens;

use std::{path::Path, process::ExitCode};

use lab_golden::{Difference, DifferenceKind, Drift, GoldenText};
use lab_model::RunOutcome;
use lab_report::{RunReport, ScenarioReport};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["goldens", folder, lines, changes] => number(lines)
            .and_then(|lines| Ok((lines, number(changes)?)))
            .and_then(|(lines, changes)| goldens::write(Path::new(folder), lines, changes)),
        ["compare", old, new] => compare(old, new).map(|drift| println!("{}", drift.differences.len())),
        ["changes", old, new] => compare(old, new).map(|drift| changes(&drift)),
        ["record", events] => number(events).map(record),
        ["judge", events] => number(events).map(judge),
        ["page", events] => number(events).map(page),
        _ => Err("usage: lab-bench goldens|compare|changes|record|judge|page ...".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("expected a number, found `{text}`"))
}

/// From the bytes of two files to the list of differences.
fn compare(old: &str, new: &str) -> Result<Drift, String> {
    let load = |file: &str| match GoldenText::load(Path::new(file)) {
        Ok(Some(golden)) => Ok(golden),
        Ok(None) => Err(format!("{file} is not there")),
        Err(error) => Err(error.to_string()),
    };
    lab_golden::compare_texts(Some(load(old)?), load(new)?).map_err(|error| error.to_string())
}

/// Each change without the line at which it stands, sorted; what only the order of siblings tells is left out.
fn changes(drift: &Drift) {
    let is_order = |difference: &&Difference| match difference.kind {
        DifferenceKind::MovedBelow { .. } => true,
        DifferenceKind::Moved => difference.new.is_none(),
        _ => false,
    };
    let told = drift.differences.iter().filter(|difference| !is_order(difference));
    let mut told: Vec<String> =
        told.map(|d| format!("{} {} {:?} {:?}", d.kind, d.key, d.old, d.new)).collect();
    told.sort();
    told.iter().for_each(|change| println!("{change}"));
}

/// What judging begins with.
fn record(events: usize) {
    let record = events::record(events);
    println!(
        "{}",
        record.passes.iter().flat_map(|pass| &pass.instances).map(|i| i.events.len()).sum::<usize>()
    );
    // As judging does: giving memory back piece by piece is no part of it.
    std::process::exit(0);
}

/// From events in memory to the golden of the run.
fn judge(events: usize) {
    let record = events::record(events);
    let golden = lab_golden::render(&lab_judge::judge(&record));
    println!("{}", golden.tree.len());
    // What is measured ends here: giving memory back piece by piece is no part of it.
    std::process::exit(0);
}

/// From events in memory to the page.
fn page(events: usize) {
    let record = events::record(events);
    let judged = lab_judge::judge(&record);
    let golden = lab_golden::render(&judged);
    let drift = lab_golden::compare(None, &golden);
    let report = RunReport {
        run: "bench".to_owned(),
        profile: "bench".to_owned(),
        kernel: String::new(),
        began: String::new(),
        bundle: String::new(),
        chain_head: None,
        stages: &[],
        scenarios: vec![ScenarioReport { record: &record, judged: &judged, golden: &golden, drift: &drift }],
        troubles: Vec::new(),
        outcome: RunOutcome::Drift,
        interrupted: false,
        in_machine: false,
        environment: Vec::new(),
    };
    println!("{}", lab_report::html(&report).len());
}
