//! `bench golden`: goldens and the judge at sizes that nobody reads, against GNU diff and against bounds.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    bench::child::{Spent, spent},
    root::Folders,
    scratch::Scratch,
};

const LINES: usize = 1_000_000;
const CHANGES: usize = 1_000;
const EVENTS: usize = 1_000_000;
const PAGE_EVENTS: usize = 50_000;
const MOST_SECONDS: f64 = 2.0;
const MOST_MB: f64 = 400.0;

#[derive(clap::Args)]
pub(super) struct Cmd {
    /// Measure each this many times, and take the least
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// One line of the table.
struct Measure {
    what: String,
    ours: String,
    theirs: String,
    /// what is held against the bound
    ratio: f64,
    bound: f64,
}

impl Measure {
    fn holds(&self) -> bool {
        self.ratio < self.bound
    }
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let bench = build(folders)?;
    let folder = Scratch::new()?;
    let measures = measure(&bench, &folder.0, cmd.times)?;
    if cmd.json {
        let rows: Vec<Value> = measures.iter().map(as_json).collect();
        println!("{}", lab_report::json_text(&json!({ "measures": rows })));
    } else {
        print!("{}", table(&measures));
    }
    Ok(ExitCode::from(u8::from(!measures.iter().all(Measure::holds))))
}

fn measure(bench: &Path, folder: &Path, times: u32) -> Result<Vec<Measure>> {
    let mut measures = comparing(bench, folder, times)?;
    measures.extend(judging(bench, times)?);
    Ok(measures)
}

/// `lab-bench` with arguments.
fn ours(bench: &Path, args: &[&OsStr]) -> Result<Spent> {
    spent(Command::new(bench).args(args), &[0])
}

/// Two goldens, and the same when the second one's siblings are shuffled, beside GNU diff.
fn comparing(bench: &Path, folder: &Path, times: u32) -> Result<Vec<Measure>> {
    let [old, new, shuffled] =
        ["old", "new", "shuffled"].map(|name| folder.join(format!("{name}.golden")).into_os_string());
    let numbers = [LINES, CHANGES].map(|number| number.to_string());
    eprintln!("making goldens of {LINES} lines");
    ours(bench, &["goldens".as_ref(), folder.as_os_str(), numbers[0].as_ref(), numbers[1].as_ref()])?;
    eprintln!("comparing them {times} times");
    let (mut diff, mut plain, mut turned) = (Spent::most(), Spent::most(), Spent::most());
    for _ in 0..times {
        let theirs = spent(Command::new("diff").args([&old, &new]), &[1]);
        diff = diff.least(theirs.context("failed to run GNU diff (package diffutils)")?);
        plain = plain.least(ours(bench, &["compare".as_ref(), &old, &new])?);
        turned = turned.least(ours(bench, &["compare".as_ref(), &old, &shuffled])?);
    }
    let changes = |new: &OsStr| -> Result<BTreeSet<String>> {
        let said = ours(bench, &["changes".as_ref(), &old, new])?.said;
        Ok(said.lines().map(str::to_owned).collect())
    };
    let (told, told_turned) = (changes(&new)?, changes(&shuffled)?);
    let other = told.symmetric_difference(&told_turned).count();
    Ok(vec![
        Measure {
            what: format!("compare {LINES} lines, {CHANGES} changes"),
            ours: seconds(plain.cpu),
            theirs: format!("GNU diff {}", seconds(diff.cpu)),
            ratio: plain.cpu / diff.cpu,
            bound: 0.5,
        },
        Measure {
            what: "the same with siblings shuffled".to_owned(),
            ours: seconds(turned.cpu),
            theirs: format!("not shuffled {}", seconds(plain.cpu)),
            ratio: turned.cpu / plain.cpu,
            bound: 1.5,
        },
        Measure {
            what: "changes told otherwise when shuffled".to_owned(),
            ours: other.to_string(),
            theirs: format!("of {}", told.len()),
            ratio: other as f64,
            bound: 1.0,
        },
    ])
}

/// A scenario's events to its golden, and to its page.
fn judging(bench: &Path, times: u32) -> Result<Vec<Measure>> {
    let (events, page_events) = (EVENTS.to_string(), PAGE_EVENTS.to_string());
    eprintln!("judging {EVENTS} events {times} times");
    let (mut record, mut judged, mut page) = (Spent::most(), Spent::most(), Spent::most());
    for _ in 0..times {
        record = record.least(ours(bench, &["record".as_ref(), events.as_ref()])?);
        judged = judged.least(ours(bench, &["judge".as_ref(), events.as_ref()])?);
        page = page.least(ours(bench, &["page".as_ref(), page_events.as_ref()])?);
    }
    let (cpu, more) = (judged.cpu - record.cpu, judged.peak_mb - record.peak_mb);
    Ok(vec![
        Measure {
            what: format!("resolve, mask and order {EVENTS} events"),
            ours: seconds(cpu),
            theirs: seconds(MOST_SECONDS),
            ratio: cpu / MOST_SECONDS,
            bound: 1.0,
        },
        Measure {
            what: format!("memory for it, beside {:.0} MB of events", record.peak_mb),
            ours: format!("{more:.0} MB"),
            theirs: format!("{MOST_MB} MB"),
            ratio: more / MOST_MB,
            bound: 1.0,
        },
        Measure {
            what: format!("judge, render and page of {PAGE_EVENTS} events"),
            ours: seconds(page.cpu),
            theirs: seconds(MOST_SECONDS),
            ratio: page.cpu / MOST_SECONDS,
            bound: 1.0,
        },
    ])
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3} s")
}

fn table(measures: &[Measure]) -> String {
    let head = ["what", "ours", "against", "ratio", "bound", "holds"].map(str::to_owned);
    let rows = measures.iter().map(|m| {
        let holds = if m.holds() { "yes" } else { "NO" };
        [
            m.what.clone(),
            m.ours.clone(),
            m.theirs.clone(),
            format!("{:.2}", m.ratio),
            format!("< {}", m.bound),
            holds.to_owned(),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let widths: Vec<usize> =
        (0..6).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn as_json(measure: &Measure) -> Value {
    json!({
        "what": measure.what,
        "ours": measure.ours,
        "against": measure.theirs,
        "ratio": measure.ratio,
        "bound": measure.bound,
        "holds": measure.holds(),
    })
}

/// Builds the program that is measured, with optimisation.
fn build(folders: &Folders) -> Result<PathBuf> {
    eprintln!("building lab-bench");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&folders.checkout).args([
        "build",
        "--quiet",
        "--release",
        "--package=lab-report",
        "--bin=lab-bench",
        "--message-format=json-render-diagnostics",
    ]);
    let output = command.stderr(Stdio::inherit()).output().context("failed to start cargo")?;
    if !output.status.success() {
        bail!("failed to build lab-bench");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let found =
        messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
            let is_it = message["target"]["name"] == "lab-bench";
            message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
        });
    found.context("cargo built no lab-bench")
}
