//! `bench`: where a run's time goes, how quick goldens are, what sensors cost, and what a poller misses.

mod bout;
mod child;
mod floor;
mod golden;
mod misses;
mod sensors;

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
    /// Compare large goldens side by side with GNU diff, and judge a million events
    Golden(golden::Cmd),
    /// Measure which processes the poller of /proc sees, by how long they live
    Misses(misses::Cmd),
    /// Measure what each sensor of a profile costs five workloads, and what it sees of them
    Sensors(sensors::Cmd),
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::Run(cmd) => one_run(cmd, folders),
        Command::Golden(cmd) => golden::run(&cmd, folders),
        Command::Misses(cmd) => misses::run(cmd, folders),
        Command::Sensors(cmd) => sensors::run(cmd, folders),
    }
}

fn one_run(cmd: lab::RunCmd, folders: &Folders) -> Result<ExitCode> {
    let json = cmd.json;
    let began = Instant::now();
    let finished = match lab::record(cmd, &["bench", "run"], folders)? {
        lab::Recorded::Elsewhere(code) => return Ok(code),
        lab::Recorded::Here(finished) => finished,
    };
    let (judged, _head) = lab::judge(&finished, folders)?;
    let whole = began.elapsed().as_secs_f64();
    let bundle = &judged.bundle;
    if json {
        let mut passes = Vec::new();
        for scenario in &bundle.scenarios {
            passes.extend(scenario.passes.iter().map(|pass| {
                serde_json::json!({ "scenario": scenario.head.name, "pass": pass.pass, "stages": pass.stages })
            }));
        }
        let run = serde_json::json!({ "seconds": whole, "stages": bundle.manifest.stages, "passes": passes });
        println!("{}", lab_report::json_text(&run));
    } else {
        print!("{}", lab_report::stage_table(report::style(), &bundle.manifest.stages, &bundle.scenarios));
        println!("whole run, from plan to verdict: {whole:.2} s");
    }
    Ok(ExitCode::from(judged.exit_code()))
}
