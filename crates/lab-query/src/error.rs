//! What can go wrong with a query.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::records;

/// A query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A bundle cannot be read.
    #[error(transparent)]
    Bundle(#[from] lab_store::ReadError),
    /// DuckDB takes some characters in a path for patterns.
    #[error("query {}: DuckDB cannot open a path with any of `*?[`", path.display())]
    Path {
        /// file
        path: PathBuf,
    },
    /// A file cannot be found.
    #[error("query {}: {source}", path.display())]
    File {
        /// file
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// It is not one statement that only reads.
    #[error("query: {what} refused: a query is one statement that only reads")]
    Refused {
        /// what was asked
        what: String,
    },
    /// There is no such table.
    #[error("query: there is no table `{name}`{}", near_names(.near))]
    Table {
        /// what was asked for
        name: String,
        /// names like it
        near: Vec<&'static str>,
    },
    /// DuckDB's own words.
    #[error("query: {0}")]
    Engine(String),
    /// DuckDB did not start.
    #[error("start {}: {source}", program.display())]
    Start {
        /// program
        program: PathBuf,
        /// cause
        source: io::Error,
    },
    /// DuckDB ended without an answer.
    #[error("query: DuckDB ended without an answer ({status}): {last}")]
    Died {
        /// how
        status: ExitStatus,
        /// its last words
        last: String,
    },
}

impl QueryError {
    /// Something to type that helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::Table { .. } => Some("cargo xtask query \"show tables\""),
            _ => None,
        }
    }

    /// From what DuckDB says: a kind, a message, then the place in the statement.
    pub(crate) fn of(told: &str) -> Self {
        let message = told.split("\n\nLINE ").next().unwrap_or(told);
        let (_, message) = message.split_once(" Error: ").unwrap_or(("", message));
        let missing = message.strip_prefix("Table with name ");
        if let Some((name, _)) = missing.and_then(|rest| rest.split_once(" does not exist")) {
            let tables = records::tables().filter(|table| strsim::damerau_levenshtein(table, name) <= 2);
            return Self::Table { name: name.to_owned(), near: tables.collect() };
        }
        let parts = message.lines().map(|line| fragment(line.trim())).filter(|line| !line.is_empty());
        Self::Engine(parts.collect::<Vec<_>>().join("; "))
    }
}

fn near_names(names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!("; near names: {}", names.join(", ")) }
}

/// A sentence as a part of a message: its first letter in lower case, no mark at its end.
fn fragment(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches(['.', '!']);
    let mut chars = sentence.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(chars).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::QueryError;

    #[test]
    fn duckdbs_words_become_ours() {
        let told = "Binder Error: Referenced column \"foo\" not found in FROM clause!\nCandidate bindings: \"fo\"\n\nLINE 1: x\n ^";
        let ours = r#"query: referenced column "foo" not found in FROM clause; candidate bindings: "fo""#;
        assert_eq!(QueryError::of(told).to_string(), ours);
        let told =
            "Catalog Error: Table with name evnts does not exist!\nDid you mean \"pg_views\"?\n\nLINE 1: x";
        assert_eq!(QueryError::of(told).to_string(), "query: there is no table `evnts`; near names: events");
        assert_eq!(QueryError::of("odd").to_string(), "query: odd");
    }
}
