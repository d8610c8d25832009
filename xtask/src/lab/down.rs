//! `lab down`: takes away what dead runs have left, and leaves live ones alone.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result};

use crate::{lab, privilege};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd) -> Result<ExitCode> {
    if !privilege::is_root() {
        return privilege::become_root(std::env::args_os().skip(1).collect());
    }
    let swept = lab_env::sweep(Path::new(lab_env::INVENTORY_DIR), &lab::run::state())
        .context("failed to clean up")?;
    if cmd.json {
        println!("{}", serde_json::to_string(&swept)?);
        return Ok(ExitCode::SUCCESS);
    }
    for id in &swept.removed {
        println!("removed what run {id} had left");
    }
    for id in &swept.live {
        println!("left run {id} alone: it is alive");
    }
    if swept.removed.is_empty() && swept.live.is_empty() {
        println!("nothing to clean up");
    }
    Ok(ExitCode::SUCCESS)
}
