//! What can go wrong with a bundle.

use std::{io, path::PathBuf};

/// A bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name cannot be a file's.
    #[error("write a bundle: {what} `{name}` cannot be part of a file name")]
    Name {
        /// what it was to name
        what: &'static str,
        /// name
        name: String,
    },
    /// A file or folder could not be made.
    #[error("write {}: {source}", path.display())]
    Write {
        /// file or folder
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// A file could not be read back.
    #[error("read {}: {source}", path.display())]
    Read {
        /// file
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// A record is not representable.
    #[error("write {}: {source}", path.display())]
    Encode {
        /// file
        path: PathBuf,
        /// cause
        source: serde_json::Error,
    },
    /// Something lies in the bundle that is no file.
    #[error("seal the bundle: {} is not a regular file", path.display())]
    NotAFile {
        /// what
        path: PathBuf,
    },
    /// A write failed before, so the record has a hole.
    #[error("seal the bundle: {} was not written whole, the bundle stays unsealed", path.display())]
    Incomplete {
        /// the file that failed
        path: PathBuf,
    },
    /// It has no manifest.
    #[error("seal the bundle: {} has no manifest", dir.display())]
    NoManifest {
        /// bundle
        dir: PathBuf,
    },
    /// Verdicts were added before, and others.
    #[error("add verdicts to {}: it holds other verdicts already", dir.display())]
    OtherVerdicts {
        /// bundle
        dir: PathBuf,
    },
    /// Verdicts are added to an intact bundle only.
    #[error("add verdicts to {}: {source}", dir.display())]
    Altered {
        /// bundle
        dir: PathBuf,
        /// what is wrong with it
        source: Box<VerifyError>,
    },
}

/// A bundle is not what its chain says, or not what was expected.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It has no chain.
    #[error("verify {}: it is not sealed, {} is missing", dir.display(), crate::name::CHAIN)]
    NotSealed {
        /// bundle
        dir: PathBuf,
    },
    /// A line of the chain is not what it must be.
    #[error("verify the chain: {}:{line}: {problem}", crate::name::CHAIN)]
    Chain {
        /// line, from 1
        line: usize,
        /// what is wrong
        problem: String,
    },
    /// A line does not follow from the one before it.
    #[error(
        "verify the chain: {}:{line}: broken link at `{path}`: expected {expected}, found {found}",
        crate::name::CHAIN
    )]
    BrokenLink {
        /// line, from 1
        line: usize,
        /// the file of that line
        path: String,
        /// what follows from the lines until here
        expected: String,
        /// what the line says
        found: String,
    },
    /// A file is gone.
    #[error("verify `{path}`: missing, expected {bytes} bytes with SHA-256 {sha256}")]
    Missing {
        /// file
        path: String,
        /// its size
        bytes: u64,
        /// its hash
        sha256: String,
    },
    /// A file is shorter than it was.
    #[error(
        "verify `{path}`: cut off, expected {expected} bytes with SHA-256 {expected_sha256}, \
         found {found} with {found_sha256}"
    )]
    CutOff {
        /// file
        path: String,
        /// size in the chain
        expected: u64,
        /// size
        found: u64,
        /// hash in the chain
        expected_sha256: String,
        /// hash
        found_sha256: String,
    },
    /// A file has another content.
    #[error(
        "verify `{path}`: changed, expected {expected} bytes with SHA-256 {expected_sha256}, \
         found {found} with {found_sha256}"
    )]
    Changed {
        /// file
        path: String,
        /// size in the chain
        expected: u64,
        /// size
        found: u64,
        /// hash in the chain
        expected_sha256: String,
        /// hash
        found_sha256: String,
    },
    /// A file is not in the chain.
    #[error("verify `{path}`: extra, the chain does not know it")]
    Extra {
        /// file
        path: String,
    },
    /// Something is no regular file, such as a symbolic link.
    #[error("verify `{path}`: not a regular file")]
    NotAFile {
        /// what
        path: String,
    },
    /// The chain is whole, but another than the one asked for.
    #[error("verify the head: expected {expected}, found {found}{}", note(*.before_verdicts))]
    Head {
        /// asked for
        expected: String,
        /// the bundle's
        found: String,
        /// what was asked for is the head that the bundle had before its verdicts were added
        before_verdicts: bool,
    },
    /// A file could not be read.
    #[error("verify {}: {source}", path.display())]
    Read {
        /// file
        path: PathBuf,
        /// cause
        source: io::Error,
    },
}

fn note(before_verdicts: bool) -> &'static str {
    if before_verdicts { " (the expected one is from before the verdicts were added)" } else { "" }
}
