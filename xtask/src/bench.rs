//! `bench`: where a run's time goes.

use std::{process::ExitCode, time::Instant};

use anyhow::Result;
use clap::Subcommand;

use crate::{lab, report, root::Folders};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a profile and print the wall time of each stage
    Run(lab::RunCmd),
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let Command::Run(cmd) = cmd.command;
    let began = Instant::now();
    let finished = match lab::record(cmd, folders)? {
        lab::Recorded::Elsewhere(code) => return Ok(code),
        lab::Recorded::Here(finished) => finished,
    };
    let whole = began.elapsed();
    let bundle = lab_store::read(&finished.bundle)?;
    print!("{}", lab_report::stage_table(report::style(), &bundle.manifest.stages, &bundle.scenarios));
    println!("whole run {:.2} s", whole.as_secs_f64());
    Ok(ExitCode::SUCCESS)
}
