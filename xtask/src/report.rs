//! `report`: what a run's bundle says, judged anew.

use std::{
    fs::{self, OpenOptions},
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use lab_report::{RunReport, ScenarioReport, Style};

use crate::{
    judged::{self, JudgedRun},
    root::Folders,
};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// A run: its id, the beginning of its folder's name, a path, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    #[command(flatten)]
    format: Format,
}

/// How the report is written, and where if not to standard output.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Format {
    /// As one HTML page that needs nothing else
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    html: Option<Option<PathBuf>>,
    /// As JUnit XML
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    junit: Option<Option<PathBuf>>,
    /// As SARIF 2.1.0
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    sarif: Option<Option<PathBuf>>,
    /// As annotations of GitHub Actions; the Markdown is added to $GITHUB_STEP_SUMMARY, if set
    #[arg(long)]
    github: bool,
    /// As Markdown
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    markdown: Option<Option<PathBuf>>,
    /// As JSON
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    json: Option<Option<PathBuf>>,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let dir = lab_store::find(&folders.runs(), &cmd.run)?;
    let judged = judged::judge(&dir, folders)?;
    let report = report(&dir, &judged, judged.bundle.head.clone());
    cmd.format.write(&report)?;
    Ok(ExitCode::from(judged.exit_code()))
}

impl Format {
    fn write(&self, report: &RunReport<'_>) -> Result<()> {
        let Self { html, junit, sarif, github, markdown, json } = self;
        if let Some(file) = html {
            deliver(file.as_deref(), &lab_report::html(report))
        } else if let Some(file) = junit {
            deliver(file.as_deref(), &lab_report::junit(report))
        } else if let Some(file) = sarif {
            deliver(file.as_deref(), &(lab_report::json_text(&lab_report::sarif(report)) + "\n"))
        } else if *github {
            summarize(&lab_report::markdown(report))?;
            deliver(None, &lab_report::github(report))
        } else if let Some(file) = markdown {
            deliver(file.as_deref(), &lab_report::markdown(report))
        } else if let Some(file) = json {
            deliver(file.as_deref(), &(lab_report::json_text(&lab_report::json(report)) + "\n"))
        } else {
            deliver(None, &lab_report::terminal(report, style()))
        }
    }
}

/// To the file, or to standard output.
fn deliver(file: Option<&Path>, text: &str) -> Result<()> {
    match file {
        Some(file) => fs::write(file, text).with_context(|| format!("failed to write {}", file.display())),
        None => std::io::stdout().write_all(text.as_bytes()).context("failed to write to standard output"),
    }
}

/// Adds the Markdown to the summary of the step, where GitHub Actions has named a file for it.
fn summarize(markdown: &str) -> Result<()> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        eprintln!("GITHUB_STEP_SUMMARY is not set: no step summary");
        return Ok(());
    };
    let file = PathBuf::from(file);
    let add = || OpenOptions::new().append(true).create(true).open(&file)?.write_all(markdown.as_bytes());
    add().with_context(|| format!("failed to write the step summary {}", file.display()))
}

/// A run's report. `head` is the chain's as it is now.
pub(crate) fn report<'a>(dir: &Path, run: &'a JudgedRun, head: Option<String>) -> RunReport<'a> {
    let scenarios = run.scenarios.iter().zip(&run.bundle.scenarios).map(|(scenario, record)| {
        ScenarioReport { record, judged: &scenario.judged, golden: &scenario.golden, drift: &scenario.drift }
    });
    let mut report = RunReport::new(dir, &run.bundle, scenarios.collect(), run.outcome());
    report.chain_head = head;
    report
}

/// Prints a run's report where a program's own output does not go: on standard error. `head` is the chain's as it is now.
pub(crate) fn print_aside(dir: &Path, run: &JudgedRun, head: Option<String>) -> Result<()> {
    let style = Style { color: wants_color(std::io::stderr().is_terminal()), ..Style::default() };
    let text = lab_report::terminal(&report(dir, run, head), style);
    std::io::stderr().write_all(text.as_bytes()).context("failed to write to standard error")
}

/// Prints a run's report on standard output. `head` is the chain's as it is now.
pub(crate) fn print(dir: &Path, run: &JudgedRun, head: Option<String>, json: bool) -> Result<()> {
    let report = report(dir, run, head);
    if json {
        println!("{}", lab_report::json_text(&lab_report::json(&report)));
    } else {
        print!("{}", lab_report::terminal(&report, style()));
    }
    Ok(())
}

/// Colours and width of standard output.
pub(crate) fn style() -> Style {
    Style { color: wants_color(std::io::stdout().is_terminal()), ..Style::default() }
}

fn wants_color(terminal: bool) -> bool {
    let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal && unset("NO_COLOR") && !dumb
}
