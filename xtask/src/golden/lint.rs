//! `golden lint`: all that is wrong with the folder of goldens.

use std::process::ExitCode;

use anyhow::Result;

use crate::root::Folders;

pub(super) fn run(folders: &Folders) -> Result<ExitCode> {
    let scenarios = lab_profile::list_scenarios(folders.lab.as_path())?;
    let names: Vec<&str> = scenarios.iter().map(String::as_str).collect();
    let found = lab_golden::lint(&folders.lab.join("golden"), &names);
    for error in &found {
        println!("{}{error}", if error.problem.is_warning() { "warning: " } else { "" });
    }
    Ok(ExitCode::from(if found.iter().all(|error| error.problem.is_warning()) { 0 } else { 2 }))
}
