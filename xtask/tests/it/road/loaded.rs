//! What is loaded into the kernel: as its verifier has it, and in the manifest of a run.

use std::fs;

use serde_json::Value;

use super::{Lab, checkout, code, program, report, script, stdout, turn};

/// SHA-256 of the committed object.
fn object() -> String {
    let record = fs::read(checkout().join("bpf/prebuilt/sightline-ebpf.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    record["object_sha256"].as_str().expect("the record has it").to_owned()
}

#[test]
fn a_run_names_the_object_and_the_pins() {
    let Some(_turn) = turn("loaded::a_run_names_the_object_and_the_pins") else { return };
    let lab = Lab::new();
    code(&lab.run(&["--scenario", "sensitive-read"]).output().unwrap(), 0);
    let manifest = fs::read(lab.bundle().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["inputs"]["eBPF object of probe@host"], object());
    let pins = lab_profile::load_pins(checkout()).unwrap();
    assert_eq!(manifest["inputs"]["pins.toml"], pins.sha256);
}

#[test]
fn the_verifier_is_asked_and_its_log_shown() {
    let Some(_turn) = turn("loaded::the_verifier_is_asked_and_its_log_shown") else { return };
    let lab = Lab::new();
    let list = |probe: &std::path::Path, more: &[&str]| {
        let mut command = lab.xtask(&["bpf", "list", "--kernel", "--probe"]);
        command.arg(probe).arg("--actor").arg(program("lab-actor")).args(more).output().unwrap()
    };
    let output = list(program("lab-probe"), &["--json"]);
    code(&output, 0);
    let said = report(&output);
    let programs = said["programs"].as_array().unwrap();
    let taken = said["kernel"]["programs"].as_array().unwrap();
    let is_taken = |program: &&Value| taken.iter().any(|taken| taken["name"] == program["name"]);
    let left: Vec<_> = programs.iter().filter(|program| !is_taken(program)).map(|p| &p["name"]).collect();
    // Only where tracepoints leave preemption on is there work for it.
    assert!(left.iter().all(|name| *name == "sys_exit_again"), "all others are loaded: {left:?}");
    assert!(taken.iter().all(|program| program["verified"].as_u64() > Some(0)), "{taken:?}");
    assert_eq!(said["kernel"]["object"], object());

    // A field that is not there: what reads it is refused, with the verifier's words.
    let odd = lab.path("odd-probe");
    script(
        &odd,
        &format!("#!/bin/sh\nexec {} \"$@\" --pretend fd_files=3\n", program("lab-probe").display()),
    );
    let output = list(&odd, &[]);
    code(&output, 1);
    let said = stdout(&output);
    let refused = said.lines().find(|line| line.starts_with("refused  open: ")).expect("opens are refused");
    assert!(refused.contains("processed") && refused.contains("insns"), "{refused}");
    assert!(said.lines().any(|line| line.starts_with("loaded   exec ")), "{said}");
}
