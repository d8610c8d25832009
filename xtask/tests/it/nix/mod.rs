//! The flake, evaluated by Nix for both systems against stand-ins of its inputs. Nothing is built and nothing is fetched.

mod evaluate;
mod kernels;
mod lint;
mod shell;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use crate::tree::{none, root, tracked};

/// What the flake reads of the project when it is evaluated.
const READ: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "bpf/",
    "flake.lock",
    "flake.nix",
    "golden/",
    "nix/",
    "pins.toml",
    "profiles/",
    "scenarios/",
];

/// A copy of the flake, with a store of its own.
struct Flake {
    dir: tempfile::TempDir,
    /// Nix 2.16 or later
    is_newer: bool,
}

impl Flake {
    /// `None` where there is no Nix, after saying so.
    fn new(test: &str) -> Option<Self> {
        let Ok(version) = Command::new("nix").arg("--version").output() else {
            println!("SKIP nix::{test}: Nix is not installed");
            return None;
        };
        // `nix (Nix) 2.8.0`
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let mut numbers =
            version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let flake = Self { dir: tempfile::tempdir().unwrap(), is_newer: version >= (2, 16) };
        for file in tracked().iter().filter(|file| READ.iter().any(|read| file.path.starts_with(read))) {
            let to = flake.file(&file.path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root().join(&file.path), to).unwrap();
        }
        fs::create_dir_all(flake.dir.path().join("conf")).unwrap();
        // The folder is there in a clone, and the flake copies it.
        fs::create_dir_all(flake.file("rules")).unwrap();
        Some(flake)
    }

    fn file(&self, below: &str) -> PathBuf {
        self.dir.path().join("flake").join(below)
    }

    /// Replaces a piece of a file that stands there.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(file)).unwrap();
        assert!(text.contains(from), "{file} should hold {from:?}");
        fs::write(self.file(file), text.replacen(from, to, 1)).unwrap();
    }

    /// `nix ARGS` about the flake, which `{flake}` in an argument stands for.
    fn nix(&self, args: &[&str]) -> Output {
        let place = |name: &str| self.dir.path().join(name);
        let flake = format!("path:{}", self.file("").display());
        let mut command = Command::new("nix");
        command.args(args.iter().map(|arg| arg.replace("{flake}", flake.trim_end_matches('/'))));
        command
            .args(["--offline", "--no-write-lock-file"])
            .env(
                "NIX_CONFIG",
                "experimental-features = nix-command flakes\nsubstituters =\nbuild-users-group =\n",
            )
            .env("NIX_STORE_DIR", place("store"))
            .env("NIX_STATE_DIR", place("state"))
            .env("NIX_LOCALSTATE_DIR", place("state"))
            .env("NIX_LOG_DIR", place("log"))
            .env("NIX_CONF_DIR", place("conf"))
            .env("HOME", place("home"))
            .env_remove("XDG_CACHE_HOME")
            .env_remove("NIX_PATH");
        command.output().unwrap()
    }

    /// The same, with the stand-ins as inputs.
    fn with_stubs(&self, args: &[&str]) -> Output {
        let stub =
            |name: &str| format!("path:{}", root().join("xtask/tests/it/nix/stub").join(name).display());
        let inputs = ["nixpkgs", "rust-overlay", "crane"].map(|name| (name, stub(name)));
        let mut all = args.to_vec();
        // Newer ones evaluate only their own system unless they are told to; older ones do not know the word.
        if self.is_newer && matches!(args, ["flake", "check" | "show", ..]) {
            all.push("--all-systems");
        }
        for (name, path) in &inputs {
            all.extend(["--override-input", name, path]);
        }
        self.nix(&all)
    }

    fn check(&self) -> Output {
        self.with_stubs(&["flake", "check", "--no-build", "{flake}"])
    }

    /// What an expression about an output gives, as JSON.
    fn eval(&self, output: &str, apply: &str) -> serde_json::Value {
        let output = self.with_stubs(&["eval", "--json", &format!("{{flake}}#{output}"), "--apply", apply]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_file_says_what_it_is_for() {
    let nix = tracked().into_iter().filter(|file| file.path.ends_with(".nix"));
    let mute = nix.filter(|file| !file.text.starts_with("# ")).map(|file| file.path);
    none("a Nix file begins with a comment that says what it is for", &mute.collect::<Vec<_>>());
}
