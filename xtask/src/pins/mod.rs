//! `pins`: what the lab takes from elsewhere, by version and hash.

mod fetch;
mod lint;
mod list;
mod outdated;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use lab_model::Pins;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the pins with their versions and hashes
    List(list::Cmd),
    /// Check pins.toml
    Lint(lint::Cmd),
    /// Fetch a tool, a chart or a file, check its hash and print where it is
    Fetch(fetch::Cmd),
    /// Say what is newest of each, where that can be known
    Outdated(outdated::Cmd),
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::List(cmd) => list::run(&cmd, folders),
        Command::Lint(cmd) => lint::run(&cmd, folders),
        Command::Fetch(cmd) => fetch::run(&cmd, folders),
        Command::Outdated(cmd) => outdated::run(&cmd, folders),
    }
}

/// The pins of the lab.
pub(crate) fn load(folders: &Folders) -> Result<Pins> {
    lab_profile::load_pins(folders.lab.as_path()).context("failed to read the pins")
}
