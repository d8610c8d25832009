//! `query`: SQL over stored runs.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use lab_query::Lab;
use lab_tools::setup::Needs;

use crate::{root::Folders, setup};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Runs (ids, beginnings of their folders' names, paths; none is `latest`), and last the statement
    #[arg(required = true, value_name = "RUN|SQL")]
    words: Vec<String>,
    /// Print the answer as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    /// Say on standard error how long DuckDB took to make the tables and to answer
    #[arg(long)]
    timing: bool,
    /// Install nothing
    #[arg(long)]
    no_install: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let mut runs = cmd.words;
    let sql = runs.pop().context("failed to find a statement among the arguments")?;
    if runs.is_empty() {
        runs.push("latest".to_owned());
    }
    let bundles: Vec<PathBuf> =
        runs.iter().map(|run| lab_store::find(&folders.runs(), run)).collect::<Result<_, _>>()?;
    let lab = Lab::open(&bundles)?;
    setup::meet(folders, Needs { duckdb: true, ..Needs::NONE }, cmd.no_install)?;
    let python =
        lab_tools::duckdb(&setup::options(folders)?).context("failed to find DuckDB after set-up")?;
    let answer = lab.query(&python, &sql)?;
    if cmd.timing {
        eprintln!("tables in {:.0} ms, answer in {:.0} ms", answer.opened_ms, answer.answered_ms);
    }
    let mut out = if cmd.csv {
        answer.csv().context("failed to write CSV")?
    } else if cmd.json {
        answer.json().into_bytes()
    } else {
        answer.table(&lab_report::escape).into_bytes()
    };
    // A file gets values as they are; a terminal nothing that it would obey.
    if cmd.csv && std::io::stdout().is_terminal() {
        out = lab_report::escape_lines(&String::from_utf8_lossy(&out)).into_bytes();
    }
    std::io::stdout().write_all(&out).context("failed to write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
