//! `report`: what a run's bundle says, judged anew.

use std::{io::IsTerminal, path::Path, process::ExitCode};

use anyhow::Result;
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
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let dir = lab_store::find(&folders.runs(), &cmd.run)?;
    let judged = judged::judge(&dir, folders)?;
    print(&dir, &judged, judged.bundle.head.clone(), cmd.json)?;
    Ok(ExitCode::from(judged.outcome().exit_code()))
}

/// Prints a run's report on standard output. `head` is the chain's as it is now.
pub(crate) fn print(dir: &Path, run: &JudgedRun, head: Option<String>, json: bool) -> Result<()> {
    let scenarios = run.scenarios.iter().zip(&run.bundle.scenarios).map(|(scenario, record)| {
        ScenarioReport { record, judged: &scenario.judged, golden: &scenario.golden, drift: &scenario.drift }
    });
    let mut report = RunReport::new(dir, &run.bundle, scenarios.collect(), run.outcome());
    report.chain_head = head;
    if json {
        println!("{}", lab_report::json_text(&lab_report::json(&report)));
    } else {
        print!("{}", lab_report::terminal(&report, style()));
    }
    Ok(())
}

/// Colours and width of standard output.
pub(crate) fn style() -> Style {
    let color =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style { color, ..Style::default() }
}
