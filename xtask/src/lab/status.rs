//! `lab status`: the runs that are alive and what they have made.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result};
use lab_env::Thing;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd) -> Result<ExitCode> {
    let live =
        lab_env::list_live(Path::new(lab_env::INVENTORY_DIR)).context("failed to read the inventories")?;
    if cmd.json {
        println!("{}", serde_json::to_string(&live)?);
        return Ok(ExitCode::SUCCESS);
    }
    if live.is_empty() {
        println!("no run is alive");
    }
    for run in &live {
        println!("run {}", run.id);
        for thing in &run.things {
            match thing {
                Thing::Owner { pid, what, .. } => println!("  {what}, by process {pid}"),
                Thing::Cgroup { path } => println!("  cgroup {}", path.display()),
                Thing::Folder { path } => println!("  folder {}", path.display()),
                Thing::Undo { command } => println!("  to be put back by {}", command.join(" ")),
                Thing::Kept { .. } => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
