//! `rules`: list and check the Sigma rules, and say what they would have found in stored runs.

mod lint;
mod list;
mod test;

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Subcommand;
use lab_judge::{RuleError, Rules};

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the rules with what they stand for
    List(list::Cmd),
    /// Check the rule files
    Lint,
    /// Say which rules fire on which acts and twins of stored runs, without a new run
    Test(test::Cmd),
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::List(cmd) => list::run(&cmd, folders),
        Command::Lint => lint::run(folders),
        Command::Test(cmd) => test::run(&cmd, folders),
    }
}

/// The rules of the lab; a folder that is not there has none.
pub(crate) fn load(folders: &Folders) -> Result<Rules> {
    read(folders)?.map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow!("failed to read the rules\n{}", lines.join("\n"))
    })
}

/// The rules of the lab, or all that is wrong with them.
fn read(folders: &Folders) -> Result<Result<Rules, Vec<RuleError>>> {
    let dir = folders.lab.join("rules");
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(Rules::default())),
        Err(error) => return Err(error).with_context(|| format!("failed to read {}", dir.display())),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("failed to read {}", dir.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            let bytes = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
            let name = path.strip_prefix(&folders.lab).unwrap_or(&path).display().to_string();
            files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    files.sort();
    Ok(Rules::parse(&files))
}
