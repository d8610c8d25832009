//! What set-up plans and does; a plan on a machine that has all is empty, and a failed step leaves nothing.

use lab_tools::setup::{Needs, Step, plan_setup, run_step};

use crate::machine::Machine;

const STRACE: Needs = Needs { strace: true, ..Needs::NONE };
const MOUNTS: Needs = Needs { mounts: true, strace: false, ..STRACE };
const TOOLCHAIN: Needs = Needs { ebpf_toolchain: true, strace: false, ..STRACE };

fn plan(machine: &Machine, needs: Needs) -> Vec<Step> {
    plan_setup(&machine.options, needs).unwrap()
}

fn run(machine: &Machine, step: &Step) -> (Result<(), String>, Vec<String>) {
    let mut lines = Vec::new();
    let result = run_step(&machine.options, step, &mut |line| lines.push(line.to_owned()));
    (result.map_err(|error| error.to_string()), lines)
}

#[test]
fn nothing_is_planned_where_nothing_is_missing() {
    let machine = Machine::healthy();
    assert_eq!(plan(&machine, STRACE), []);
    assert_eq!(plan(&machine, MOUNTS), []);
}

#[test]
fn a_package_is_installed_once_and_then_no_more() {
    let machine = Machine::healthy();
    machine.no_program("strace");
    let bin = machine.options.path.to_str().unwrap();
    machine.script("apt-get", &format!("echo \"$@\" >>$LOG; echo fetching; cp /bin/true {bin}/strace"));
    let steps = plan(&machine, STRACE);
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!((step.name.as_str(), step.how.as_str()), ("packages strace", "apt-get install strace"));
    assert!(step.as_root);
    assert_eq!(run(&machine, step), (Ok(()), vec!["fetching".to_owned()]));
    assert_eq!(machine.log(), ["-o DPkg::Lock::Timeout=300 install --yes --no-install-recommends strace"]);
    assert_eq!(plan(&machine, STRACE), []);
}

#[test]
fn what_only_tests_need_is_planned_for_them_alone() {
    let machine = Machine::healthy();
    assert_eq!(plan(&machine, STRACE), []);
    let steps = plan(&machine, Needs { sudo: true, mmdebstrap: true, shellcheck: true, nix: true, ..STRACE });
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(step.name, "packages sudo mmdebstrap shellcheck nix-bin");
    machine.script("mmdebstrap", "");
    assert_eq!(plan(&machine, Needs { mmdebstrap: true, ..STRACE }), []);
}

#[test]
fn a_browser_is_planned_where_there_is_a_package_of_one() {
    let machine = Machine::healthy();
    let reports = || plan(&machine, Needs { reports: true, ..STRACE });
    assert_eq!(reports()[0].name, "packages chromium libxml2-utils");
    machine.script("google-chrome", "");
    assert_eq!(reports()[0].name, "packages libxml2-utils");
    machine.script("xmllint", "");
    assert_eq!(reports(), []);
    machine.no_program("google-chrome");
    assert_eq!(reports()[0].name, "packages chromium");
    machine.file("/etc/os-release", "ID=ubuntu\nID_LIKE=debian\n");
    assert_eq!(reports(), [], "there it is a snap");
}

#[test]
fn lists_are_fetched_when_there_are_none() {
    let machine = Machine::healthy();
    machine.no_program("strace");
    machine.remove("/var/lib/apt/lists/x_Packages");
    machine.script("apt-get", "echo \"$3\" >>$LOG");
    run(&machine, &plan(&machine, STRACE)[0]).0.unwrap();
    assert_eq!(machine.log(), ["update", "install"]);
}

#[test]
fn lists_are_fetched_once_when_installing_fails() {
    let machine = Machine::healthy();
    machine.no_program("strace");
    machine.script(
        "apt-get",
        "echo \"$3\" >>$LOG; test \"$3\" = update || { echo E: no such package; exit 100; }",
    );
    let error = run(&machine, &plan(&machine, STRACE)[0]).0.unwrap_err();
    assert_eq!(machine.log(), ["install", "update", "install"]);
    assert!(error.contains("install --yes --no-install-recommends strace`"), "{error}");
    assert!(error.ends_with("exit status 100:\nE: no such package"), "{error}");
}

#[test]
fn another_distribution_is_told_what_to_install() {
    let machine = Machine::healthy();
    machine.file("/etc/os-release", "ID=fedora\nPRETTY_NAME=\"Fedora Linux 43\"\n");
    assert_eq!(plan(&machine, STRACE), [], "nothing is missing, so nothing is wrong");
    machine.no_program("strace");
    let error = plan_setup(&machine.options, STRACE).unwrap_err().to_string();
    assert_eq!(
        error,
        "install strace on Fedora Linux 43: only Debian and Ubuntu are known; install by hand what gives these Debian \
         packages: strace"
    );
    machine.file("/etc/os-release", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
    assert_eq!(plan(&machine, STRACE).len(), 1);
}

#[test]
fn without_root_and_sudo_the_command_is_named() {
    let machine = Machine::healthy();
    machine.no_program("strace");
    machine.file("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n");
    let steps = plan(&machine, STRACE);
    assert_eq!(steps[0].how, "sudo apt-get install strace");
    let error = run_step(&machine.options, &steps[0], &mut |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "become root for `env`: not root, and there is no sudo");
    assert_eq!(error.hint(), Some("sudo -v"));
}

#[test]
fn what_is_not_mounted_is_planned_where_it_belongs() {
    let machine = Machine::healthy();
    machine.file("/proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
    let how: Vec<_> = plan(&machine, MOUNTS).into_iter().map(|step| step.how).collect();
    assert_eq!(
        how,
        ["mount -t tracefs tracefs /sys/kernel/tracing", "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"]
    );
    machine.file("/proc/filesystems", "nodev\tproc\n");
    assert_eq!(plan(&machine, MOUNTS), [], "what the kernel does not know can't be mounted");
}

#[test]
fn a_mount_made_meanwhile_is_not_made_again() {
    let machine = Machine::healthy();
    let mounted =
        "2 0 0:2 / /sys/kernel/tracing rw - tracefs tracefs rw\n1 0 0:1 / /sys/fs/cgroup rw - cgroup2 c rw\n";
    machine.file("/proc/self/mountinfo", "");
    machine.script("mount", "echo \"$@\" >>$LOG");
    let steps = plan(&machine, MOUNTS);
    machine.file("/proc/self/mountinfo", mounted);
    for step in &steps {
        run(&machine, step).0.unwrap();
    }
    assert_eq!(machine.log(), Vec::<String>::new());
}

#[test]
fn a_linker_that_does_not_build_leaves_nothing() {
    let machine = Machine::healthy();
    let steps = plan(&machine, TOOLCHAIN);
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    let packages = "packages rustc-web cargo-web libstd-rust-web-dev-bpf llvm-22-dev g++";
    assert_eq!(names, [packages, "bpf-linker 0.13.0"]);
    assert!(!steps[1].as_root, "built as the user");
    // Gets far: writes into the folder it was told, then fails.
    machine.script(
        "cargo",
        "while [ \"$1\" != --root ]; do shift; done; mkdir -p $2/bin; echo half >$2/bin/bpf-linker; exit 101",
    );
    let error = run(&machine, &steps[1]).0.unwrap_err();
    assert!(error.contains("exit status 101"), "{error}");
    assert_eq!(std::fs::read_dir(&machine.options.tools).unwrap().count(), 0);
    // Builds something that does not run.
    let broken = "while [ \"$1\" != --root ]; do shift; done; mkdir -p $2/bin; echo half >$2/bin/bpf-linker";
    machine.script("cargo", broken);
    run(&machine, &steps[1]).0.unwrap_err();
    assert_eq!(std::fs::read_dir(&machine.options.tools).unwrap().count(), 0);
}

#[test]
fn a_built_linker_is_moved_to_its_place_and_planned_no_more() {
    let machine = Machine::healthy();
    machine.script(
        "cargo",
        "while [ \"$1\" != --root ]; do shift; done; mkdir -p $2/bin; printf '#!/bin/sh\\necho bpf-linker 0.13.0\\n' \
         >$2/bin/bpf-linker; chmod 755 $2/bin/bpf-linker; echo built >>$LOG",
    );
    let linker = plan(&machine, TOOLCHAIN).pop().unwrap();
    let cache = machine.options.cargo.join("registry/cache/registry-1");
    std::fs::create_dir_all(&cache).unwrap();
    // Cargo kept nothing, or something else than what is pinned.
    let error = run(&machine, &linker).0.unwrap_err();
    assert!(error.contains("kept no bpf-linker-0.13.0.crate"), "{error}");
    std::fs::write(cache.join("bpf-linker-0.13.0.crate"), "another").unwrap();
    let error = run(&machine, &linker).0.unwrap_err();
    assert!(error.contains("is pinned"), "{error}");
    assert_eq!(std::fs::read_dir(&machine.options.tools).unwrap().count(), 0);

    std::fs::write(cache.join("bpf-linker-0.13.0.crate"), "crate").unwrap();
    run(&machine, &linker).0.unwrap();
    let folders: Vec<_> =
        std::fs::read_dir(&machine.options.tools).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(folders, ["bpf-linker-0.13.0-llvm22"]);
    run(&machine, &linker).0.unwrap();
    assert_eq!(machine.log(), ["built"; 3], "built again");
    assert_eq!(plan(&machine, TOOLCHAIN).len(), 1, "the packages are still missing, the linker is not");
}

#[test]
fn duckdb_is_made_whole_or_not_at_all() {
    const DUCKDB: Needs = Needs { duckdb: true, ..Needs::NONE };
    let machine = Machine::healthy();
    let names: Vec<_> = plan(&machine, DUCKDB).into_iter().map(|step| step.name).collect();
    assert_eq!(names, ["packages python3-venv", "DuckDB 2.0.1"]);

    // A Python whose environments hold a Python that does what it is told, and keeps a note of it.
    let python = r#"case "$*" in
        "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
        "-m pip "*) for last; do :; done; cat "$last" >>$LOG; test ! -e "$LOG.offline";;
        esac"#;
    machine.script("python3", python);
    let steps = plan(&machine, DUCKDB);
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(!step.as_root);
    let offline = machine.options.tools.with_file_name("log.offline");
    std::fs::write(&offline, "").unwrap();
    let error = run(&machine, step).0.unwrap_err();
    assert!(error.contains("pip install"), "{error}");
    assert_eq!(std::fs::read_dir(&machine.options.tools).unwrap().count(), 0, "nothing is left");
    assert_eq!(lab_tools::duckdb(&machine.options), None);

    std::fs::remove_file(offline).unwrap();
    run(&machine, step).0.unwrap();
    assert!(lab_tools::duckdb(&machine.options).is_some());
    assert_eq!(plan(&machine, DUCKDB), []);
    let asked = machine.log().pop().unwrap();
    assert!(asked.starts_with("duckdb==2.0.1 "), "{asked}");
    assert!(asked.ends_with(" --hash=sha256:aa --hash=sha256:bb"), "{asked}");
}
