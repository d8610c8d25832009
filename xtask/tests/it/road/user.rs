//! An ordinary user with sudo gets the same, and root leaves nothing in their folder.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
};

use super::{Lab, code, program, stdout, turn};

#[test]
fn the_same_and_no_file_belongs_to_root() {
    let Some(_turn) = turn("user::the_same_and_no_file_belongs_to_root") else { return };
    let ready = Command::new("sudo").arg("--version").output().is_ok_and(|output| output.status.success());
    if !ready {
        println!("SKIP road::user::the_same_and_no_file_belongs_to_root: sudo is not installed");
        return;
    }
    let user = User::new();
    let lab = Lab::new();
    // The user's own copies: the checkout may lie where only root can go.
    let bin = lab.path("bin");
    fs::create_dir(&bin).unwrap();
    let xtask = bin.join("xtask");
    fs::copy(env!("CARGO_BIN_EXE_xtask"), &xtask).unwrap();
    for name in ["lab-actor", "lab-probe"] {
        fs::copy(program(name), bin.join(name)).unwrap();
    }
    give(lab.dir.path(), user.uid);
    let as_user = |words: &[&str], program: &[&str]| {
        let mut command = Command::new("sudo");
        command.args(["-u", user.name, "--", "env", "NO_COLOR=1"]);
        command.arg(format!("CARGO_MANIFEST_DIR={}", lab.path("xtask").display()));
        command.arg(&xtask).arg("--lab").arg(lab.dir.path()).args(words).arg("--no-install");
        command.arg("--actor").arg(bin.join("lab-actor")).arg("--probe").arg(bin.join("lab-probe"));
        command.args(program).current_dir(lab.dir.path()).output().unwrap()
    };
    let output = as_user(&["lab", "run"], &[]);
    code(&output, 0);
    assert!(stdout(&output).contains("shell-spawn"));
    let golden = lab.path("golden/sensitive-read.golden");
    lab.forget_golden("sensitive-read");
    code(&as_user(&["golden", "bless", "host", "sensitive-read", "--runs", "2"], &[]), 0);
    assert!(golden.exists(), "nothing was blessed");
    // A program of the user's own stays the user's: its ids, its groups, its environment, what it writes.
    let show = "id -u; id -g; id -G; echo \"$HOME\"; echo x >\"$TMPDIR/x\" && echo y >y";
    let output = as_user(&["lab", "observe", "--name", "show"], &["--", "sh", "-c", show]);
    code(&output, 1);
    let uid = user.uid;
    assert_eq!(stdout(&output), format!("{uid}\n{uid}\n{uid}\n/home/sightline-test\n"));
    code(&as_user(&["lab", "observe", "--name", "show"], &["--", "sh", "-c", "exit 0"]), 1);
    let foreign = foreign(lab.dir.path(), user.uid);
    assert!(foreign.is_empty(), "not the user's: {foreign:?}");
}

/// A user made for the test, who may use sudo without a password.
struct User {
    name: &'static str,
    uid: u32,
}

const SUDOERS: &str = "/etc/sudoers.d/sightline-test";

impl User {
    fn new() -> Self {
        let name = "sightline-test";
        run("useradd", &["--no-create-home", "--shell", "/bin/sh", name]);
        fs::write(SUDOERS, format!("{name} ALL=(ALL) NOPASSWD: ALL\n")).unwrap();
        let uid = nix::unistd::User::from_name(name).unwrap().unwrap().uid.as_raw();
        Self { name, uid }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        fs::remove_file(SUDOERS).unwrap();
        run("userdel", &[self.name]);
    }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
}

fn give(path: &Path, uid: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), uid);
        }
    }
}

/// Everything below `path` that belongs to somebody else.
fn foreign(path: &Path, uid: u32) -> Vec<String> {
    let mut found = Vec::new();
    if fs::symlink_metadata(path).unwrap().uid() != uid {
        found.push(path.display().to_string());
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(foreign(&entry.unwrap().path(), uid));
        }
    }
    found
}
