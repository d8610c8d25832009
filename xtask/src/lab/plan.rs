//! `lab plan`: the whole expansion of a profile.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Result;
use serde_json::json;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Profile by name or phase number
    #[arg(default_value = "host")]
    profile: String,
    /// Only this scenario (may be given several times)
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// Print it as JSON: its hash, its lines, and the hash of every input
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let plan = load(folders, &cmd.profile, &cmd.scenarios)?;
    if cmd.json {
        let text = plan.to_text();
        let lines: Vec<&str> = text.lines().collect();
        let inputs: BTreeMap<&str, &str> =
            plan.inputs.iter().map(|i| (&*i.path, i.sha256.as_str())).collect();
        println!(
            "{}",
            json!({ "profile": plan.profile, "sha256": plan.sha256(), "inputs": inputs, "lines": lines })
        );
    } else {
        print!("{}", plan.to_text());
    }
    Ok(ExitCode::SUCCESS)
}

/// The plan of a profile, of all its scenarios or of those named.
pub(crate) fn load(folders: &Folders, profile: &str, scenarios: &[String]) -> Result<lab_profile::Plan> {
    let plan = lab_profile::load_plan(folders.lab.as_path(), profile)?;
    Ok(if scenarios.is_empty() { plan } else { plan.only(scenarios)? })
}
