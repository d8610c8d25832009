//! `golden`: compare runs with goldens, accept them as golden, measure how stable they are, check the golden files.

mod bless;
mod diff;
mod interactive;
mod lint;
mod load;
mod many;
mod stability;
mod stability_text;
mod which;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show how a run differs from the goldens
    Diff(diff::Cmd),
    /// Accept a run as golden
    Bless(bless::Cmd),
    /// Run many times and say which lines hold
    Stability(stability::Cmd),
    /// Check the golden files themselves
    Lint,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::Diff(cmd) => diff::run(&cmd, folders),
        Command::Bless(cmd) => bless::run(&cmd, folders),
        Command::Stability(cmd) => stability::run(cmd, folders),
        Command::Lint => lint::run(folders),
    }
}
