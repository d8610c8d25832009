//! Killed in the middle: the next command takes away what is left, and says what was lost.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Lab, code, report, state::State, stderr, turn};

/// Starts a run and reads its plain progress until `line` comes.
#[track_caller]
fn until(lab: &Lab, line: &str) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut run = lab.run(&["--scenario", "sensitive-read", "--json"]);
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(run.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.ends_with(line) {
        let length = seen.len();
        assert!(errors.read_line(&mut seen).unwrap() > 0, "no {line:?} in {seen}");
        seen.truncate(seen.trim_end().len().max(length));
        seen = seen.trim_end().to_owned();
        if !seen.ends_with(line) {
            seen.push('\n');
        }
    }
    (run, errors)
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

#[test]
fn a_runner_killed_in_any_stage_leaves_nothing_that_lab_down_does_not_take() {
    let Some(_turn) = turn("killed::a_runner_killed_in_any_stage_leaves_nothing_that_lab_down_does_not_take")
    else {
        return;
    };
    let lab = Lab::new();
    std::fs::create_dir(lab.path("runs")).unwrap();
    let before = State::now(&lab);
    for pass in [1, 2] {
        for stage in ["attach", "deploy", "exercise", "settle", "collect", "cleanup"] {
            let (mut run, _errors) = until(&lab, &format!("sensitive-read pass {pass}: {stage}"));
            run.kill().unwrap();
            run.wait().unwrap();
            code(&lab.xtask(&["lab", "down"]).output().unwrap(), 0);
            assert_eq!(State::now(&lab), before, "killed in pass {pass}, {stage}");
        }
    }
}

#[test]
fn the_next_run_cleans_up_too_and_leaves_the_living_alone() {
    let Some(_turn) = turn("killed::the_next_run_cleans_up_too_and_leaves_the_living_alone") else { return };
    let (dead, alive, next) = (Lab::new(), Lab::new(), Lab::new());
    let before = State::now(&next).without_files();
    let (mut run, _errors) = until(&dead, "sensitive-read pass 1: exercise");
    run.kill().unwrap();
    run.wait().unwrap();
    let (living, _living_errors) = until(&alive, "sensitive-read pass 1: attach");
    let output = next.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&output, 0);
    assert!(stderr(&output).contains("cleaned up after "), "{}", stderr(&output));
    let living = living.wait_with_output().unwrap();
    assert_eq!(living.status.code(), Some(0));
    assert_eq!(State::now(&next).without_files(), before);
}

#[test]
fn an_interrupt_cleans_up_and_exits_130() {
    let Some(_turn) = turn("killed::an_interrupt_cleans_up_and_exits_130") else { return };
    for stage in ["attach", "exercise", "settle"] {
        let lab = Lab::new();
        let before = State::now(&lab).without_files();
        let (mut run, mut errors) = until(&lab, &format!("sensitive-read pass 1: {stage}"));
        signal(run.id(), Signal::SIGINT);
        std::io::copy(&mut errors, &mut std::io::sink()).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(130), "in {stage}");
        assert_eq!(State::now(&lab).without_files(), before, "in {stage}");
    }
}

#[test]
fn a_probe_killed_in_the_middle_makes_its_acts_lost() {
    let Some(_turn) = turn("killed::a_probe_killed_in_the_middle_makes_its_acts_lost") else { return };
    let lab = Lab::new();
    // Many acts, so that the kill falls among them.
    let path = lab.path("scenarios/sensitive-read.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let more = "\n[[twin]]\nkind = \"read\"\npath = \"/etc/hostname\"\n".repeat(400);
    std::fs::write(&path, text + &more).unwrap();
    let (run, errors) = until(&lab, "sensitive-read pass 1: exercise");
    let cgroups = lab_env::cgroup::mount_point().unwrap();
    let run_cgroup = std::fs::read_dir(cgroups)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("sightline-"))
        .unwrap();
    let probe = std::fs::read_to_string(run_cgroup.join("sensors/cgroup.procs")).unwrap();
    signal(probe.trim().parse().unwrap(), Signal::SIGKILL);
    std::thread::spawn(move || std::io::copy(&mut { errors }, &mut std::io::sink()));
    let output = run.wait_with_output().unwrap();
    code(&output, 3);
    let report = report(&output);
    let rows = report["scenarios"][0]["verdicts"].as_array().unwrap();
    let of = |sensor: &str, verdict: &str| {
        rows.iter().filter(|row| row["sensor"] == sensor && row["verdict"] == verdict).count()
    };
    assert!(of("probe", "lost") > 0, "{report}");
    assert_eq!(of("probe", "lost") + of("probe", "seen"), 404);
    assert_eq!(of("strace", "seen"), 404);
}
