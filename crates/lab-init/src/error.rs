//! What can go wrong in a virtual machine before, around and after the record; reads well after "failed to".

use std::{io, path::PathBuf};

/// An error of the first process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Started on a machine that has a first process already.
    #[error("be the first process: this program is for virtual machines of the lab")]
    NotFirst,
    /// A file operation failed.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// verb
        doing: &'static str,
        /// object
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// A call without a path failed.
    #[error("{doing}: {source}")]
    Call {
        /// verb and object
        doing: &'static str,
        /// cause
        source: io::Error,
    },
    /// The machine was not booted as it should.
    #[error("find the window: no PCI device has it")]
    NoWindow,
    /// The order is not one.
    #[error("read the order: {0}")]
    Order(serde_json::Error),
    /// The lab's definitions are wrong.
    #[error("read the lab: {0}")]
    Lab(lab_profile::Diagnostics),
    /// The run failed as a whole.
    #[error("run: {0}")]
    Run(lab_run::RunError),
    /// What makes the record ended badly.
    #[error("record: it ended with {0}")]
    Record(String),
}

impl Error {
    /// For `map_err` of a file operation.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// For `map_err` of any other call.
    pub(crate) fn call(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Call { doing, source }
    }
}
