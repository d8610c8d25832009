//! A bundle back as records.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use lab_model::{PassRecord, ScenarioRecord, VerdictRow};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    FORMAT, Manifest, VerifyError,
    chain::{Chain, sha256_hex},
    events, name,
    verify::chain_of,
};

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
    #[error("read {}: bundle format {found} is {}, expected {FORMAT}", path.display(), age(*.found))]
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
    /// A table of events is not what it must be.
    #[error("read {}: {problem}", path.display())]
    Events {
        /// file
        path: PathBuf,
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

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Format { found, .. } if *found < u64::from(FORMAT) => Some(
                "record it anew with `cargo xtask lab run`, or read it with the version of Sightline that wrote it \
                 (`tool` in its manifest)",
            ),
            Self::Format { .. } => Some("read it with the version of Sightline that wrote it"),
            _ => None,
        }
    }
}

fn age(format: u64) -> &'static str {
    if format < u64::from(FORMAT) { "no longer read" } else { "unknown" }
}

/// The events of one instance in one pass, as they lie in a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsPath {
    /// scenario
    pub scenario: String,
    /// pass
    pub pass: u32,
    /// instance
    pub instance: String,
    /// the Parquet file, whose columns are [`crate::EVENT_COLUMNS`]
    pub path: PathBuf,
}

/// Reads a bundle, sealed or not. The chain's links are checked, and of a sealed bundle that each table of events is what
/// was sealed, because a change in one does not show; for the other files see [`crate::verify`].
///
/// # Errors
/// Names the file, and the line where there is one.
pub fn read(dir: &Path) -> Result<Bundle, ReadError> {
    let (mut bundle, chain) = records(dir)?;
    for scenario in &mut bundle.scenarios {
        for pass in &mut scenario.passes {
            for instance in &mut pass.instances {
                let table = name::events(&scenario.head.name, pass.pass, &instance.instance);
                let path = dir.join(&table);
                let bytes = bytes_of(&path)?;
                unaltered(chain.as_ref(), &table, &path, &bytes)?;
                instance.events =
                    events::events(bytes).map_err(|problem| ReadError::Events { path, problem })?;
            }
        }
    }
    Ok(bundle)
}

/// Reads a bundle as [`read`] does, but leaves out the events, and says where they lie: for those who read tables
/// themselves.
///
/// # Errors
/// As [`read`].
pub fn read_without_events(dir: &Path) -> Result<(Bundle, Vec<EventsPath>), ReadError> {
    let (bundle, chain) = records(dir)?;
    let mut tables = Vec::new();
    for scenario in &bundle.scenarios {
        for pass in &scenario.passes {
            for instance in &pass.instances {
                let table = name::events(&scenario.head.name, pass.pass, &instance.instance);
                let path = dir.join(&table);
                unaltered(chain.as_ref(), &table, &path, &bytes_of(&path)?)?;
                tables.push(EventsPath {
                    scenario: scenario.head.name.clone(),
                    pass: pass.pass,
                    instance: instance.instance.clone(),
                    path,
                });
            }
        }
    }
    Ok((bundle, tables))
}

/// Everything but the events, and the chain if there is one.
fn records(dir: &Path) -> Result<(Bundle, Option<Chain>), ReadError> {
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
    let chain = match chain_of(dir) {
        Ok(chain) => Some(chain),
        Err(VerifyError::NotSealed { .. }) => None,
        Err(source) => return Err(ReadError::Chain { dir: dir.to_owned(), source: Box::new(source) }),
    };
    let head = chain.as_ref().and_then(|chain| chain.head().map(str::to_owned));
    Ok((Bundle { manifest, scenarios, verdicts, head }, chain))
}

fn unaltered(chain: Option<&Chain>, name: &Path, path: &Path, bytes: &[u8]) -> Result<(), ReadError> {
    let Some(chain) = chain else { return Ok(()) };
    let problem = match chain.entries().iter().find(|entry| Path::new(&entry.path) == name) {
        None => "extra, the chain does not know it".to_owned(),
        Some(entry) if entry.sha256 == sha256_hex(bytes) => return Ok(()),
        Some(entry) if (bytes.len() as u64) < entry.bytes => {
            format!("cut off, {} bytes of {} that were sealed", bytes.len(), entry.bytes)
        }
        Some(_) => "changed since it was sealed".to_owned(),
    };
    Err(ReadError::Events { path: path.to_owned(), problem })
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
    for instance in &record.instances {
        if !name::is_plain(&instance.instance) {
            let problem = format!("instance `{}` cannot be part of a file name", instance.instance);
            return Err(ReadError::Line { path, line: 1, problem });
        }
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
