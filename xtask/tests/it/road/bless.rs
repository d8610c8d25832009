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
    lab.forget_golden("sensitive-read");
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
    lab.edit("golden/sensitive-read.golden", "  act 3   seen    seen  ", "  act 3   seen    missed");
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
    lab.edit("golden/sensitive-read.golden", "act 1   seen    seen  ", "act 1   seen    missed");
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

/// Runs a command on a terminal of its own and types `typed`; what it said there, and its output.
fn on_terminal(mut command: std::process::Command, typed: &str) -> (String, std::process::Output) {
    use std::{
        fs::File,
        io::{Read, Write},
        process::Stdio,
    };
    let terminal = nix::pty::openpty(None, None).unwrap();
    let slave = |fd: &std::os::fd::OwnedFd| Stdio::from(fd.try_clone().unwrap());
    command.stdin(slave(&terminal.slave)).stderr(slave(&terminal.slave)).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    drop((command, terminal.slave));
    let mut master = File::from(terminal.master);
    master.write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let mut said = Vec::new();
    // With the last slave closed, reading ends in an error.
    let _ = master.read_to_end(&mut said);
    (String::from_utf8_lossy(&said).replace('\r', ""), output)
}

#[test]
fn piece_by_piece_at_a_terminal() {
    let Some(_turn) = turn("bless::piece_by_piece_at_a_terminal") else { return };
    let lab = Lab::new();
    let golden = "golden/sensitive-read.golden";
    let line = "    open \"/etc/shadow.<nonce>\" read -> ENOENT                    act 3\n";
    lab.edit(golden, line, &format!("{line}    open \"/etc/elsewhere\" read\n"));
    lab.edit(golden, "  act 1   seen    seen  ", "  act 1   seen    missed");
    lab.edit(golden, "  act 2   seen    seen  ", "  act 2   seen    missed");
    let run = || lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&run(), 1);
    let refused = bless(&lab, &["--interactive"]).output().unwrap();
    code(&refused, 2);
    assert!(stderr(&refused).contains("this is no terminal"), "{}", stderr(&refused));
    let before = fs::read_to_string(lab.path(golden)).unwrap();
    let (said, output) = on_terminal(bless(&lab, &["--interactive"]), "a\nq\n");
    code(&output, 1);
    assert!(said.contains("sensitive-read: 2 of 3"), "{said}");
    assert_eq!(fs::read_to_string(lab.path(golden)).unwrap(), before, "who quits has accepted nothing");
    let (said, output) = on_terminal(bless(&lab, &["--interactive"]), "m 0\nm 2\na\nr\n");
    code(&output, 1);
    for told in ["-    open \"/etc/elsewhere\" read", "[m N] at most N", "`0` is no number from 1", "3 of 3"]
    {
        assert!(said.contains(told), "{told:?} is not in\n{said}");
    }
    let text = fs::read_to_string(lab.path(golden)).unwrap();
    for has in [
        "\nallow at-most 2 \"/etc/elsewhere\"  act 3\n",
        "at-most 2\n",
        "act 1   seen    seen  ",
        "act 2   seen    missed",
    ] {
        assert!(text.contains(has), "{has:?} is not in\n{text}");
    }
    let scenario = fs::read_to_string(lab.path("scenarios/sensitive-read.toml")).unwrap();
    assert!(scenario.contains("at_most = { \"/etc/elsewhere\" = 2 }"), "{scenario}");
    // What was freed is no drift any more, what was rejected still is.
    code(&run(), 1);
    lab.edit(golden, "  act 2   seen    missed", "  act 2   seen    seen  ");
    code(&run(), 0);
}
