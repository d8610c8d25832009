//! `lab`: plan, run and clean up labs.

mod compare;
mod down;
mod environment;
mod list;
pub(crate) mod machines;
mod observe;
pub(crate) mod plan;
pub(crate) mod run;
mod status;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::root::Folders;

pub(crate) use observe::sensor;
pub(crate) use run::Cmd as RunCmd;
pub(crate) use run::{Prepared, Recorded, judge, prepare, ready, record};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List profiles
    List(list::Cmd),
    /// Print the whole plan of a profile, each value with the file and line it came from
    Plan(plan::Cmd),
    /// Attach sensors, perform the acts, prove, record and judge them
    Run(run::Cmd),
    /// Say what is otherwise in the second of two runs
    Compare(compare::Cmd),
    /// Record a program of your own under a profile's sensors
    Observe(observe::Cmd),
    /// Show the runs that are alive
    Status(status::Cmd),
    /// Take away what runs that were killed have left
    Down(down::Cmd),
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::List(cmd) => list::run(cmd, folders),
        Command::Plan(cmd) => plan::run(cmd, folders),
        Command::Run(cmd) => run::run(cmd, folders),
        Command::Compare(cmd) => compare::run(&cmd, folders),
        Command::Observe(cmd) => observe::run(cmd, folders),
        Command::Status(cmd) => status::run(cmd),
        Command::Down(cmd) => down::run(cmd),
    }
}
