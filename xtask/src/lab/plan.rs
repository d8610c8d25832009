//! `lab plan`: the whole expansion of a profile.

use std::process::ExitCode;

use anyhow::Result;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Profile by name or phase number
    #[arg(default_value = "host")]
    profile: String,
    /// Only this scenario (may be given several times)
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    print!("{}", load(folders, &cmd.profile, &cmd.scenarios)?.to_text());
    Ok(ExitCode::SUCCESS)
}

/// The plan of a profile, of all its scenarios or of those named.
pub(crate) fn load(folders: &Folders, profile: &str, scenarios: &[String]) -> Result<lab_profile::Plan> {
    let plan = lab_profile::load_plan(folders.lab.as_path(), profile)?;
    Ok(if scenarios.is_empty() { plan } else { plan.only(scenarios)? })
}
