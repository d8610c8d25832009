//! The engine of `query`: DuckDB as its makers build it for Python, in an environment of its own in the project's tools.
//!
//! Built from source, an SQL engine takes minutes on any machine; this one is fetched in seconds, by the hash that is
//! pinned here, and nobody who asks no question pays for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::options::is_executable;
use crate::{Error, Options, process};

/// The pinned version of DuckDB.
pub const DUCKDB_VERSION: &str = "2.0.1";
/// SHA-256 of its wheels for x86-64: for Python 3.11, and for 3.12 and newer.
const WHEELS: [&str; 2] = [
    "eb32b389d99d14cbbec4c110f58237c77eacefc65ef6f737619f413c97a91a77",
    "39ffeb136abed770a496e5592a464f18a07b1543e7ddb1ff6453215e179f1647",
];

/// The Python in whose environment DuckDB is, once set-up has made it.
pub fn duckdb(options: &Options) -> Option<PathBuf> {
    Some(folder(options).join("bin/python")).filter(|python| is_executable(python))
}

fn folder(options: &Options) -> PathBuf {
    options.tools.join(format!("duckdb-{DUCKDB_VERSION}"))
}

/// Whether there is a Python that can make an environment.
pub(crate) fn has_python(options: &Options) -> bool {
    let works = |python| process::output(Command::new(python).args(["-c", "import ensurepip, venv"])).is_ok();
    options.program("python3").is_some_and(works)
}

/// What installing it is, as a person would type it.
pub(crate) fn how(options: &Options) -> String {
    let place = folder(options);
    format!("python3 -m venv {0} && {0}/bin/pip install duckdb=={DUCKDB_VERSION}", place.display())
}

/// Makes the environment beside its place, tries it, and moves it there.
pub(crate) fn install(options: &Options, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let (place, tools) = (folder(options), &options.tools);
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
    let hashes = WHEELS.map(|hash| format!(" --hash=sha256:{hash}"));
    std::fs::write(&pinned, format!("duckdb=={DUCKDB_VERSION}{}\n", hashes.concat()))
        .map_err(Error::io("write", &pinned))?;
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
