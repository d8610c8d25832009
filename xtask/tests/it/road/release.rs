//! A release, unpacked somewhere: no sources, no compiler, no cargo.

use std::process::Command;

use super::{Lab, code, copied_programs, report, stderr, stdout, turn};

/// `xtask` of an unpacked release, in an environment that knows no cargo.
fn xtask(lab: &Lab, args: &[&str]) -> Command {
    let mut command = Command::new(lab.path("xtask"));
    command.args(args).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("NO_COLOR", "1");
    command
}

#[test]
fn it_runs_with_the_programs_beside_it() {
    let Some(_turn) = turn("release::it_runs_with_the_programs_beside_it") else { return };
    let lab = Lab::new();
    copied_programs(lab.dir.path());
    let output =
        xtask(&lab, &["lab", "run", "--scenario", "shell-spawn", "--no-install", "--json"]).output().unwrap();
    code(&output, 0);
    assert_eq!(report(&output)["scenarios"].as_array().map(Vec::len), Some(1));
    lab.bundle();
}

#[test]
fn away_from_its_files_it_says_what_it_misses() {
    let lab = Lab::new();
    std::fs::copy(env!("CARGO_BIN_EXE_xtask"), lab.path("golden/xtask")).unwrap();
    std::fs::rename(lab.path("profiles"), lab.path("others")).unwrap();
    let output = Command::new(lab.path("golden/xtask"))
        .args(["lab", "list"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("there is no profiles/ beside this program"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

#[test]
fn it_says_which_commit_and_which_object() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--version").output().unwrap();
    let text = stdout(&output);
    let object = lab_store::sha256_hex(
        &std::fs::read(super::checkout().join("bpf/prebuilt/sightline-ebpf.o")).unwrap(),
    );
    assert_eq!(text, format!("cargo xtask {} (eBPF object {object})\n", lab_model::VERSION));
}
