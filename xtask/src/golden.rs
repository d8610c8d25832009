//! `golden`: compare a run with its goldens, accept it as golden, check the golden files.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use lab_golden::{BlessError, Blessed};

use crate::{
    judged::{self, JudgedRun, JudgedScenario},
    root::Folders,
};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show how a run differs from the goldens
    Diff(Which),
    /// Accept a run as golden
    Bless(Which),
    /// Check the golden files themselves
    Lint,
}

#[derive(clap::Args)]
struct Which {
    /// Profile by name
    #[arg(default_value = "host")]
    profile: String,
    /// Only this scenario
    scenario: Option<String>,
    /// A run: its id, the beginning of its folder's name, a path [default: the profile's latest]
    #[arg(long)]
    run: Option<String>,
}

impl Which {
    fn load(&self, folders: &Folders) -> Result<(PathBuf, JudgedRun)> {
        let dir = match &self.run {
            Some(run) => lab_store::find(&folders.runs(), run)?,
            None => self.latest(folders)?,
        };
        let mut run = judged::judge(&dir, folders)?;
        if let Some(wanted) = &self.scenario {
            run.scenarios.retain(|scenario| scenario.judged.head.name == *wanted);
            if run.scenarios.is_empty() {
                bail!("{} has no scenario `{wanted}`", dir.display());
            }
        }
        Ok((dir, run))
    }

    fn latest(&self, folders: &Folders) -> Result<PathBuf> {
        let plan = lab_profile::load_profile(folders.lab.as_path(), &self.profile)?;
        let runs = lab_store::list(&folders.runs())?;
        let latest = runs.into_iter().rev().find(|run| run.sealed && run.profile == plan.name);
        latest.map(|run| run.dir).with_context(|| format!("there is no run of profile `{}` yet", plan.name))
    }
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.command {
        Command::Diff(which) => diff(&which, folders),
        Command::Bless(which) => bless(&which, folders),
        Command::Lint => lint(folders),
    }
}

fn diff(which: &Which, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = which.load(folders)?;
    eprintln!("{}", dir.display());
    let mut same = true;
    for scenario in &run.scenarios {
        same &= scenario.drift.is_empty();
        for difference in &scenario.drift.differences {
            println!("{}:{}: {difference}", scenario.drift.file, difference.line);
        }
        print!("{}", scenario.drift.text_diff());
    }
    Ok(ExitCode::from(u8::from(!same)))
}

fn bless(which: &Which, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = which.load(folders)?;
    eprintln!("{}", dir.display());
    // All are checked before the first is written: a run is accepted whole or not at all.
    for JudgedScenario { judged, golden, .. } in &run.scenarios {
        let reasons = lab_golden::never_blessed(golden, judged);
        if !reasons.is_empty() {
            let scenario = judged.head.name.clone();
            return Err(BlessError::Never { scenario, reasons }).context("failed to accept the run");
        }
    }
    for scenario in &run.scenarios {
        let name = &scenario.judged.head.name;
        let path = folders.golden(name);
        match lab_golden::bless(&path, &scenario.golden, &scenario.judged)? {
            Blessed::Unchanged => eprintln!("{name}: unchanged"),
            Blessed::Written { diff } => {
                eprintln!("{name}: written to {}", path.display());
                print!("{diff}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lint(folders: &Folders) -> Result<ExitCode> {
    let scenarios = lab_profile::list_scenarios(folders.lab.as_path())?;
    let names: Vec<&str> = scenarios.iter().map(String::as_str).collect();
    let found = lab_golden::lint(&folders.lab.join("golden"), &names);
    for problem in &found {
        println!("{problem}");
    }
    Ok(ExitCode::from(if found.is_empty() { 0 } else { 2 }))
}
