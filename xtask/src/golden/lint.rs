//! `golden lint`: all that is wrong with the folder of goldens.

use std::process::ExitCode;

use anyhow::Result;

use crate::root::Folders;

pub(super) fn run(folders: &Folders) -> Result<ExitCode> {
    let scenarios = lab_profile::list_scenarios(folders.lab.as_path())?;
    let names: Vec<&str> = scenarios.iter().map(String::as_str).collect();
    let found = lab_golden::lint(&folders.lab.join("golden"), &names);
    for problem in &found {
        println!("{problem}");
    }
    Ok(ExitCode::from(if found.is_empty() { 0 } else { 2 }))
}
