//! `golden diff`: how a run differs from the goldens.

use std::process::ExitCode;

use anyhow::Result;

use crate::{golden::which::Which, root::Folders};

#[derive(clap::Args)]
pub(super) struct Cmd {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = cmd.which.load(folders)?;
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
