//! How long each stage took.

use lab_model::{ScenarioRecord, StageRecord};

use crate::{Style, escape, table::table};

/// Milliseconds by scenario and pass (rows) and stage (columns), with sums; `run` are the stages of the run as a whole.
pub fn stage_table<'a>(
    style: Style,
    run: &[StageRecord],
    scenarios: impl IntoIterator<Item = &'a ScenarioRecord>,
) -> String {
    let (header, rows) = grid(run, scenarios);
    let numbers: Vec<usize> = (1..header.len()).collect();
    format!("milliseconds by stage\n{}", table(style, header, rows, &numbers))
}

/// Header and rows of the same.
pub(crate) fn grid<'a>(
    run: &[StageRecord],
    scenarios: impl IntoIterator<Item = &'a ScenarioRecord>,
) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines: Vec<(String, String, &[StageRecord])> = Vec::new();
    if !run.is_empty() {
        lines.push(("run".into(), String::new(), run));
    }
    for record in scenarios {
        let mut name = escape(&record.head.name);
        for pass in &record.passes {
            lines.push((std::mem::take(&mut name), pass.pass.to_string(), &pass.stages));
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for stage in lines.iter().flat_map(|(_, _, stages)| *stages) {
        if !names.contains(&stage.stage.as_str()) {
            names.push(&stage.stage);
        }
    }
    let mut header = vec![String::new(), "pass".to_owned()];
    header.extend(names.iter().map(|name| escape(name)));
    header.push("sum".into());
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|(name, pass, stages)| row(name, pass, &names, stages.iter().collect::<Vec<_>>().as_slice()))
        .collect();
    let all: Vec<&StageRecord> = lines.iter().flat_map(|(_, _, stages)| *stages).collect();
    rows.push(row("sum", "", &names, &all));
    (header, rows)
}

fn row(name: &str, pass: &str, names: &[&str], stages: &[&StageRecord]) -> Vec<String> {
    let mut cells = vec![name.to_owned(), pass.to_owned()];
    cells.extend(names.iter().map(|name| {
        let mut times = stages.iter().filter(|stage| stage.stage == *name).peekable();
        let known = times.peek().is_some();
        if known { milliseconds(times.map(|stage| stage.took_ns as f64).sum()) } else { "-".into() }
    }));
    cells.push(milliseconds(stages.iter().map(|stage| stage.took_ns as f64).sum()));
    cells
}

fn milliseconds(ns: f64) -> String {
    format!("{:.1}", ns / 1e6)
}
