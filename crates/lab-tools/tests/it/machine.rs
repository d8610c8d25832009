//! A made-up machine: a folder with /proc, /sys and /etc, and a folder of programs.

use std::fs;
use std::path::Path;
use std::process::Command;

use lab_model::{Pin, PinSource, Pins};
use lab_tools::{Options, Row};
use tempfile::TempDir;

/// The SHA-256 of `crate`.
const CRATE: &str = "f5fe331d2367a7a67ee20bd579c77b929ae49439d8b0d8e9c3b98609797b6b69";

/// What set-up installs from.
fn pins() -> Pins {
    let pin = |name: &str, version: &str, sha256: &str, source| Pin {
        name: name.into(),
        version: version.into(),
        arch: None,
        sha256: sha256.into(),
        source,
        verified: None,
        line: 1,
    };
    let wheel = |python: &str| PinSource::Wheel { python: python.into() };
    let pins = vec![
        pin("bpf-linker", "0.13.0", CRATE, PinSource::Crate),
        pin("duckdb", "2.0.1", "aa", wheel("cp311")),
        pin("duckdb", "2.0.1", "bb", wheel("cp312")),
        pin("duckdb", "1.9.9", "cc", wheel("cp312")),
    ];
    let set =
        [("bpf-linker", "0.13.0"), ("duckdb", "2.0.1")].map(|(name, version)| (name.into(), version.into()));
    Pins { pins, sets: [("host".to_owned(), set.into())].into(), sha256: String::new() }
}

pub(crate) struct Machine {
    dir: TempDir,
    pub(crate) options: Options,
}

impl Machine {
    /// A healthy machine whose programs are shell scripts.
    pub(crate) fn healthy() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let clone = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned();
        let options = Options {
            path: dir.path().join("bin").into(),
            tools: dir.path().join("tools"),
            runs: dir.path().join("runs"),
            cargo: dir.path().join("cargo"),
            pins: pins(),
            root,
            clone,
        };
        let machine = Self { dir, options };
        machine.file("/proc/sys/kernel/osrelease", "6.12.9-amd64\n");
        machine.file(
            "/proc/self/status",
            "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n",
        );
        machine.file(
            "/proc/self/mountinfo",
            "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n2 0 0:2 / /sys/kernel/tracing rw - tracefs tracefs rw\n",
        );
        machine.file("/proc/filesystems", "nodev\tcgroup2\nnodev\ttracefs\n");
        machine.file("/proc/sys/fs/fanotify/max_user_groups", "1");
        machine.file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        machine.bytes("/sys/kernel/btf/vmlinux", &[0x9f, 0xeb, 1, 0]);
        machine.file("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n");
        machine.file("/var/lib/apt/lists/x_Packages", "");
        machine.script("strace", "echo 'strace -- version 6.1'");
        machine.script("auditd", "");
        machine.script("auditctl", "echo 'auditctl version 3.0.9'");
        machine.script("bpftrace", "echo 'bpftrace v0.17.0'");
        machine.script("tcpdump", "echo 'tcpdump version 4.99.3'");
        machine
    }

    pub(crate) fn file(&self, path: &str, text: &str) {
        self.bytes(path, text.as_bytes());
    }

    pub(crate) fn bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.options.root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.options.root.join(path.trim_start_matches('/'))).unwrap();
    }

    /// A program; `$LOG` is a file that [`Machine::log`] reads.
    pub(crate) fn script(&self, name: &str, text: &str) {
        let path = self.dir.path().join("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let log = self.dir.path().join("log");
        let text = format!("#!/bin/sh\nLOG={}\n{text}\n", log.display());
        // Another process writes it: were the file open for writing here, a child that another thread forks meanwhile
        // would hold it open, and nobody could execute it (ETXTBSY).
        let write = "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"";
        let status = Command::new("sh").args(["-c", write, "sh"]).arg(&path).arg(text).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn no_program(&self, name: &str) {
        fs::remove_file(self.dir.path().join("bin").join(name)).unwrap();
    }

    pub(crate) fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn row(&self, name: &str) -> Row {
        lab_tools::doctor(&self.options).into_iter().find(|row| row.name == name).unwrap()
    }
}
