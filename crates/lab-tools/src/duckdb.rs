//! The engine of `query`: DuckDB as its makers build it for Python, in an environment of its own in the project's tools.
//!
//! Built from source, an SQL engine takes minutes on any machine; this one is fetched in seconds, by the hashes in
//! `pins.toml`, and nobody who asks no question pays for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::options::is_executable;
use crate::{Error, Options, process};

/// Its name among the pins.
const NAME: &str = "duckdb";

/// The pinned version.
pub(crate) fn version(options: &Options) -> Result<&str, Error> {
    // Never empty; a set has one version of each name.
    Ok(&options.pinned(NAME)?[0].version)
}

/// The Python in whose environment DuckDB is, once set-up has made it.
pub fn duckdb(options: &Options) -> Option<PathBuf> {
    Some(folder(options).ok()?.join("bin/python")).filter(|python| is_executable(python))
}

fn folder(options: &Options) -> Result<PathBuf, Error> {
    Ok(options.tools.join(format!("duckdb-{}", version(options)?)))
}

/// Whether there is a Python that can make an environment.
pub(crate) fn has_python(options: &Options) -> bool {
    let works = |python| process::output(Command::new(python).args(["-c", "import ensurepip, venv"])).is_ok();
    options.program("python3").is_some_and(works)
}

/// What installing it is, as a person would type it.
pub(crate) fn how(options: &Options) -> Result<String, Error> {
    let (place, version) = (folder(options)?, version(options)?);
    Ok(format!("python3 -m venv {0} && {0}/bin/pip install duckdb=={version}", place.display()))
}

/// Makes the environment beside its place, tries it, and moves it there.
pub(crate) fn install(options: &Options, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let (place, tools) = (folder(options)?, &options.tools);
    if duckdb(options).is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(tools).map_err(Error::io("create", tools))?;
    let temporary = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(tools);
    let temporary = temporary.map_err(Error::io("create a folder in", tools))?;
    let made = temporary.path().join("environment");
    let python = options.program("python3").unwrap_or_else(|| "python3".into());
    process::stream(Command::new(python).args(["-m", "venv"]).arg(&made), tell)?;
    let pinned = temporary.path().join("requirements.txt");
    // Each wheel's: pip takes the one that fits its Python.
    let hashes = options.pinned(NAME)?.into_iter().map(|pin| format!(" --hash=sha256:{}", pin.sha256));
    let line = format!("duckdb=={}{}\n", version(options)?, hashes.collect::<String>());
    std::fs::write(&pinned, line).map_err(Error::io("write", &pinned))?;
    let python = made.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
    process::stream(pip.args(["--require-hashes", "--requirement"]).arg(&pinned), tell)?;
    process::output(Command::new(&python).args(["-I", "-c", "import duckdb"]))?;
    settle(&made, &place)
}

fn settle(made: &Path, place: &Path) -> Result<(), Error> {
    match std::fs::rename(made, place) {
        // Two set-ups at once: the other one's is as good.
        Err(_) if is_executable(&place.join("bin/python")) => Ok(()),
        moved => moved.map_err(Error::io("move DuckDB to", place)),
    }
}
