//! Killed in the middle: the next command takes away what is left, and says what was lost.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Output, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Lab, code, report, state::State, stderr, turn};

/// A run that has come as far as a test wanted.
struct Going {
    run: Child,
    errors: BufReader<ChildStderr>,
    id: String,
}

impl Going {
    /// Starts a run of some scenarios and reads its plain progress until a line that ends with `line`.
    #[track_caller]
    fn until(lab: &Lab, scenarios: &[&str], line: &str) -> Self {
        let args: Vec<&str> =
            scenarios.iter().flat_map(|name| ["--scenario", name]).chain(["--json"]).collect();
        let mut run = lab.run(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(run.stderr.take().unwrap());
        let mut going = Self { run, errors, id: String::new() };
        let mut seen = String::new();
        loop {
            let mut next = String::new();
            if going.errors.read_line(&mut next).unwrap() == 0 {
                panic!("no {line:?} in {seen}{}", super::stdout(&going.end()));
            }
            seen.push_str(&next);
            if let Some(known) = next.trim_end().strip_prefix("run ") {
                known.clone_into(&mut going.id);
            }
            if next.trim_end().ends_with(line) {
                return going;
            }
        }
    }

    fn kill(mut self) {
        self.run.kill().unwrap();
        self.run.wait().unwrap();
    }

    /// Waits for its end.
    fn end(mut self) -> Output {
        let errors = std::thread::spawn(move || {
            let mut rest = Vec::new();
            self.errors.read_to_end(&mut rest).unwrap();
            rest
        });
        let mut output = self.run.wait_with_output().unwrap();
        output.stderr = errors.join().unwrap();
        output
    }
}

const ONE: &[&str] = &["sensitive-read"];

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
    // Right after its first line, when it comes up.
    for _ in 0..5 {
        Going::until(&lab, ONE, "").kill();
        code(&lab.xtask(&["lab", "down"]).output().unwrap(), 0);
        before.comes_back("killed when it came up", || State::now(&lab));
    }
    for pass in [1, 2] {
        for stage in ["attach", "deploy", "exercise", "settle", "collect", "cleanup"] {
            Going::until(&lab, ONE, &format!("sensitive-read pass {pass}: {stage}")).kill();
            code(&lab.xtask(&["lab", "down"]).output().unwrap(), 0);
            before.comes_back(&format!("killed in pass {pass}, {stage}"), || State::now(&lab));
        }
    }
}

#[test]
fn the_next_run_cleans_up_too_and_leaves_the_living_alone() {
    let Some(_turn) = turn("killed::the_next_run_cleans_up_too_and_leaves_the_living_alone") else { return };
    let (dead, alive, next) = (Lab::new(), Lab::new(), Lab::new());
    let before = State::now(&next).without_bundles();
    let living = Going::until(&alive, &[], "shell-spawn pass 1: attach");
    Going::until(&dead, ONE, "sensitive-read pass 1: exercise").kill();
    let output = next.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&output, 0);
    assert!(stderr(&output).contains("cleaned up after "), "{}", stderr(&output));
    code(&living.end(), 0);
    before.comes_back("at the end", || State::now(&next).without_bundles());
}

#[test]
fn an_interrupt_cleans_up_and_exits_130() {
    let Some(_turn) = turn("killed::an_interrupt_cleans_up_and_exits_130") else { return };
    for stage in ["attach", "exercise", "settle"] {
        let lab = Lab::new();
        let before = State::now(&lab).without_bundles();
        let going = Going::until(&lab, ONE, &format!("sensitive-read pass 1: {stage}"));
        signal(going.run.id(), Signal::SIGINT);
        code(&going.end(), 130);
        before.comes_back(stage, || State::now(&lab).without_bundles());
    }
}

/// A lab with so many acts that a signal falls among them.
fn many_acts() -> Lab {
    let lab = Lab::new();
    let path = lab.path("scenarios/sensitive-read.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let more = "\n[[twin]]\nkind = \"read\"\npath = \"/etc/hostname\"\n".repeat(400);
    std::fs::write(&path, text + &more).unwrap();
    lab
}

/// Kills the sensor whose program has this name.
fn kill_sensor(going: &Going, name: &str) {
    let sensors = lab_env::cgroup::mount_point().unwrap().join(format!("sightline-{}/sensors", going.id));
    let sensors = std::fs::read_to_string(sensors.join("cgroup.procs")).unwrap();
    let is_it = |pid: &&str| std::fs::read_link(format!("/proc/{pid}/exe")).unwrap().ends_with(name);
    signal(sensors.lines().find(is_it).unwrap().parse().unwrap(), Signal::SIGKILL);
}

/// How many acts of the report have this verdict.
fn verdicts(report: &serde_json::Value, sensor: &str, verdict: &str) -> usize {
    let rows = report["scenarios"][0]["verdicts"].as_array().unwrap();
    rows.iter().filter(|row| row["sensor"] == sensor && row["verdict"] == verdict).count()
}

#[test]
fn a_probe_killed_in_the_middle_makes_its_acts_lost() {
    let Some(_turn) = turn("killed::a_probe_killed_in_the_middle_makes_its_acts_lost") else { return };
    let lab = many_acts();
    let going = Going::until(&lab, ONE, "sensitive-read pass 1: exercise");
    kill_sensor(&going, "lab-probe");
    let output = going.end();
    code(&output, 3);
    let report = report(&output);
    let of = |sensor, verdict| verdicts(&report, sensor, verdict);
    assert!(of("probe", "lost") > 0, "{report}");
    assert_eq!(of("probe", "lost") + of("probe", "seen"), 404);
    assert_eq!(of("strace", "seen"), 404);
}

#[test]
fn an_audit_daemon_killed_in_the_middle_makes_its_acts_lost_and_no_setting_stays() {
    let test = "killed::an_audit_daemon_killed_in_the_middle_makes_its_acts_lost_and_no_setting_stays";
    let Some(_turn) = turn(test) else { return };
    let lab = many_acts();
    let before = State::now(&lab).without_bundles();
    let going = Going::until(&lab, ONE, "sensitive-read pass 1: exercise");
    kill_sensor(&going, "auditd");
    let output = going.end();
    code(&output, 3);
    let report = report(&output);
    let of = |sensor, verdict| verdicts(&report, sensor, verdict);
    assert!(of("auditd", "lost") > 0, "{report}");
    assert_eq!(of("auditd", "lost") + of("auditd", "seen"), 404);
    assert_eq!(of("probe", "seen"), 404);
    before.comes_back("at the end", || State::now(&lab).without_bundles());
}
