//! Virtual machines: the same road under other kernels; one that panics, one that hangs, one without BTF, one whose runner was
//! killed, and a host that has no QEMU.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use super::{Lab, checkout, code, report, stderr, turn};

/// The turn of a test, or the reason why it cannot run here.
fn turn_with_qemu(test: &str) -> Option<std::sync::MutexGuard<'static, ()>> {
    let turn = turn(test)?;
    for program in [lab_env::vm::PROGRAM, "dpkg-deb", "apt-get"] {
        if Command::new(program).arg("--version").output().is_err() {
            println!("SKIP road::{test}: there is no {program} here");
            return None;
        }
    }
    Some(turn)
}

fn init() -> &'static Path {
    static INIT: OnceLock<PathBuf> = OnceLock::new();
    INIT.get_or_init(|| {
        let built = lab_tools::build_static(checkout(), &["lab-act", "lab-probe", "lab-init"], &mut |_| {});
        let built = built.expect("the programs build");
        built.into_iter().find(|binary| binary.name == "lab-init").expect("it was built").path
    })
}

/// A lab whose profile boots these kernels.
fn lab(kernels: &str) -> Lab {
    let lab = Lab::new();
    lab.edit("profiles/11-kernels.toml", r#"kernels = ["6.1", "6.12", "7.2", "7.3"]"#, kernels);
    lab
}

fn run(lab: &Lab, scenario: &str) -> Command {
    let mut command = lab.run(&["kernels", "--json", "--scenario", scenario, "--init"]);
    command.arg(init());
    command
}

/// A scenario whose act ends the machine, one way or another.
fn fatal(lab: &Lab, command: &str) {
    let text = format!(
        "summary = \"End the machine\"\nattack = [\"T1529\"]\n\n[[act]]\nkind = \"shell\"\ncommand = {command:?}\n\n\
         [[twin]]\nkind = \"shell\"\ncommand = \"echo ${{nonce}}\"\n"
    );
    fs::write(lab.path("scenarios/fatal.toml"), text).unwrap();
    lab.edit(
        "profiles/11-kernels.toml",
        r#"scenarios = ["shell-spawn", "#,
        r#"scenarios = ["fatal", "shell-spawn", "#,
    );
}

fn manifest(lab: &Lab) -> Value {
    serde_json::from_slice(&fs::read(lab.bundle().join("manifest.json")).unwrap()).unwrap()
}

/// No machine of a bundle's series runs; its id is in the paths that QEMU is given.
#[track_caller]
fn nothing_runs(manifest: &Value) {
    let series = manifest["vm"]["series"].as_str().unwrap();
    let left: Vec<String> = machines().into_iter().filter(|line| line.contains(series)).collect();
    assert_eq!(left, [] as [&str; 0]);
}

/// The error of the stage that boots the machine, of which nothing is left.
#[track_caller]
fn trouble(lab: &Lab) -> String {
    let manifest = manifest(lab);
    let stages = manifest["stages"].as_array().unwrap();
    let vm = stages.iter().find(|stage| stage["stage"] == "vm").expect("the stage vm");
    assert_eq!(manifest["vm"]["kernel"], "6.1");
    nothing_runs(&manifest);
    vm["error"].as_str().unwrap().to_owned()
}

/// QEMU processes, by the paths on their command lines that name this machine's folders of runs.
fn machines() -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let words = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&words).replace('\0', " ");
        (line.contains("qemu-system") && line.contains("sightline")).then_some(line)
    });
    all.collect()
}

#[test]
fn two_kernels_are_as_blessed_and_their_records_come_out_whole() {
    let Some(_turn) = turn_with_qemu("vm::two_kernels_are_as_blessed_and_their_records_come_out_whole")
    else {
        return;
    };
    let lab = lab(r#"kernels = ["6.1", "6.12"]"#);
    let output = run(&lab, "sensitive-read").output().unwrap();
    code(&output, 0);
    let report = report(&output);
    let kernels: Vec<_> = report["machines"].as_array().unwrap().iter().map(|m| &m["kernel"]).collect();
    assert_eq!(kernels, ["6.1", "6.12"]);
    let matrix = report["matrix"].as_array().unwrap();
    assert_eq!(matrix.len(), 4, "an act each");
    for act in matrix {
        for sensor in ["probe", "strace", "auditd"] {
            assert_eq!(act["sensors"][sensor]["6.1"], "seen", "{act}");
            assert_eq!(act["sensors"][sensor]["6.12"], "seen", "{act}");
        }
    }
    for machine in report["machines"].as_array().unwrap() {
        let bundle = Path::new(machine["report"]["bundle"].as_str().unwrap());
        lab_store::verify(bundle, machine["report"]["head"].as_str()).unwrap();
        let console = fs::read_to_string(bundle.join("console.log")).unwrap();
        assert!(console.contains("Linux version"), "{console}");
        let manifest: Value =
            serde_json::from_slice(&fs::read(bundle.join("manifest.json")).unwrap()).unwrap();
        let release = manifest["kernel"].as_str().unwrap();
        assert!(release.starts_with(&format!("{}.", machine["kernel"].as_str().unwrap())), "{release}");
        assert_eq!(manifest["environment"], "vm");
    }
    assert_eq!(machines(), [] as [&str; 0]);
}

#[test]
fn a_machine_that_panics_is_trouble_and_what_it_had_recorded_is_kept() {
    let Some(_turn) = turn_with_qemu("vm::a_machine_that_panics_is_trouble_and_what_it_had_recorded_is_kept")
    else {
        return;
    };
    let lab = lab(r#"kernels = ["6.1"]"#);
    fatal(&lab, "echo c >/proc/sysrq-trigger");
    let output = run(&lab, "fatal").output().unwrap();
    code(&output, 2);
    let why = trouble(&lab);
    assert!(why.starts_with("come to its end: the kernel panicked: sysrq triggered crash"), "{why}");
    let console = fs::read_to_string(lab.bundle().join("console.log")).unwrap();
    assert!(console.contains("Kernel panic - not syncing: sysrq triggered crash"), "{console}");
    lab_store::verify(&lab.bundle(), None).unwrap();
}

#[test]
fn a_machine_that_hangs_is_trouble() {
    let Some(_turn) = turn_with_qemu("vm::a_machine_that_hangs_is_trouble") else { return };
    let lab = lab(r#"kernels = ["6.1"]"#);
    lab.edit("profiles/11-kernels.toml", r#"timeout = "8m""#, r#"timeout = "90s""#);
    // The runner inside is stopped, and nothing in the machine ever goes on.
    fatal(&lab, "cd /proc; for p in [0-9]*; do read n <$p/comm; [ $n = init ] && kill -STOP $p; done");
    let output = run(&lab, "fatal").output().unwrap();
    code(&output, 2);
    let why = trouble(&lab);
    assert!(
        why.starts_with("come to its end: it did not end within 90s; its last words: fatal pass 1: exercise"),
        "{why}"
    );
    assert!(lab.bundle().join("console.log").is_file());
}

/// A first process that hides the kernel's types, and then is lab-init. The guest only looks like one without BTF: every kernel
/// that is pinned has it.
fn init_that_hides_btf(lab: &Lab) -> PathBuf {
    let source = r#"
        #include <sys/mount.h>
        #include <sys/stat.h>
        #include <unistd.h>
        int main(int argc, char **argv, char **envp) {
            const char *init = "/sightline/lab/profiles/lab-init";
            mkdir("/sys", 0755);
            if (mount("sysfs", "/sys", "sysfs", 0, "") || mount("none", "/sys/kernel/btf", "tmpfs", 0, "")) return 1;
            chmod(init, 0755);
            return execve(init, argv, envp);
        }"#;
    // The whole folder comes into the machine.
    fs::copy(init(), lab.path("profiles/lab-init")).unwrap();
    let (file, program) = (lab.path("hide.c"), lab.path("hide"));
    fs::write(&file, source).unwrap();
    let built = Command::new("cc").arg("-static").arg("-o").arg(&program).arg(&file).output().unwrap();
    assert!(built.status.success(), "{}", stderr(&built));
    program
}

#[test]
fn a_guest_without_btf_is_trouble_and_says_what_to_do() {
    let Some(_turn) = turn_with_qemu("vm::a_guest_without_btf_is_trouble_and_says_what_to_do") else {
        return;
    };
    let lab = lab(r#"kernels = ["6.1"]"#);
    let init = init_that_hides_btf(&lab);
    let mut run = lab.run(&["kernels", "--scenario", "sensitive-read", "--init"]);
    let output = run.arg(init).output().unwrap();
    code(&output, 2);
    let said = super::stdout(&output);
    for piece in [
        "pass 1: attach: probe@vm: failed to read the kernel's types at /sys/kernel/btf/vmlinux: No such file",
        "it needs CONFIG_DEBUG_INFO_BTF: boot a kernel that has it, as those of Debian and Ubuntu have",
        // The other pass needs no types.
        "probe   strace  auditd  tcpdump",
        "absent  seen    absent  absent",
        "trouble (exit code 2)",
    ] {
        assert!(said.contains(piece), "{piece:?} is not in\n{said}");
    }
    lab_store::verify(&lab.bundle(), None).unwrap();
    nothing_runs(&manifest(&lab));
}

#[test]
fn without_qemu_it_is_named_with_the_remedy() {
    let Some(_turn) = turn("vm::without_qemu_it_is_named_with_the_remedy") else { return };
    let lab = lab(r#"kernels = ["6.1"]"#);
    let mut run = lab.run(&["kernels", "--init"]);
    let output = run.arg("/bin/true").env("PATH", "/nonexistent").output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("qemu-system-x86"), "{}", stderr(&output));
    assert!(stderr(&output).contains("cargo xtask setup"), "{}", stderr(&output));
    assert!(!lab.path("runs").exists());
}

#[test]
fn a_killed_runner_leaves_nothing_that_lab_down_does_not_take() {
    let Some(_turn) = turn_with_qemu("vm::a_killed_runner_leaves_nothing_that_lab_down_does_not_take") else {
        return;
    };
    let lab = lab(r#"kernels = ["6.1"]"#);
    let mut runner = run(&lab, "shell-spawn").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(runner.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "linux 6.1: booting"));
    // It is told before QEMU is started.
    let began = std::time::Instant::now();
    while machines().is_empty() {
        assert!(began.elapsed().as_secs() < 60, "no machine was started");
        std::thread::yield_now();
    }
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert_eq!(machines().len(), 1, "QEMU outlives a runner that was killed");
    let down = lab.xtask(&["lab", "down"]).output().unwrap();
    code(&down, 0);
    assert_eq!(machines(), [] as [&str; 0], "{}", stderr(&down));
    assert!(!fs::read_dir(lab.path("runs")).is_ok_and(|mut runs| runs.next().is_some()));
}
