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
fn grid<'a>(
    run: &[StageRecord],
    scenarios: impl IntoIterator<Item = &'a ScenarioRecord>,
) -> (Vec<String>, Vec<Vec<String>>) {
    let times = times(run, scenarios);
    let mut header = vec![String::new(), "pass".to_owned()];
    header.extend(times.stages);
    header.push("sum".into());
    let row = |time: &Times| {
        let mut cells = vec![time.name.clone(), time.pass.clone()];
        cells.extend(time.took_ns.iter().map(|took| took.map_or("-".to_owned(), milliseconds)));
        cells.push(milliseconds(time.sum()));
        cells
    };
    (header, times.rows.iter().map(row).collect())
}

/// Times of one pass, of the run as a whole, or of all of them.
pub(crate) struct Times {
    /// scenario, where it is not the one above; escaped
    pub(crate) name: String,
    /// number of the pass; empty if it is none
    pub(crate) pass: String,
    /// nanoseconds by stage; `None` where there was no such stage
    pub(crate) took_ns: Vec<Option<f64>>,
}

impl Times {
    /// Nanoseconds of all its stages.
    pub(crate) fn sum(&self) -> f64 {
        self.took_ns.iter().flatten().sum()
    }
}

/// Stages in the order in which they are first met, and times by them; the last row is the sum of the others.
pub(crate) struct StageTimes {
    /// names, escaped
    pub(crate) stages: Vec<String>,
    pub(crate) rows: Vec<Times>,
}

pub(crate) fn times<'a>(
    run: &[StageRecord],
    scenarios: impl IntoIterator<Item = &'a ScenarioRecord>,
) -> StageTimes {
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
    let all: Vec<&StageRecord> = lines.iter().flat_map(|(_, _, stages)| *stages).collect();
    let mut rows: Vec<Times> =
        lines.iter().map(|(name, pass, stages)| row(name, pass, &names, stages.iter())).collect();
    rows.push(row("sum", "", &names, all));
    StageTimes { stages: names.iter().map(|name| escape(name)).collect(), rows }
}

fn row<'a>(
    name: &str,
    pass: &str,
    names: &[&str],
    stages: impl IntoIterator<Item = &'a StageRecord, IntoIter: Clone>,
) -> Times {
    let stages = stages.into_iter();
    let took = names.iter().map(|name| {
        let mut times = stages.clone().filter(|stage| stage.stage == *name).peekable();
        let known = times.peek().is_some();
        known.then(|| times.map(|stage| stage.took_ns as f64).sum())
    });
    Times { name: name.to_owned(), pass: pass.to_owned(), took_ns: took.collect() }
}

pub(crate) fn milliseconds(ns: f64) -> String {
    format!("{:.1}", ns / 1e6)
}
