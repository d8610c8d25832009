//! The whole road on the real kernel: `lab run` and what follows from it, as a person would call it.

mod action;
mod bless;
mod calls;
mod changed;
mod compare;
mod costs;
mod evidence;
mod image;
mod input;
mod killed;
mod loaded;
mod matrix;
mod observe;
mod other;
mod poller;
mod query;
mod release;
mod rules;
mod shuffled;
mod stability;
mod stages;
mod state;
mod terminal;
mod user;
mod vm;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, MutexGuard, OnceLock},
};

use serde_json::Value;

/// One at a time: some of these look at everything that the machine holds.
static TURN: Mutex<()> = Mutex::new(());

/// The turn of a test, or the reason why it cannot run here.
fn turn(test: &str) -> Option<MutexGuard<'static, ()>> {
    let reason = if !nix::unistd::geteuid().is_root() {
        "it needs root"
    } else if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        "this kernel has no BTF"
    } else if lab_env::cgroup::mount_point().is_err() {
        "there is no cgroup2 here"
    } else {
        return Some(TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    };
    println!("SKIP road::{test}: {reason}");
    None
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the checkout")
}

/// Actor, sensors and liar, built once for all tests.
fn programs() -> &'static [(String, PathBuf)] {
    static PROGRAMS: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let built = lab_tools::build_static(checkout(), &["lab-act", "lab-poll", "lab-probe"], &mut |_| {});
        built.expect("the programs build").into_iter().map(|binary| (binary.name, binary.path)).collect()
    })
}

fn program(name: &str) -> &'static Path {
    &programs().iter().find(|(known, _)| known == name).expect("it was built").1
}

/// Puts `xtask`, actor, poller and probe in a folder, for systems and places that do not see the checkout.
fn copied_programs(folder: &Path) {
    fs::copy(env!("CARGO_BIN_EXE_xtask"), folder.join("xtask")).unwrap();
    for name in ["lab-actor", "lab-poll", "lab-probe"] {
        fs::copy(program(name), folder.join(name)).unwrap();
    }
}

/// A lab of its own: a copy of profiles, scenarios and goldens, to change at will.
struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["profiles", "scenarios", "golden", "rules"] {
            copy(&checkout().join(folder), &lab.path(folder));
        }
        fs::copy(checkout().join("pins.toml"), lab.path("pins.toml")).unwrap();
        lab
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// Replaces a piece of a file that stands there once.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file} should hold {from:?} once:\n{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// Takes a scenario's golden away, with what changes it in machines.
    fn forget_golden(&self, scenario: &str) {
        for name in [format!("golden/{scenario}.golden"), format!("golden/{scenario}@vm.golden")] {
            fs::remove_file(self.path(&name)).unwrap();
        }
    }

    fn xtask(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--lab").arg(self.dir.path()).args(args).env("NO_COLOR", "1").env_remove("CI");
        command
    }

    /// `lab run` with the programs built before.
    fn run(&self, args: &[&str]) -> Command {
        self.run_with(program("lab-probe"), args)
    }

    /// `lab run` with another probe.
    fn run_with(&self, probe: &Path, args: &[&str]) -> Command {
        let mut command = self.xtask(&["lab", "run", "--no-install", "--probe"]);
        command.arg(probe);
        if !args.contains(&"--actor") {
            command.arg("--actor").arg(program("lab-actor"));
        }
        command.args(args);
        command
    }

    /// The only bundle of this lab.
    fn bundle(&self) -> PathBuf {
        let mut bundles: Vec<_> =
            fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(bundles.len(), 1, "{bundles:?}");
        bundles.remove(0)
    }
}

/// A program to be started at once. Another process writes it: were the file open for writing here, a child that another
/// thread forks meanwhile would hold it open, and nobody could execute it (ETXTBSY).
pub(crate) fn script(path: &Path, text: &str) {
    let write = "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"";
    let status = Command::new("sh").args(["-c", write, "sh"]).arg(path).arg(text).status().unwrap();
    assert!(status.success());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts on the exit code and shows everything if it is another.
#[track_caller]
fn code(output: &Output, wanted: i32) {
    assert_eq!(output.status.code(), Some(wanted), "\n{}\n{}", stdout(output), stderr(output));
}

/// The report of `lab run --json`.
#[track_caller]
fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", stdout(output), stderr(output)))
}
