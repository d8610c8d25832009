//! `pins lint`: everything that is wrong with pins.toml, at once.

use std::process::ExitCode;

use anyhow::Result;
use lab_profile::Diagnostic;
use serde_json::json;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print the mistakes as JSON
    #[arg(long)]
    json: bool,
}

/// Says what is wrong; exits 2 if anything is.
pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let mistakes: Vec<Diagnostic> = match lab_profile::load_pins(folders.lab.as_path()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().cloned().collect(),
    };
    if cmd.json {
        let mistakes: Vec<_> = mistakes.iter().map(as_json).collect();
        println!("{}", serde_json::to_string_pretty(&mistakes)?);
    } else {
        for mistake in &mistakes {
            println!("{}", lab_report::escape_lines(&mistake.to_string()));
        }
    }
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn as_json(mistake: &Diagnostic) -> serde_json::Value {
    let at = mistake.at.as_ref();
    json!({
        "file": at.map(|at| at.file.as_ref()),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "message": mistake.message,
        "hint": mistake.hint,
    })
}
