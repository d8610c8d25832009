//! Bad input: a clear error that names the place, exit 2, and nothing half-written.

use std::{fs, os::unix::process::CommandExt};

use super::{Lab, code, stderr, stdout, turn};

/// Runs `args` in a lab changed by `change`; standard error must hold each of `wanted`.
#[track_caller]
fn refused(change: impl FnOnce(&Lab), args: &[&str], wanted: &[&str]) {
    let lab = Lab::new();
    change(&lab);
    let output = lab.xtask(args).output().unwrap();
    code(&output, 2);
    for piece in wanted {
        assert!(stderr(&output).contains(piece), "{piece:?} is not in\n{}", stderr(&output));
    }
    assert!(!lab.path("runs").exists(), "something was written");
}

#[test]
fn profiles() {
    let run = ["lab", "run", "--no-install"];
    refused(|_| {}, &["lab", "run", "hots"], &["unknown profile `hots`", "host"]);
    refused(
        |lab| lab.edit("profiles/01-host.toml", "summary =", "sumary ="),
        &run,
        &["profiles/01-host.toml:2:1", "sumary", "summary"],
    );
    refused(
        |lab| lab.edit("profiles/base/host.toml", r#""strace", "#, r#""starce", "#),
        &run,
        &["profiles/base/host.toml:3:", "starce", "strace"],
    );
    refused(
        |lab| lab.edit("profiles/01-host.toml", "phase = 1", "phase = \"one\""),
        &run,
        &["profiles/01-host.toml:1:"],
    );
    refused(
        |lab| lab.edit("profiles/01-host.toml", "base/host.toml", "01-host.toml"),
        &run,
        &["profiles/01-host.toml:3:", "goes in a circle"],
    );
    refused(
        |lab| lab.edit("profiles/01-host.toml", "phase = 1", "phase = "),
        &run,
        &["profiles/01-host.toml:1:"],
    );
}

#[test]
fn scenarios() {
    let run = ["lab", "run", "--no-install"];
    let file = "scenarios/sensitive-read.toml";
    let twin = "[[twin]]\nkind = \"read\"\npath = \"${canary}/notes.txt\"\nvia = [{ name = \"cat\", argv = [\"cat\", \"${canary}/notes.txt\", \"${nonce}\"] }]\n";
    refused(|lab| lab.edit(file, twin, ""), &run, &[file, "twin"]);
    refused(|lab| lab.edit(file, "attack = [\"T1003.008\"]\n", ""), &run, &[file, "attack"]);
    refused(
        |lab| lab.edit(file, "expect = \"ENOENT\"", "expect = \"ENOENTT\""),
        &run,
        &["scenarios/sensitive-read.toml:26:", "ENOENTT", "ENOENT"],
    );
    refused(
        |lab| lab.edit(file, "path = \"/etc/shadow.${nonce}\"", "path = \"/etc/shadow.${nonse}\""),
        &run,
        &["scenarios/sensitive-read.toml:24:", "${nonse}", "${nonce}"],
    );
}

#[test]
fn a_golden_of_an_unknown_version() {
    let Some(_turn) = turn("input::a_golden_of_an_unknown_version") else { return };
    let lab = Lab::new();
    lab.edit("golden/sensitive-read.golden", "sightline golden 1", "sightline golden 7");
    let output = lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("golden/sensitive-read.golden:1"), "{}", stderr(&output));
}

#[test]
fn no_golden_yet_is_said_and_shown() {
    let Some(_turn) = turn("input::no_golden_yet_is_said_and_shown") else { return };
    let lab = Lab::new();
    lab.forget_golden("sensitive-read");
    let output = lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&output, 1);
    assert!(stdout(&output).contains("golden bless"), "{}", stdout(&output));
    assert!(stdout(&output).contains(r#"open "/etc/shadow" read"#), "{}", stdout(&output));
}

#[test]
fn no_root_and_no_sudo() {
    let Some(_turn) = turn("input::no_root_and_no_sudo") else { return };
    let lab = Lab::new();
    open_to_all(&lab);
    let mut run = lab.run(&["--scenario", "sensitive-read"]);
    // A folder of programs without sudo.
    let bin = lab.path("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["strace", "auditd", "bpftrace", "tcpdump"] {
        std::os::unix::fs::symlink("/usr/bin/strace", bin.join(name)).unwrap();
    }
    run.env("PATH", &bin).uid(65534).gid(65534);
    let output = run.output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("no sudo"), "{}", stderr(&output));
    assert!(!lab.path("runs").exists());
}

/// Lets other users read the lab.
fn open_to_all(lab: &Lab) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(lab.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn strace_not_installed() {
    let Some(_turn) = turn("input::strace_not_installed") else { return };
    let lab = Lab::new();
    let output = lab.run(&["--scenario", "sensitive-read"]).env("PATH", "/nonexistent").output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("strace"), "{}", stderr(&output));
    assert!(stderr(&output).contains("cargo xtask setup"), "{}", stderr(&output));
}

#[test]
fn no_cgroup2() {
    let Some(_turn) = turn("input::no_cgroup2") else { return };
    let lab = Lab::new();
    // A mount namespace of its own, without the hierarchy.
    let mount = lab_env::cgroup::mount_point().unwrap();
    let run = lab.run(&["--scenario", "sensitive-read"]);
    let output = in_namespace(&format!("umount {} && exec \"$@\"", mount.display()), run).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("cgroup2"), "{}", stderr(&output));
}

#[test]
fn no_btf() {
    let Some(_turn) = turn("input::no_btf") else { return };
    let lab = Lab::new();
    let run = lab.run(&["--scenario", "sensitive-read"]);
    let script = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let output = in_namespace(script, run).output().unwrap();
    code(&output, 2);
    assert!(format!("{}{}", stdout(&output), stderr(&output)).contains("BTF"), "{}", stderr(&output));
}

#[test]
fn a_full_disk() {
    let Some(_turn) = turn("input::a_full_disk") else { return };
    let lab = Lab::new();
    let runs = lab.path("runs");
    fs::create_dir(&runs).unwrap();
    let run = lab.run(&["--scenario", "sensitive-read"]);
    let script = format!("mount -t tmpfs -o size=64k none {} && exec \"$@\"", runs.display());
    let output = in_namespace(&script, run).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);
}

/// The same command after `script`, in a mount namespace of its own.
fn in_namespace(script: &str, command: std::process::Command) -> std::process::Command {
    let mut inner = std::process::Command::new("unshare");
    inner.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]);
    inner.arg(command.get_program()).args(command.get_args());
    inner
}
