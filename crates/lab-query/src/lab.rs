//! Bundles as a database that only reads.

use std::path::{Path, PathBuf};

use lab_store::{ColumnKind, EVENT_COLUMNS, EventsPath};

use crate::{
    Answer, QueryError,
    engine::{self, Events, Part, Request},
    records::Records,
};

/// Some bundles and what is in their tables.
#[derive(Debug, Default)]
pub struct Lab {
    parts: Vec<Part>,
    records: Records,
}

impl Lab {
    /// Opens bundles. Each table of events in them is compared with the bundle's chain.
    ///
    /// # Errors
    /// If one of them cannot be read, or was altered.
    pub fn open(bundles: &[PathBuf]) -> Result<Self, QueryError> {
        let mut lab = Self::default();
        for dir in bundles {
            let (bundle, tables) = lab_store::read_without_events(dir)?;
            for table in tables {
                lab.add(&bundle.manifest.id, &table)?;
            }
            lab.records.add(&bundle);
        }
        Ok(lab)
    }

    fn add(&mut self, run: &str, table: &EventsPath) -> Result<(), QueryError> {
        let path = absolute(&table.path)?;
        let EventsPath { scenario, pass, .. } = table;
        let last = self.parts.last_mut();
        match last.filter(|last| (&*last.run, &last.scenario, &last.pass) == (run, scenario, pass)) {
            Some(last) => last.paths.push(path),
            None => self.parts.push(Part {
                run: run.to_owned(),
                scenario: scenario.clone(),
                pass: *pass,
                paths: vec![path],
            }),
        }
        Ok(())
    }

    /// Answers one statement, with the DuckDB in the environment of this Python.
    ///
    /// # Errors
    /// If it is none, would do more than read, or fails.
    pub fn query(&self, python: &Path, sql: &str) -> Result<Answer, QueryError> {
        let outside = [("run", "VARCHAR"), ("scenario", "VARCHAR"), ("pass", "BIGINT")];
        let inside = EVENT_COLUMNS.iter().map(|column| {
            let kind = match column.kind {
                ColumnKind::Text => "VARCHAR",
                ColumnKind::Number => "BIGINT",
                ColumnKind::Flag => "BOOLEAN",
                ColumnKind::Texts => "VARCHAR[]",
            };
            (column.name, kind)
        });
        let events = Events { parts: &self.parts, columns: outside.into_iter().chain(inside).collect() };
        let request = Request { sql, tables: self.records.tables(), events };
        engine::ask(python, &request).map(Answer::new)
    }
}

fn absolute(path: &Path) -> Result<String, QueryError> {
    let whole = path.canonicalize().map_err(|source| QueryError::File { path: path.to_owned(), source })?;
    match whole.to_str() {
        Some(text) if !text.contains(['*', '?', '[']) => Ok(text.to_owned()),
        _ => Err(QueryError::Path { path: whole }),
    }
}
