//! The action's scripts, which actionlint does not look at: bash reads them, and shellcheck finds nothing.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
};

use super::{action, step};

/// Name and text of each script of the action.
fn scripts() -> Vec<(String, String)> {
    let action = action();
    let steps = action["runs"]["steps"].as_sequence().expect("steps").clone();
    let scripts = steps.iter().filter_map(|step| {
        let script = step["run"].as_str()?;
        assert_eq!(step["shell"].as_str(), Some("bash"), "{script}");
        Some((step["name"].as_str().expect("a step has a name").to_owned(), script.to_owned()))
    });
    scripts.collect()
}

/// Gives a script to a program that reads it from standard input; the error is what the program says.
fn check(program: &str, args: &[&str], script: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().expect("it is piped").write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() { Ok(()) } else { Err(said.concat()) }
}

#[test]
fn where_there_is_no_bundle_the_code_is_kept_and_said() {
    let step = step::run("Lab", &[("PROFILE", "hots"), ("SCENARIOS", ""), ("FOLDER", "")]);
    assert!(step.output.status.success(), "{:?}", step.output);
    assert_eq!(step.outputs, BTreeMap::from([("exit-code".into(), "2".into())]));
    let (said, wrong) = (step.stdout(), String::from_utf8_lossy(&step.output.stderr).into_owned());
    assert!(said.starts_with("::error title=Sightline::there is no bundle: "), "{said}");
    assert!(wrong.contains("unknown profile `hots`"), "{wrong}");
}

#[test]
fn the_last_step_ends_as_the_lab_did() {
    for code in [0, 1, 2, 3, 130] {
        let step = step::run("Outcome", &[("CODE", &code.to_string()), ("OUTCOME", "drift")]);
        assert_eq!(step.output.status.code(), Some(code));
    }
}

#[test]
fn bash_reads_them() {
    for (name, script) in scripts() {
        check("bash", &["-n"], &script).unwrap_or_else(|said| panic!("step `{name}`: {said}"));
    }
    assert!(check("bash", &["-n"], "if true; then echo").is_err());
}

#[test]
fn shellcheck_finds_nothing() {
    if Command::new("shellcheck").arg("--version").output().is_err() {
        println!("SKIP ci::scripts::shellcheck_finds_nothing: shellcheck is not installed");
        return;
    }
    let args = ["--shell=bash", "-"];
    for (name, script) in scripts() {
        check("shellcheck", &args, &script).unwrap_or_else(|said| panic!("step `{name}`: {said}"));
    }
    let said = check("shellcheck", &args, "rm $1/x").unwrap_err();
    assert!(said.contains("SC2086"), "{said}");
}
