//! `doctor`: what this machine can run, with cause and remedy for what it can't.

use std::process::ExitCode;

use anyhow::Result;
use lab_tools::{Row, State, doctor};

use crate::{root::Folders, setup};

/// What to show, and how.
#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print rows as JSON
    #[arg(long)]
    json: bool,
}

/// Prints a row for each thing that is needed; 2 if one is missing.
pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let rows = doctor(&setup::options(folders)?);
    if cmd.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", table(&rows));
    }
    let missing = rows.iter().any(|row| row.state == State::Missing);
    Ok(if missing { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Aligned columns; below what is not well stand its cause and its remedy.
fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let indent = " ".repeat(width + 12);
    let mut text = String::new();
    for row in rows {
        text += &format!("{:width$}  {:8}  {}\n", row.name, row.state.as_str(), row.found);
        if row.state != State::Ok {
            text += &format!("{indent}needed by: {}\n", row.needed_by);
        }
        for (head, said) in [("cause", &row.cause), ("remedy", &row.remedy)] {
            if let Some(said) = said {
                let said = said.replace('\n', &format!("\n{indent}  "));
                text += &format!("{indent}{head}: {said}\n");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_below_what_was_found() {
        let ok = Row {
            name: "btf",
            state: State::Ok,
            found: "there".into(),
            cause: None,
            remedy: None,
            needed_by: "probe",
        };
        let (cause, remedy) = (Some("not installed:\nno package".into()), Some("cargo xtask setup".into()));
        let missing = Row {
            name: "strace",
            state: State::Missing,
            found: "none".into(),
            cause,
            remedy,
            needed_by: "strace",
        };
        assert_eq!(
            table(&[ok, missing]),
            "btf     ok        there
strace  missing   none
                  needed by: strace
                  cause: not installed:
                    no package
                  remedy: cargo xtask setup
"
        );
    }
}
