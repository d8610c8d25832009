//! SQL over bundles, answered by DuckDB: the only crate that knows how it is spoken to.
//!
//! [`Lab::open`] makes tables of one or many bundles: `events` are read from their Parquet files as a query goes, acts,
//! receipts, witnesses, verdicts and runs from memory. [`Lab::query`] answers one statement that only reads, in a process of
//! its own that can open the bundles' events and no other file. [`Answer`] is what it found.

mod answer;
mod engine;
mod error;
mod lab;
mod records;

pub use answer::Answer;
pub use error::QueryError;
pub use lab::Lab;
