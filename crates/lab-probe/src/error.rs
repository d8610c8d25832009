//! What can go wrong, as fragments that read well after "failed to".

use std::{io, path::PathBuf};

/// An error of the probe.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel does not describe itself.
    #[error(
        "read the kernel's types at {path}: {message} \
         (it needs CONFIG_DEBUG_INFO_BTF: boot a kernel that has it, as those of Debian and Ubuntu have)"
    )]
    Btf {
        /// the BTF file
        path: PathBuf,
        /// why
        message: String,
    },
    /// The kernel has no such field.
    #[error("find {fields} in the kernel's types: it records who acts, so nothing can be observed")]
    Fields {
        /// struct and member paths
        fields: String,
    },
    /// The scope is no directory of the cgroup v2 hierarchy.
    #[error("use {path} as scope: {reason}")]
    Scope {
        /// the scope
        path: PathBuf,
        /// why
        reason: String,
    },
    /// The kernel lets nobody read its memory.
    #[error(
        "observe this kernel: it is locked down (confidentiality), so no program may read its memory: {path}"
    )]
    Lockdown {
        /// where it says so
        path: PathBuf,
    },
    /// What is wanted cannot be told to the programs.
    #[error("filter by {path}: {reason}")]
    Wanted {
        /// the path
        path: PathBuf,
        /// why
        reason: String,
    },
    /// The kernel refused the object.
    #[error("load the eBPF programs: {message}{hint}")]
    Load {
        /// what it said
        message: String,
        /// what may help
        hint: &'static str,
    },
    /// The machine is not one that the programs know.
    #[error("observe a {0} kernel: the probe knows the registers of x86_64 only")]
    Architecture(&'static str),
    /// A file could not be read or written.
    #[error("{doing} {path}: {error}")]
    File {
        /// what was being done
        doing: &'static str,
        /// to which file
        path: PathBuf,
        /// why not
        error: io::Error,
    },
    /// The spool is not one, or not this version's.
    #[error("read spool {path}: {message}")]
    Spool {
        /// the spool
        path: PathBuf,
        /// why
        message: String,
    },
    /// Signals could not be caught.
    #[error("catch signals: {0}")]
    Signals(nix::Error),
}

impl Error {
    /// An error of the programs' loader, with all that it said.
    pub(crate) fn load(error: &dyn std::error::Error) -> Self {
        let message = chain(error);
        let hint = if message.contains("EPERM") || message.contains("not permitted") {
            " (it takes root, or the capabilities bpf and perfmon)"
        } else {
            ""
        };
        Self::Load { message, hint }
    }

    pub(crate) fn wanted(path: impl Into<PathBuf>, reason: String) -> Self {
        Self::Wanted { path: path.into(), reason }
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::File { doing, path: path.into(), error }
    }
}

/// An error and its causes on one line; the verifier's log keeps only its end, where the reason stands.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    const END: usize = 600;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let text = text.trim().replace('\n', " / ");
    match text.char_indices().rev().nth(END) {
        Some((at, _)) => format!("... {}", &text[at..]),
        None => text,
    }
}
