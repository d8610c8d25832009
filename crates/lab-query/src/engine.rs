//! The engine's process: a request in, an answer out.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::QueryError;

/// What the process runs.
const PROGRAM: &str = include_str!("engine.py");

/// What the engine is told.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) sql: &'a str,
    pub(crate) tables: Vec<Table<'a>>,
    pub(crate) events: Events<'a>,
}

/// A table that is held in memory.
#[derive(Debug, Serialize)]
pub(crate) struct Table<'a> {
    pub(crate) name: &'static str,
    /// names and types
    pub(crate) columns: Vec<(&'static str, Value)>,
    pub(crate) rows: &'a [Value],
}

/// The table of events, which lies in files.
#[derive(Debug, Serialize)]
pub(crate) struct Events<'a> {
    pub(crate) parts: &'a [Part],
    /// names and types, for the case that there are no files
    pub(crate) columns: Vec<(&'static str, &'static str)>,
}

/// The events of one pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    pub(crate) run: String,
    pub(crate) scenario: String,
    pub(crate) pass: u32,
    /// absolute
    pub(crate) paths: Vec<String>,
}

/// What the engine says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Answer(Found),
    Refused(String),
    Error(String),
}

/// An answer as the engine gives it.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) opened_ms: f64,
    pub(crate) answered_ms: f64,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) numeric: bool,
}

/// Asks DuckDB, in the environment of this Python.
pub(crate) fn ask(python: &Path, request: &Request<'_>) -> Result<Found, QueryError> {
    let start = |source| QueryError::Start { program: python.to_owned(), source };
    let mut child = Command::new(python)
        // Isolated: nothing of the caller's environment or folder is imported.
        .args(["-I", "-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let sent = match child.stdin.take() {
        Some(mut stdin) => {
            let request = serde_json::to_vec(request).map_err(|error| start(error.into()))?;
            stdin.write_all(&request)
        }
        None => Ok(()),
    };
    let output = child.wait_with_output().map_err(start)?;
    if !output.status.success() || sent.is_err() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
        return Err(QueryError::Died { status: output.status, last });
    }
    match serde_json::from_slice(&output.stdout) {
        Ok(Told::Answer(found)) => Ok(found),
        Ok(Told::Refused(what)) => Err(QueryError::Refused { what }),
        Ok(Told::Error(told)) => Err(QueryError::of(&told)),
        Err(error) => Err(QueryError::Died { status: output.status, last: error.to_string() }),
    }
}
