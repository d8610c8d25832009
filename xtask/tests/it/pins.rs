//! `pins` on the command line: what it prints, and how it ends.

use std::{fs, process::Command};

use crate::tree::root;

/// A lab's folder with these pins.
fn lab(pins: &str) -> tempfile::TempDir {
    let lab = tempfile::tempdir().unwrap();
    fs::create_dir(lab.path().join("profiles")).unwrap();
    fs::write(lab.path().join("pins.toml"), pins).unwrap();
    lab
}

fn xtask(lab: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("--lab").arg(lab).arg("pins").args(args).env("NO_COLOR", "1");
    command
}

fn ended(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_projects_own_are_right_and_listed() {
    assert_eq!(ended(xtask(&root(), &["lint"])), (Some(0), String::new()));
    let (code, listed) = ended(xtask(&root(), &["list", "--set", "host"]));
    assert_eq!(code, Some(0));
    assert!(listed.lines().all(|line| line.split_whitespace().last() == Some("host")), "{listed}");
    let (_, json) = ended(xtask(&root(), &["list", "--json"]));
    let all: serde_json::Value = serde_json::from_str(&json).unwrap();
    let pins = all["pins"].as_array().unwrap();
    let (_, listed) = ended(xtask(&root(), &["list"]));
    assert_eq!(pins.len(), listed.lines().count());
    assert!(pins.iter().all(|pin| pin["sha256"].as_str().is_some_and(|hash| hash.len() == 64)));
}

#[test]
fn every_mistake_is_said_at_once_and_it_exits_2() {
    let lab = lab(
        "[[chart]]\nname = \"a-chart\"\nversion = \"latest\"\nurl = \"https://example.org/a.tgz\"\nverified = \"once\"\nhue = 1\n",
    );
    let (code, said) = ended(xtask(lab.path(), &["lint"]));
    assert_eq!(code, Some(2));
    let places: Vec<&str> = said.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["pins.toml:1:1", "  hint", "pins.toml:3:11", "  hint", "pins.toml:6:1"], "{said}");
    let (code, json) = ended(xtask(lab.path(), &["lint", "--json"]));
    assert_eq!(code, Some(2));
    let mistakes: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(mistakes[1]["line"], 3);
    assert_eq!(mistakes[1]["hint"], "name one release, such as `v1.34.1`");
    // Whoever needs a pin gets the same mistakes.
    let output = xtask(lab.path(), &["list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("pins.toml:3:11: `latest` is a floating tag"));
}
