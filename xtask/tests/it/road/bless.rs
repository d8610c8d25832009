//! `golden bless --runs N`: what held is accepted, once at a time, and not where nobody looks.

use std::fs;

use lab_golden::BlessLock;

use super::{Lab, code, program, stderr, stdout, turn};

fn bless(lab: &Lab, args: &[&str]) -> std::process::Command {
    let mut command = lab.xtask(&["golden", "bless", "host", "sensitive-read"]);
    command.arg("--probe").arg(program("lab-probe")).arg("--actor").arg(program("lab-actor"));
    command.env_remove("CI").arg("--no-install").args(args);
    command
}

#[test]
fn many_runs_make_the_same_golden() {
    let Some(_turn) = turn("bless::many_runs_make_the_same_golden") else { return };
    let lab = Lab::new();
    let golden = lab.path("golden/sensitive-read.golden");
    let before = fs::read_to_string(&golden).unwrap();
    fs::remove_file(&golden).unwrap();
    let output = bless(&lab, &["--runs", "2"]).output().unwrap();
    code(&output, 0);
    assert_eq!(fs::read_to_string(&golden).unwrap(), before);
    assert!(stdout(&output).contains("+sightline golden 1"), "{}", stdout(&output));
    assert!(!lab.path("runs").exists(), "a bundle was left");
}

#[test]
fn what_a_mark_allows_is_reported_and_is_no_drift() {
    let Some(_turn) = turn("bless::what_a_mark_allows_is_reported_and_is_no_drift") else { return };
    let lab = Lab::new();
    let line = "    open \"/etc/shadow.<nonce>\" read -> ENOENT                    act 3\n";
    let marked = line.replace("act 3", "act 3, unstable 19/20");
    let seldom = format!("{marked}    open \"/etc/seldom\" read{:38}unstable 1/20\n", "");
    lab.edit("golden/sensitive-read.golden", line, &seldom);
    code(&lab.run(&["--scenario", "sensitive-read"]).output().unwrap(), 0);
    let output = lab.xtask(&["golden", "diff", "host"]).output().unwrap();
    code(&output, 0);
    for told in ["unstable 19/20: there: ", "unstable 1/20: absent: "] {
        assert!(stdout(&output).contains(told), "{told:?} is not in\n{}", stdout(&output));
    }
}

#[test]
fn what_is_otherwise_under_this_kernel_is_an_override() {
    let Some(_turn) = turn("bless::what_is_otherwise_under_this_kernel_is_an_override") else { return };
    let lab = Lab::new();
    // As if the golden came from a machine where one file more is read, and strace sees less.
    let line = "    open \"/etc/shadow.<nonce>\" read -> ENOENT                    act 3\n";
    lab.edit("golden/sensitive-read.golden", line, &format!("{line}    open \"/etc/elsewhere\" read\n"));
    lab.edit("golden/sensitive-read.golden", "  act 3   seen    seen", "  act 3   seen    missed");
    let before = fs::read_to_string(lab.path("golden/sensitive-read.golden")).unwrap();
    let run = || lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&run(), 1);
    let output = bless(&lab, &["--for", "linux-1.0", "--because", "x"]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("expected one of host, "), "{}", stderr(&output));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let release: Vec<&str> = kernel.trim().split('.').take(2).collect();
    let setting = format!("linux-{}", release.join("."));
    code(&bless(&lab, &["--for", &setting, "--because", "it reads less"]).output().unwrap(), 0);
    let file = format!("golden/sensitive-read@{setting}.golden");
    let text = fs::read_to_string(lab.path(&file)).unwrap();
    assert!(
        text.contains("because it reads less\n") && text.contains("\n  act 3 / strace\n    is seen\n"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(lab.path("golden/sensitive-read.golden")).unwrap(), before);
    code(&run(), 0);
    code(&lab.xtask(&["golden", "lint"]).output().unwrap(), 0);
    // A plain bless changes nothing that the run agrees with, and asks where it does not.
    code(&bless(&lab, &[]).output().unwrap(), 0);
    lab.edit("golden/sensitive-read.golden", "act 1   seen    seen", "act 1   seen    missed");
    let output = bless(&lab, &[]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("--for one of host, "), "{}", stderr(&output));
    // An override for another kernel changes nothing here; one that names no line is told before the run.
    fs::rename(lab.path(&file), lab.path("golden/sensitive-read@linux-1.0.golden")).unwrap();
    lab.edit("golden/sensitive-read@linux-1.0.golden", &setting, "linux-1.0");
    code(&run(), 1);
    lab.edit("golden/sensitive-read@linux-1.0.golden", "/etc/elsewhere", "/etc/nowhere");
    let output = run();
    code(&output, 2);
    assert!(
        stderr(&output).contains("sensitive-read@linux-1.0.golden:6: no line has the key"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_liar_is_never_blessed() {
    let Some(_turn) = turn("bless::a_liar_is_never_blessed") else { return };
    let lab = Lab::new();
    let before = fs::read_to_string(lab.path("golden/sensitive-read.golden")).unwrap();
    let mut command =
        lab.xtask(&["golden", "bless", "host", "sensitive-read", "--runs", "2", "--no-install"]);
    command.arg("--probe").arg(program("lab-probe")).arg("--actor").arg(program("lab-liar"));
    let output = command.env_remove("CI").output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("unproven"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(lab.path("golden/sensitive-read.golden")).unwrap(), before);
}

#[test]
fn not_in_ci_and_not_two_at_once() {
    let lab = Lab::new();
    let refused = |command: &mut std::process::Command, wanted: &str| {
        let output = command.output().unwrap();
        code(&output, 2);
        assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
    };
    refused(lab.xtask(&["golden", "bless"]).env("CI", "true"), "CI is set");
    let lock = BlessLock::take(&lab.path("golden")).unwrap();
    refused(lab.xtask(&["golden", "bless"]).env_remove("CI"), "another bless is at work");
    drop(lock);
    refused(
        lab.xtask(&["golden", "bless", "--in-ci"]).env("CI", "true"),
        "there is no run of profile `host`",
    );
}
