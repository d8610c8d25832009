//! `scenario new`: a first draft of a scenario, from what a run recorded or from nothing.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};

use crate::{
    judged::{self, JudgedRun},
    root::Folders,
};

#[derive(clap::Args)]
pub(super) struct Cmd {
    /// What it is to be called: its file is scenarios/NAME.toml
    name: String,
    /// Guess its acts from what this run recorded: an id, the beginning of a folder's name, a path, or `latest`; with
    /// several scenarios in it, one of them behind a `/`
    #[arg(long, value_name = "RUN[/SCENARIO]")]
    from: Option<String>,
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if cmd.name.is_empty() || !cmd.name.chars().all(plain) {
        bail!("failed to make a scenario: {:?} is no name, expected `a-z`, `0-9` and `-`", cmd.name);
    }
    let text = match &cmd.from {
        Some(from) => draft(from, folders)?,
        None => lab_profile::template(),
    };
    let path = folders.lab.join("scenarios").join(format!("{}.toml", cmd.name));
    let shown = format!("scenarios/{}.toml", cmd.name);
    let mut file = match File::options().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("failed to make a scenario: {shown} is there already, and is left as it is")
        }
        Err(error) => return Err(error).with_context(|| format!("failed to make {shown}")),
    };
    file.write_all(text.as_bytes()).with_context(|| format!("failed to write {shown}"))?;
    println!("{shown}");
    let marks = text.lines().filter(|line| line.contains("TODO")).count();
    eprintln!("{marks} places are marked TODO; then: cargo xtask scenario lint");
    Ok(ExitCode::SUCCESS)
}

fn draft(from: &str, folders: &Folders) -> Result<String> {
    let (dir, wanted) = find(from, folders)?;
    let run = judged::judge(&dir, folders)?;
    let at = which(&run, wanted.as_deref())?;
    let variables = run.bundle.scenarios[at].passes.first().map(|pass| pass.variables.clone());
    Ok(lab_profile::draft(&run.scenarios[at].judged, &variables.unwrap_or_default()))
}

/// The run, and the scenario behind its last `/` if the whole is no run.
fn find(from: &str, folders: &Folders) -> Result<(PathBuf, Option<String>)> {
    let error = match lab_store::find(&folders.runs(), from) {
        Ok(dir) => return Ok((dir, None)),
        Err(error) => error,
    };
    match from.rsplit_once('/') {
        Some((run, scenario)) => Ok((lab_store::find(&folders.runs(), run)?, Some(scenario.to_owned()))),
        None => Err(error.into()),
    }
}

fn which(run: &JudgedRun, wanted: Option<&str>) -> Result<usize> {
    let names: Vec<&str> = run.scenarios.iter().map(|scenario| scenario.judged.head.name.as_str()).collect();
    let known = names.join(", ");
    match wanted {
        Some(wanted) => names
            .iter()
            .position(|name| *name == wanted)
            .with_context(|| format!("failed to find `{wanted}` in the run: it has {known}")),
        None if names.len() == 1 => Ok(0),
        None => bail!("failed to choose a scenario of the run: write RUN/SCENARIO with one of {known}"),
    }
}
