//! `golden stability`: many runs, counted, and nothing of them left behind.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::Stdio,
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use super::{Lab, code, program, report, stdout, turn};

fn stability(lab: &Lab, args: &[&str]) -> std::process::Command {
    let mut command = lab.xtask(&["golden", "stability", "host", "sensitive-read", "--no-install"]);
    command.arg("--probe").arg(program("lab-probe")).arg("--actor").arg(program("lab-actor")).args(args);
    command
}

#[test]
fn runs_are_counted_and_removed() {
    let Some(_turn) = turn("stability::runs_are_counted_and_removed") else { return };
    let lab = Lab::new();
    let output = stability(&lab, &["--runs", "3", "--json", "--load"]).output().unwrap();
    code(&output, 0);
    let found = report(&output);
    let scenario = &found["scenarios"][0];
    assert_eq!((&found["runs"], &scenario["scenario"]), (&3.into(), &"sensitive-read".into()));
    for count in ["stable", "as_golden"] {
        assert_eq!((&scenario[count]["held"], &scenario[count]["of"]), (&3.into(), &3.into()), "{count}");
    }
    assert!(found["busy_processes"].as_u64().unwrap() > 0);
    assert!(!lab.path("runs").exists(), "a bundle was left");
}

#[test]
fn bundles_are_kept_on_request_and_a_liar_is_inconclusive() {
    let Some(_turn) = turn("stability::bundles_are_kept_on_request_and_a_liar_is_inconclusive") else {
        return;
    };
    let lab = Lab::new();
    let mut command = lab.xtask(&["golden", "stability", "host", "sensitive-read", "--no-install", "--keep"]);
    command.args(["--runs", "1", "--probe"]).arg(program("lab-probe"));
    let output = command.arg("--actor").arg(program("lab-liar")).output().unwrap();
    code(&output, 3);
    assert!(stdout(&output).contains("sensitive-read"), "{}", stdout(&output));
    assert!(lab.bundle().join("manifest.json").exists());
}

#[test]
fn an_interrupt_ends_the_busy_processes_too() {
    let Some(_turn) = turn("stability::an_interrupt_ends_the_busy_processes_too") else { return };
    let lab = Lab::new();
    let mut command = stability(&lab, &["--runs", "100", "--load"]);
    // A group of its own, so that whatever is left in it afterwards shows.
    let mut child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.starts_with("run 1 of 100")), "it ended before the first run");
    kill(pid, Signal::SIGINT).unwrap();
    // Read to the end, so that nobody waits for us.
    lines.for_each(drop);
    let output = child.wait_with_output().unwrap();
    code(&output, 130);
    assert!(stdout(&output).contains("sensitive-read"), "what was measured is shown: {}", stdout(&output));
    assert_eq!(killpg(pid, None), Err(Errno::ESRCH), "a process was left");
    assert!(!lab.path("runs").exists(), "a bundle was left");
}
