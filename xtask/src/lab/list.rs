//! `lab list`: the profiles of this checkout.

use std::process::ExitCode;

use anyhow::Result;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let root = folders.lab.as_path();
    let mut rows = Vec::new();
    for found in lab_profile::list_profiles(root)? {
        let profile = lab_profile::load_profile(root, &found.name)?;
        rows.push((found.phase, found.name, profile.summary.value));
    }
    if cmd.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(phase, name, summary)| serde_json::json!({ "phase": phase, "name": name, "summary": summary }))
            .collect();
        println!("{}", serde_json::to_string(&rows)?);
    } else {
        for (phase, name, summary) in rows {
            println!("{phase:>2}  {name:<14} {summary}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
