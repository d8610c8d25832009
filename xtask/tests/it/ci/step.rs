//! Runs a step of the action as a runner does.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Output},
};

use super::action;
use crate::tree::root;

/// What came of a step.
pub(crate) struct Step {
    pub(crate) output: Output,
    /// what it gave to other steps
    pub(crate) outputs: BTreeMap<String, String>,
    /// what it added to the summary
    pub(crate) summary: String,
    /// the runner's folder for it, with the reports
    pub(crate) _folder: tempfile::TempDir,
}

impl Step {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }
}

/// `cargo xtask` is the program that was built for the tests; what it wants of cargo is cargo's.
const CARGO: &str =
    "#!/bin/sh\nif [ \"$1\" = xtask ]; then shift; exec \"$XTASK\" \"$@\"; fi\nexec \"$CARGO\" \"$@\"\n";

/// Runs the script of the step `name` with `env`.
pub(crate) fn run(name: &str, env: &[(&str, &str)]) -> Step {
    let action = action();
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    let step = steps.iter().find(|step| step["name"].as_str() == Some(name)).expect("there is such a step");
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("bin")).unwrap();
    crate::road::script(&place("bin/cargo"), CARGO);
    fs::write(place("script"), step["run"].as_str().expect("it has a script")).unwrap();
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(place("script")).current_dir(root());
    bash.env("PATH", format!("{}:{path}", place("bin").display())).env("XTASK", env!("CARGO_BIN_EXE_xtask"));
    bash.env("CARGO", env!("CARGO")).env("NO_COLOR", "1");
    bash.env("GITHUB_OUTPUT", place("outputs")).env("GITHUB_STEP_SUMMARY", place("summary"));
    bash.env("GITHUB_WORKSPACE", root()).env("RUNNER_TEMP", folder.path()).envs(env.iter().copied());
    let output = bash.output().expect("bash runs");
    let text = |name: &str| fs::read_to_string(place(name)).unwrap_or_default();
    let outputs = text("outputs");
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Step {
        output,
        outputs: outputs.lines().filter_map(pair).collect(),
        summary: text("summary"),
        _folder: folder,
    }
}
