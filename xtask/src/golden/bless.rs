//! `golden bless`: accept a run as golden.

use std::process::ExitCode;

use anyhow::{Context, Result};
use lab_golden::{BlessError, Blessed};

use crate::{golden::which::Which, judged::JudgedScenario, root::Folders};

#[derive(clap::Args)]
pub(super) struct Cmd {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = cmd.which.load(folders)?;
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
