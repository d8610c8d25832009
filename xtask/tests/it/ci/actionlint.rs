//! The workflows as actionlint sees them. It is a Go module, built once and kept by its version.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::tree::{none, root, tracked};

const VERSION: &str = "1.7.12";

/// The program, or why there is none; built once for all tests.
fn actionlint() -> &'static Result<PathBuf, String> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PROGRAM.get_or_init(install)
}

fn install() -> Result<PathBuf, String> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let tools = cache.ok_or("there is no folder for tools")?.join("sightline/tools");
    let place = tools.join(format!("actionlint-{VERSION}"));
    let program = place.join("actionlint");
    if program.exists() {
        return Ok(program);
    }
    let said = |error: std::io::Error| format!("{}: {error}", tools.display());
    fs::create_dir_all(&tools).map_err(said)?;
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&tools).map_err(said)?;
    let module = format!("github.com/rhysd/actionlint/cmd/actionlint@v{VERSION}");
    let go = Command::new("go").args(["install", &module]).env("GOBIN", unfinished.path()).output();
    let go = go.map_err(|_| "Go is not installed")?;
    if !go.status.success() {
        let said = String::from_utf8_lossy(&go.stderr);
        return Err(format!("it could not be built: {}", said.lines().last().unwrap_or_default()));
    }
    let unfinished = unfinished.keep();
    // Two at once: the other one's is as good.
    if fs::rename(&unfinished, &place).is_err() {
        fs::remove_dir_all(&unfinished).map_err(said)?;
    }
    Ok(program)
}

/// What actionlint says of a workflow; nothing if it is well.
fn lint(program: &Path, folder: &Path, workflow: &str) -> Vec<String> {
    let output = Command::new(program).args(["-no-color", "-oneline", workflow]).current_dir(folder).output();
    let output = output.expect("actionlint runs");
    let mut said: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    if !output.status.success() && said.is_empty() {
        said.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    said
}

#[test]
fn it_accepts_every_workflow() {
    let program = match actionlint() {
        Ok(program) => program,
        Err(why) => return println!("SKIP ci::actionlint::it_accepts_every_workflow: {why}"),
    };
    let mut said = Vec::new();
    for file in tracked().iter().filter(|file| file.path.starts_with(".github/workflows/")) {
        said.extend(lint(program, &root(), &file.path));
    }
    none("actionlint", &said);
}

#[test]
fn it_refuses_broken_ones() {
    let program = match actionlint() {
        Ok(program) => program,
        Err(why) => return println!("SKIP ci::actionlint::it_refuses_broken_ones: {why}"),
    };
    let project = tempfile::tempdir().unwrap();
    let workflow = |text: &str| {
        fs::create_dir_all(project.path().join(".github/workflows")).unwrap();
        fs::write(project.path().join(".github/workflows/broken.yml"), text).unwrap();
        lint(program, project.path(), ".github/workflows/broken.yml")
    };
    let whole =
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.sha }}\n";
    assert_eq!(workflow(whole), Vec::<String>::new());
    for (from, to) in
        [("runs-on", "run-on"), ("github.sha", "github.sah"), ("on: push", "on: pish"), ("- run", "run")]
    {
        let broken = whole.replace(from, to);
        assert_ne!(workflow(&broken), Vec::<String>::new(), "{broken}");
    }
}
