//! Rows about programs: what users need and what only developers do.

use std::process::Command;

use crate::bpf::{self, PrebuiltState};
use crate::{Error, Options, Row, process};

pub(super) fn strace(options: &Options) -> Row {
    let (name, needed_by) = ("strace", "strace");
    let Some(program) = options.program(name) else { return absent(name) };
    // 3 of Yama: no process may attach to another until the next boot, root neither.
    if options.text("/proc/sys/kernel/yama/ptrace_scope").is_some_and(|scope| scope.trim() == "3") {
        let cause = "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot";
        return Row::missing(
            name,
            needed_by,
            "installed",
            cause,
            "grep -r ptrace_scope /etc/sysctl.d, then reboot",
        );
    }
    said(name, &program, "-V")
}

pub(super) fn auditd(options: &Options) -> Row {
    let name = "auditd";
    match (options.program_of_root(name), options.program_of_root("auditctl")) {
        (Some(_), Some(auditctl)) => said(name, &auditctl, "-v"),
        _ => absent(name),
    }
}

/// One that only says its version.
pub(super) fn plain(options: &Options, name: &'static str) -> Row {
    options.program_of_root(name).map_or_else(|| absent(name), |program| said(name, &program, "--version"))
}

fn absent(name: &'static str) -> Row {
    let cause = format!("the sensor {name} is part of the profile host");
    Row::missing(name, name, "not installed", cause, "cargo xtask setup")
}

/// A sensor's program by the version that it tells.
fn said(name: &'static str, program: &std::path::Path, asked: &str) -> Row {
    match process::text(Command::new(program).arg(asked)) {
        Ok(said) => {
            let version = said.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or("");
            Row::ok(name, name, format!("{version} ({})", program.display()))
        }
        Err(error) => {
            let remedy = format!("sudo apt-get install --reinstall {name}");
            Row::missing(name, name, program.display().to_string(), error.to_string(), remedy)
        }
    }
}

pub(super) fn rust(options: &Options) -> Row {
    let (name, needed_by) = ("rust", "every run");
    let Some(rustc) = options.program("rustc") else {
        let cause = "the lab's programs are built from source";
        return Row::missing(name, needed_by, "not installed", cause, "rustup toolchain install stable");
    };
    let version = match process::text(Command::new(rustc).arg("--version").current_dir(&options.clone)) {
        Ok(version) => version,
        Err(error) => {
            let remedy = "rustup toolchain install stable";
            return Row::missing(name, needed_by, "not working", error.to_string(), remedy);
        }
    };
    let wanted = minimum_rust(options);
    match (numbers(version.split(' ').nth(1).unwrap_or("")), wanted.as_deref().and_then(numbers)) {
        (Some(have), Some(least)) if have < least => {
            let cause = format!("older than {}, which Cargo.toml asks for", wanted.unwrap_or_default());
            Row::missing(name, needed_by, version, cause, "rustup update stable")
        }
        _ => Row::ok(name, needed_by, version),
    }
}

/// `rust-version` of the workspace.
fn minimum_rust(options: &Options) -> Option<String> {
    let manifest = std::fs::read_to_string(options.clone.join("Cargo.toml")).ok()?;
    let value = manifest.lines().find_map(|line| line.strip_prefix("rust-version")?.split('"').nth(1))?;
    Some(value.to_owned())
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub(super) fn static_link(options: &Options) -> Row {
    let (name, needed_by) = ("static-link", "every run");
    let remedy = "cargo xtask setup";
    match crate::binaries::try_static_link(options) {
        Ok(triple) => Row::ok(name, needed_by, format!("works for {triple}")),
        Err(error) => {
            let cause = format!("actor and probe are static programs: {error}");
            Row::missing(name, needed_by, "does not work", cause, remedy)
        }
    }
}

pub(super) fn prebuilt_object(options: &Options) -> Row {
    let (name, needed_by, remedy) = ("ebpf-object", "probe", "cargo xtask bpf build");
    match bpf::prebuilt_state(&options.clone) {
        Ok(PrebuiltState::Fresh(record)) => {
            Row::ok(name, needed_by, format!("{}, made by {}", bpf::PREBUILT_OBJECT, record.rustc))
        }
        Ok(PrebuiltState::Stale { what }) => {
            Row::missing(name, needed_by, bpf::PREBUILT_OBJECT, what, remedy)
        }
        Ok(PrebuiltState::Missing) => {
            let cause = format!("{} is not there", bpf::PREBUILT_OBJECT);
            Row::missing(name, needed_by, "none", cause, remedy)
        }
        Err(error) => Row::missing(name, needed_by, "unknown", error.to_string(), remedy),
    }
}

pub(super) fn ebpf_toolchain(options: &Options) -> Row {
    let (name, needed_by) = ("ebpf-toolchain", "developers");
    match bpf::find_toolchain(options) {
        Ok(found) => Row::ok(name, needed_by, found.to_string()),
        Err(error) => {
            let cause = match error {
                Error::NoToolchain { tried } => tried.join("; "),
                other => other.to_string(),
            };
            Row::missing(name, needed_by, "none", cause, "cargo xtask setup --dev").degraded()
        }
    }
}
