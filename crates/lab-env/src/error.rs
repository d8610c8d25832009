//! What can go wrong in an environment.

use std::{io, path::PathBuf};

/// An error of an environment. Reads well after "failed to run: ".
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// No cgroup2 hierarchy.
    #[error("no cgroup2 is mounted on this machine, and a subject's scope needs one")]
    NoCgroup2,
    /// A file operation failed.
    #[error("failed to {doing} {path}: {source}")]
    Io {
        /// verb
        doing: &'static str,
        /// object
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// A system call that has no path failed.
    #[error("failed to {doing}: {source}")]
    Call {
        /// verb and object
        doing: &'static str,
        /// cause
        source: io::Error,
    },
    /// A variable of a set-up file has no value.
    #[error("failed to make the set-up file {path}: {source}")]
    Variable {
        /// path as written
        path: String,
        /// cause
        source: lab_model::UnknownVariable,
    },
    /// A setting of the machine's own could not be put back.
    #[error("failed to put back by `{command}`: {said}")]
    Undo {
        /// the command
        command: String,
        /// what it said
        said: String,
    },
    /// A set-up file lies outside the subject's folder.
    #[error("refused to make {path}: a scenario may only make files below {folder}")]
    Outside {
        /// path
        path: PathBuf,
        /// folder
        folder: PathBuf,
    },
    /// The file system of the lab's folders ignores the set-user-id bit.
    #[error("failed to place {path}: its file system is mounted nosuid")]
    NoSetUserId {
        /// image
        path: PathBuf,
    },
    /// There is no such user here.
    #[error("failed to find the user `{0}` on this machine")]
    NoUser(&'static str),
    /// The actor ended by itself.
    #[error("the actor has ended{0}")]
    ActorEnded(String),
    /// The actor said nothing in time.
    #[error("the actor did not answer within {0:?}")]
    ActorSilent(std::time::Duration),
    /// The actor said something that is no reply.
    #[error("the actor said what is no reply: {0}")]
    ActorUnclear(String),
    /// QEMU is not installed.
    #[error("failed to start a virtual machine: there is no {} here", crate::vm::PROGRAM)]
    NoQemu,
    /// A cgroup kept processes after its kill.
    #[error("processes in {path} outlived their kill")]
    Outlived {
        /// cgroup folder
        path: PathBuf,
    },
}

impl EnvError {
    /// For `map_err` of a file operation.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Something to type that helps, if there is.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoCgroup2 => Some("cargo xtask setup"),
            Self::NoQemu => Some("cargo xtask setup kernels"),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("run it as root or through sudo")
            }
            Self::NoSetUserId { .. } => {
                Some("set SIGHTLINE_STATE to a folder on a file system without nosuid")
            }
            _ => None,
        }
    }
}
