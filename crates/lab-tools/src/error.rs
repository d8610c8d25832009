//! What can go wrong; each message reads well after "failed to".

use std::io;
use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be used.
    #[error("{action} {}: {cause}", path.display())]
    Io {
        /// What was being done, as a verb: `read`, `write`, `list`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A program could not be started.
    #[error("start {program}: {cause}")]
    Start {
        /// The program.
        program: String,
        /// The cause.
        cause: io::Error,
    },
    /// A program ended badly.
    #[error("run `{command}`: it ended with {status}{}", said(tail))]
    Command {
        /// The command line.
        command: String,
        /// `exit status 1`, `signal 9`.
        status: String,
        /// The last lines it wrote.
        tail: String,
    },
    /// Packages are needed on a system whose package manager is not known here.
    #[error(
        "install {} on {distribution}: only Debian and Ubuntu are known; install by hand what gives these Debian \
         packages: {}",
        packages.join(", "),
        packages.join(" ")
    )]
    UnknownDistribution {
        /// Its name as it calls itself.
        distribution: String,
        /// The Debian packages that would have been installed.
        packages: Vec<String>,
    },
    /// A step needs root, and there is neither root nor a sudo that works.
    #[error("become root for `{command}`: {cause}")]
    NoRoot {
        /// What was to be run.
        command: String,
        /// Why not.
        cause: String,
    },
    /// No toolchain can build the eBPF object.
    #[error("find a toolchain for the eBPF object: {}", tried.join("; "))]
    NoToolchain {
        /// Each kind of toolchain with what it lacks.
        tried: Vec<String>,
    },
    /// Something has to be installed that no pin is there for.
    #[error("install {name}: the set `{set}` of pins.toml does not have it")]
    Unpinned {
        /// What.
        name: String,
        /// The set.
        set: &'static str,
    },
    /// A pin is no file that can be downloaded.
    #[error("fetch {name}: it is of kind `{kind}`, which is not fetched as a file")]
    NotAFile {
        /// The pin's name.
        name: String,
        /// The word for its kind.
        kind: &'static str,
    },
    /// A download did not come to its end.
    #[error("download {url}: {what}")]
    Download {
        /// Where from.
        url: String,
        /// What the server or the connection did.
        what: String,
    },
    /// What was downloaded is not what was pinned.
    #[error(
        "trust {url}: it has the SHA-256 {found}, and {expected} is pinned; either its makers replaced it, or it was \
         changed on its way, and it was thrown away"
    )]
    WrongHash {
        /// Where from.
        url: String,
        /// The pinned hash.
        expected: String,
        /// The hash of what came.
        found: String,
    },
    /// Pinned packages are wanted where there is no apt.
    #[error("fetch {}: pinned packages come through apt, and there is none here", packages.join(", "))]
    NoApt {
        /// Their names.
        packages: Vec<String>,
    },
    /// The machine's apt is not set up with a mirror of Debian's.
    #[error("find a mirror of Debian: apt is set up with none")]
    NoMirror,
    /// The mirror does not have a pinned package.
    #[error("fetch {package} of {suite}: the mirror does not have it: {cause}")]
    NoPackage {
        /// Name and version.
        package: String,
        /// Its suite.
        suite: String,
        /// What apt said.
        cause: String,
    },
    /// What was fetched is not what is pinned.
    #[error("fetch {what}: its SHA-256 is {found}, and {pinned} is pinned")]
    WrongPackage {
        /// Name and version.
        what: String,
        /// The pinned hash.
        pinned: String,
        /// Its hash.
        found: String,
    },
    /// A file is not what it should be.
    #[error("read {}: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A disk is too full.
    #[error("make an image in {}: it takes {needed_mib} MiB, and {free_mib} MiB are free", path.display())]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What is needed.
        needed_mib: u64,
        /// What there is.
        free_mib: u64,
    },
}

impl Error {
    /// Wraps an IO error with what was being done and to what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }

    /// Something to type that would help, where there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoRoot { .. } => Some("sudo -v"),
            Self::NoPackage { .. } => {
                Some("cargo xtask pins outdated; for the image: cargo xtask image lock")
            }
            Self::NoRoom { .. } => Some("cargo xtask image build --out DIR puts it elsewhere"),
            Self::NoToolchain { .. } => Some("cargo xtask setup --dev"),
            Self::NotAFile { kind: "crate", .. } => Some("cargo xtask setup --dev"),
            Self::NotAFile { kind: "wheel", .. } => Some("cargo xtask query"),
            Self::NotAFile { kind: "image", .. } => {
                Some("pull it by its digest, which cargo xtask pins list shows")
            }
            Self::Download { .. } => Some("SIGHTLINE_MIRROR=https://... names a mirror, if there is one"),
            _ => None,
        }
    }
}

fn said(tail: &str) -> String {
    if tail.is_empty() { String::new() } else { format!(":\n{tail}") }
}
