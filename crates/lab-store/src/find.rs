//! Which bundles there are, and which one is meant.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::name;

/// A bundle among the runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// name of its folder
    pub name: String,
    /// its folder
    pub dir: PathBuf,
    /// when it was begun, as in the name: `20261123T062808Z`
    pub time: String,
    /// profile
    pub profile: String,
    /// id
    pub id: String,
    /// it has a chain
    pub sealed: bool,
}

/// No bundle, or more than one, is meant.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The folder of runs cannot be read.
    #[error("read {}: {source}", dir.display())]
    Read {
        /// folder
        dir: PathBuf,
        /// cause
        source: io::Error,
    },
    /// There are no runs.
    #[error("find run `{wanted}`: no runs in {}", dir.display())]
    NoRuns {
        /// what was asked for
        wanted: String,
        /// folder
        dir: PathBuf,
    },
    /// None is called so.
    #[error("find run `{wanted}` in {}{}", dir.display(), near_names(.near))]
    Unknown {
        /// what was asked for
        wanted: String,
        /// folder
        dir: PathBuf,
        /// names like it
        near: Vec<String>,
    },
    /// More than one begin so.
    #[error("find run `{wanted}`: it can be any of {}", .candidates.join(", "))]
    Ambiguous {
        /// what was asked for
        wanted: String,
        /// their names
        candidates: Vec<String>,
    },
}

fn near_names(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; near names: {}", names.join(", ")) }
}

/// The bundles in `runs_dir`, oldest first; a folder that does not exist has none.
///
/// # Errors
/// If the folder cannot be read.
pub fn list(runs_dir: &Path) -> Result<Vec<Run>, FindError> {
    let failed = |source| FindError::Read { dir: runs_dir.to_owned(), source };
    let entries = match fs::read_dir(runs_dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut runs = Vec::new();
    for entry in entries {
        let dir = entry.map_err(failed)?.path();
        runs.extend(run_at(dir));
    }
    // Runs of one second are told apart by when they were written.
    let written =
        |run: &Run| fs::metadata(run.dir.join(name::MANIFEST)).and_then(|about| about.modified()).ok();
    runs.sort_by_cached_key(|run| (run.time.clone(), written(run), run.name.clone()));
    Ok(runs)
}

fn run_at(dir: PathBuf) -> Option<Run> {
    let name = dir.file_name()?.to_str()?.to_owned();
    let (time, profile, id) = name::split(&name)?;
    let (time, profile, id) = (time.to_owned(), profile.to_owned(), id.to_owned());
    let sealed = dir.join(name::CHAIN).is_file();
    dir.is_dir().then_some(Run { name, dir, time, profile, id, sealed })
}

/// The folder of the bundle that is meant by `wanted`: `latest`, an id, the beginning of an id or of a folder's name, or a
/// path.
///
/// # Errors
/// If none or more than one is meant; says which are near.
pub fn find(runs_dir: &Path, wanted: &str) -> Result<PathBuf, FindError> {
    let path = Path::new(wanted);
    if path.join(name::MANIFEST).is_file() || path.join(name::CHAIN).is_file() {
        return Ok(path.to_owned());
    }
    let mut runs = list(runs_dir)?;
    let (dir, asked) = (runs_dir.to_owned(), wanted.to_owned());
    let Some(last) = runs.last() else { return Err(FindError::NoRuns { wanted: asked, dir }) };
    if wanted == "latest" {
        return Ok(last.dir.clone());
    }
    if let Some(run) = runs.iter().find(|run| run.id == wanted || run.name == wanted) {
        return Ok(run.dir.clone());
    }
    let begins =
        |run: &Run| !wanted.is_empty() && (run.id.starts_with(wanted) || run.name.starts_with(wanted));
    let mut candidates: Vec<&Run> = runs.iter().filter(|run| begins(run)).collect();
    match (candidates.pop(), candidates.is_empty()) {
        (Some(one), true) => Ok(one.dir.clone()),
        (Some(last), false) => {
            candidates.push(last);
            let candidates = candidates.iter().map(|run| run.name.clone()).collect();
            Err(FindError::Ambiguous { wanted: asked, candidates })
        }
        (None, _) => {
            let distance = |run: &Run| {
                strsim::damerau_levenshtein(&run.id, wanted)
                    .min(strsim::damerau_levenshtein(&run.name, wanted))
            };
            runs.retain(|run| distance(run) <= 2);
            let near = runs.into_iter().map(|run| run.name).collect();
            Err(FindError::Unknown { wanted: asked, dir, near })
        }
    }
}
