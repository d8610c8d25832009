//! DuckDB for tests: from the project's tools, fetched if it can be.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use lab_tools::{
    Options,
    setup::{Needs, plan_setup, run_step},
};

/// The Python with DuckDB, or nothing after saying why the test is skipped.
pub(crate) fn python(test: &str) -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(found) {
        Ok(python) => Some(python),
        Err(why) => {
            println!("SKIP {test}: {why}");
            None
        }
    }
}

fn found() -> Result<PathBuf, String> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache =
        cache.or_else(|| Some(std::env::home_dir()?.join(".cache"))).ok_or("there is no home folder")?;
    // xtask's tests use this file, too.
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("pins.toml").exists());
    let root = root.ok_or("there is no pins.toml")?;
    let options = Options {
        root: "/".into(),
        path: std::env::var_os("PATH").unwrap_or_default(),
        clone: PathBuf::new(),
        tools: cache.join("sightline/tools"),
        runs: PathBuf::new(),
        cargo: PathBuf::new(),
        pins: lab_profile::load_pins(root).map_err(|error| error.to_string())?,
    };
    let steps =
        plan_setup(&options, Needs { duckdb: true, ..Needs::NONE }).map_err(|error| error.to_string())?;
    if let Some(step) = steps.iter().find(|step| step.as_root) {
        return Err(format!("{} is missing", step.name));
    }
    for step in &steps {
        let last = |error: lab_tools::Error| error.to_string().lines().last().unwrap_or_default().to_owned();
        run_step(&options, step, &mut |_| ()).map_err(last)?;
    }
    lab_tools::duckdb(&options).ok_or_else(|| "DuckDB is missing".to_owned())
}

/// What DuckDB's own client answers, as CSV, with nothing of ours in between.
pub(crate) fn client(python: &Path, sql: &str) -> String {
    let program = "import csv, duckdb, sys\n\
                   found = duckdb.sql(sys.argv[1])\n\
                   out = csv.writer(sys.stdout, lineterminator='\\n')\n\
                   out.writerow(found.columns)\n\
                   out.writerows(found.fetchall())";
    let output = Command::new(python).args(["-c", program, sql]).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// The questions of docs/query.md with their statements.
pub(crate) fn questions() -> Vec<(&'static str, &'static str)> {
    let document = include_str!("../../../../docs/query.md");
    let sections = document.split("\n### ").skip(1).filter_map(|section| {
        let (question, rest) = section.split_once('\n')?;
        let (_, block) = rest.split_once("```sql\n")?;
        Some((question, block.split_once("```")?.0))
    });
    sections.collect()
}
