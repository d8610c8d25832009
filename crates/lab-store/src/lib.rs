//! The bundle on disk: write, seal, verify, read; the only crate that knows its file names and format version.
//!
//! A bundle is a folder `runs/<time>-<profile>-<id>/`. While a run lasts, a [`BundleWriter`] fills it; [`BundleWriter::seal`]
//! makes its files read-only and hashes each into a chain whose last link, the *head*, stands for the whole record.
//! [`append_verdicts`] adds one link more. [`verify`] says whether a bundle is still what its chain says, and
//! [`read`] turns it back into records.

mod adopt;
mod chain;
mod error;
mod events;
mod file;
mod find;
mod manifest;
mod name;
mod read;
mod verdicts;
mod verify;
mod writer;

pub use adopt::{append_console, give_all, has_pass, make_landing, only_bundle, unsealed_manifest};
pub use chain::sha256_hex;
pub use error::{StoreError, VerifyError};
pub use events::{Column, ColumnKind, EVENT_COLUMNS, HEAD_EVENTS};
pub use find::{FindError, Run, find, list};
pub use manifest::{FORMAT, Manifest, ScenarioEntry};
pub use name::CONSOLE;
pub use read::{Bundle, EventsPath, ReadError, read, read_without_events};
pub use verdicts::append_verdicts;
pub use verify::{Verified, verify};
pub use writer::{BundleWriter, EventsWriter, Owner};
