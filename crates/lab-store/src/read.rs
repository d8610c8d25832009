//! A bundle back as records.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use lab_model::{PassRecord, ScenarioRecord, VerdictRow};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{FORMAT, Manifest, VerifyError, name, verify::chain_of};

/// Everything that a bundle holds, native records excepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// its manifest
    pub manifest: Manifest,
    /// its scenarios in the order of the manifest
    pub scenarios: Vec<ScenarioRecord>,
    /// the verdicts given when the run ended; `None` if it was never judged
    pub verdicts: Option<Vec<VerdictRow>>,
    /// head of its chain; `None` if it was never sealed
    pub head: Option<String>,
}

/// A bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no bundle.
    #[error("read {}: not a bundle, it has no {}", dir.display(), name::MANIFEST)]
    NotABundle {
        /// folder
        dir: PathBuf,
    },
    /// It was written by another version.
    #[error("read {}: bundle format {found} is unknown, expected {FORMAT}", path.display())]
    Format {
        /// manifest
        path: PathBuf,
        /// its version
        found: u64,
    },
    /// A file could not be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// file
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// A line is not what it must be.
    #[error("read {}:{line}: {problem}", path.display())]
    Line {
        /// file
        path: PathBuf,
        /// line, from 1
        line: usize,
        /// what is wrong
        problem: String,
    },
    /// Its chain is broken.
    #[error("read {}: {source}", dir.display())]
    Chain {
        /// bundle
        dir: PathBuf,
        /// what is wrong
        source: Box<VerifyError>,
    },
}

/// Reads a bundle, sealed or not. The chain's links are checked, its files are not: see [`crate::verify`].
///
/// # Errors
/// Names the file, and the line where there is one.
pub fn read(dir: &Path) -> Result<Bundle, ReadError> {
    let manifest = manifest(dir)?;
    let mut scenarios = Vec::with_capacity(manifest.scenarios.len());
    for entry in &manifest.scenarios {
        let name = &entry.head.name;
        if !name::is_plain(name) {
            let problem = format!("scenario `{name}` cannot be part of a file name");
            return Err(ReadError::Line { path: dir.join(name::MANIFEST), line: 1, problem });
        }
        let passes = entry.passes.iter().map(|number| pass(dir, name, *number)).collect::<Result<_, _>>()?;
        scenarios.push(ScenarioRecord { head: entry.head.clone(), planned: entry.planned.clone(), passes });
    }
    let verdicts = dir.join(name::VERDICTS);
    let verdicts = if verdicts.exists() { Some(lines(&verdicts)?) } else { None };
    let head = match chain_of(dir) {
        Ok(chain) => chain.head().map(str::to_owned),
        Err(VerifyError::NotSealed { .. }) => None,
        Err(source) => return Err(ReadError::Chain { dir: dir.to_owned(), source: Box::new(source) }),
    };
    Ok(Bundle { manifest, scenarios, verdicts, head })
}

fn manifest(dir: &Path) -> Result<Manifest, ReadError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u64,
    }

    let path = dir.join(name::MANIFEST);
    if !path.exists() {
        return Err(ReadError::NotABundle { dir: dir.to_owned() });
    }
    // The version first: the manifest of another may look quite different.
    let Versioned { format: found } = document(&path)?;
    if found != u64::from(FORMAT) {
        return Err(ReadError::Format { path, found });
    }
    document(&path)
}

fn pass(dir: &Path, scenario: &str, number: u32) -> Result<PassRecord, ReadError> {
    let folder = dir.join(name::pass_dir(scenario, number));
    let path = folder.join(name::PASS);
    let mut record: PassRecord = document(&path)?;
    record.acts = lines(&folder.join(name::ACTS))?;
    record.receipts = lines(&folder.join(name::RECEIPTS))?;
    record.witnesses = lines(&folder.join(name::WITNESSES))?;
    for instance in &mut record.instances {
        if !name::is_plain(&instance.instance) {
            let problem = format!("instance `{}` cannot be part of a file name", instance.instance);
            return Err(ReadError::Line { path, line: 1, problem });
        }
        instance.events = lines(&dir.join(name::events(scenario, number, &instance.instance)))?;
    }
    Ok(record)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, ReadError> {
    fs::read(path).map_err(|source| ReadError::Read { path: path.to_owned(), source })
}

fn document<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    serde_json::from_slice(&bytes_of(path)?).map_err(|error| line_error(path, error.line().max(1), &error))
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, ReadError> {
    let bytes = bytes_of(path)?;
    let Some(text) = bytes.strip_suffix(b"\n") else {
        let (line, problem) = (bytes.split(|b| *b == b'\n').count(), "cut off: no newline at its end".into());
        let cut = ReadError::Line { path: path.to_owned(), line, problem };
        return if bytes.is_empty() { Ok(Vec::new()) } else { Err(cut) };
    };
    let parse = |(at, line)| serde_json::from_slice(line).map_err(|error| line_error(path, at + 1, &error));
    text.split(|b| *b == b'\n').enumerate().map(parse).collect()
}

fn line_error(path: &Path, line: usize, error: &serde_json::Error) -> ReadError {
    // serde_json counts lines inside what it was given, which is known better here.
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    ReadError::Line { path: path.to_owned(), line, problem: format!("{problem} (column {})", error.column()) }
}
