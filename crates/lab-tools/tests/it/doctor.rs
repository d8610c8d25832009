//! Each thing that can be missing gives its cause and its remedy.

use std::collections::HashSet;
use std::path::Path;

use lab_tools::{Options, State, doctor};

use crate::machine::Machine;

/// Asserts on the state and on words of found, cause and remedy.
#[track_caller]
fn expect(machine: &Machine, name: &str, state: State, found: &str, cause: &str, remedy: &str) {
    let row = machine.row(name);
    assert_eq!(row.state, state, "{row:?}");
    assert!(row.found.contains(found), "{row:?}");
    assert!(row.cause.as_deref().unwrap_or("").contains(cause), "{row:?}");
    assert!(row.remedy.as_deref().unwrap_or("").contains(remedy), "{row:?}");
}

#[test]
fn a_healthy_machine_has_no_causes() {
    let machine = Machine::healthy();
    let kernel = [
        "kernel",
        "btf",
        "tracefs",
        "cgroup2",
        "root",
        "capabilities",
        "lockdown",
        "fanotify",
        "strace",
        "auditd",
        "bpftrace",
        "tcpdump",
    ];
    for name in kernel {
        let row = machine.row(name);
        assert_eq!((row.state, &row.cause, &row.remedy), (State::Ok, &None, &None), "{row:?}");
    }
    assert_eq!(machine.row("cgroup2").found, "/sys/fs/cgroup");
    assert!(machine.row("strace").found.starts_with("6.1 ("));
}

#[test]
fn the_machine_at_hand_gets_every_row_once_with_a_remedy_for_what_is_not_well() {
    let options = Options {
        root: "/".into(),
        path: std::env::var_os("PATH").unwrap(),
        clone: Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned(),
        tools: "/nonexistent".into(),
        runs: "/".into(),
        cargo: "/".into(),
        pins: lab_model::Pins::default(),
    };
    let rows = doctor(&options);
    let names: HashSet<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    for row in rows {
        let is_ok = row.state == State::Ok;
        assert_eq!((row.cause.is_none(), row.remedy.is_none()), (is_ok, is_ok), "{row:?}");
    }
}

#[test]
fn kernel() {
    let machine = Machine::healthy();
    machine.file("/proc/sys/kernel/osrelease", "5.15.0-91-generic\n");
    expect(
        &machine,
        "kernel",
        State::Degraded,
        "Linux 5.15.0-91-generic",
        "older than 6.1",
        "apt-get install",
    );
    machine.file("/proc/sys/kernel/osrelease", "6.1.0\n");
    expect(&machine, "kernel", State::Ok, "6.1.0", "", "");
    machine.file("/proc/sys/kernel/osrelease", "who knows\n");
    expect(&machine, "kernel", State::Degraded, "who knows", "not a number", "uname -r");
}

#[test]
fn btf() {
    let machine = Machine::healthy();
    machine.remove("/sys/kernel/btf/vmlinux");
    let cause = "built without CONFIG_DEBUG_INFO_BTF";
    expect(
        &machine,
        "btf",
        State::Missing,
        "no /sys/kernel/btf/vmlinux",
        cause,
        "apt-get install linux-image-amd64",
    );
    machine.file("/sys/kernel/btf/vmlinux", "junk");
    expect(&machine, "btf", State::Missing, "unreadable", "magic number", "bpftool");
}

#[test]
fn mounts() {
    let machine = Machine::healthy();
    machine.file("/proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
    expect(&machine, "cgroup2", State::Missing, "not mounted", "nobody mounted it", "cargo xtask setup");
    expect(&machine, "tracefs", State::Missing, "not mounted", "nobody mounted it", "cargo xtask setup");
    machine.file("/proc/filesystems", "nodev\tproc\n");
    expect(&machine, "cgroup2", State::Missing, "not mounted", "without CONFIG_CGROUPS", "/boot/config-");
    expect(&machine, "tracefs", State::Missing, "not mounted", "without CONFIG_TRACING", "/boot/config-");
    machine.file("/proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n");
    expect(&machine, "cgroup2", State::Ok, "/sys/fs/cgroup/unified", "", "");
    machine.file("/proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup ro,nosuid - cgroup2 none rw\n");
    expect(&machine, "cgroup2", State::Missing, "read-only", "none can be made", "remount,rw /sys/fs/cgroup");
}

#[test]
fn lockdown() {
    let machine = Machine::healthy();
    machine.file("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    let cause = "refuses programs that read its memory";
    expect(&machine, "lockdown", State::Missing, "confidentiality", cause, "lockdown=integrity");
    machine.file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    expect(&machine, "lockdown", State::Ok, "integrity", "", "");
}

#[test]
fn root_and_sudo() {
    let machine = Machine::healthy();
    let user = "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0\nCapBnd:\t000001ffffffffff\n";
    machine.file("/proc/self/status", user);
    expect(&machine, "root", State::Missing, "without sudo", "need root", "apt-get install sudo");
    machine.script("sudo", "exit 1");
    expect(&machine, "root", State::Degraded, "with a password", "ask on a terminal", "sudo -v");
    machine.script("sudo", "exit 0");
    expect(&machine, "root", State::Ok, "without a password", "", "");
    // Through sudo it is the bounding set that counts.
    expect(&machine, "capabilities", State::Ok, "all that matter", "", "");
}

#[test]
fn capabilities() {
    let machine = Machine::healthy();
    // All but SYS_RESOURCE (24): not needed.
    machine.file("/proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001fffeffffff\n");
    expect(&machine, "capabilities", State::Ok, "without SYS_RESOURCE", "", "");
    // What Docker gives by default.
    machine.file("/proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\n");
    let (found, cause) = ("not NET_ADMIN, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF", "probe need BPF");
    expect(&machine, "capabilities", State::Missing, found, cause, "--cap-add=PERFMON --cap-add=BPF");
    machine.file("/proc/self/status", "Uid:\t0\t0\t0\t0\n");
    expect(&machine, "capabilities", State::Degraded, "unknown", "no CapEff", "grep Cap");
}

#[test]
fn fanotify() {
    let machine = Machine::healthy();
    std::fs::remove_dir_all(machine.options.root.join("proc/sys/fs/fanotify")).unwrap();
    expect(
        &machine,
        "fanotify",
        State::Missing,
        "no /proc/sys/fs/fanotify",
        "CONFIG_FANOTIFY",
        "grep FANOTIFY",
    );
}

#[test]
fn strace() {
    let machine = Machine::healthy();
    machine.file("/proc/sys/kernel/yama/ptrace_scope", "3\n");
    expect(&machine, "strace", State::Missing, "installed", "nobody may trace", "ptrace_scope");
    machine.file("/proc/sys/kernel/yama/ptrace_scope", "1\n");
    machine.script("strace", "echo broken >&2; exit 127");
    expect(&machine, "strace", State::Missing, "strace", "exit status 127:\nbroken", "--reinstall strace");
    machine.no_program("strace");
    expect(&machine, "strace", State::Missing, "not installed", "profile host", "cargo xtask setup");
    machine.no_program("auditctl");
    expect(&machine, "auditd", State::Missing, "not installed", "profile host", "cargo xtask setup");
}

#[test]
fn toolchains() {
    let machine = Machine::healthy();
    expect(&machine, "rust", State::Missing, "not installed", "built from source", "rustup");
    expect(&machine, "static-link", State::Missing, "does not work", "static programs", "cargo xtask setup");
    machine.script("rustc", "echo 'rustc 1.80.1 (0 2024-01-01)'");
    expect(&machine, "rust", State::Missing, "rustc 1.80.1", "older than 1.95", "rustup update");
    machine.script("rustc", "echo 'rustc 1.95.0 (0 2026-01-01)'");
    expect(&machine, "rust", State::Ok, "rustc 1.95.0", "", "");
    let cause = "debian: rustc-web, cargo-web or libstd-rust-web-dev-bpf is not installed";
    expect(&machine, "ebpf-toolchain", State::Degraded, "none", cause, "cargo xtask setup --dev");
}
