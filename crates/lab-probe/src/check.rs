//! Can this machine run the probe? Each answer with its cause.

use std::{fs, path::Path};

use lab_abi::Kind;
use serde::Serialize;

use crate::{
    Error, mounts,
    offsets::{KernelTypes, VMLINUX},
    session::object_hash,
};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// true if everything needed is there
    pub ok: bool,
    /// one line for each thing, in the order in which the probe needs them
    pub rows: Vec<Row>,
    /// SHA-256 of the eBPF object
    pub object: String,
}

/// One thing that the probe needs, or could use.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// what
    pub name: &'static str,
    /// it is there
    pub ok: bool,
    /// the probe cannot run without it
    pub needed: bool,
    /// what was found
    pub found: String,
}

/// Looks at this machine; changes nothing.
pub fn check() -> Check {
    let rows = vec![architecture(), types(), cgroup(), capabilities(), lockdown(), tracefs()];
    Check { ok: rows.iter().all(|row| row.ok || !row.needed), rows, object: object_hash() }
}

fn row(name: &'static str, result: Result<String, String>) -> Row {
    let (ok, found) = match result {
        Ok(found) => (true, found),
        Err(found) => (false, found),
    };
    Row { name, ok, needed: true, found }
}

fn architecture() -> Row {
    let arch = std::env::consts::ARCH.to_owned();
    row("architecture", if arch == "x86_64" { Ok(arch) } else { Err(format!("{arch}, expected x86_64")) })
}

fn types() -> Row {
    let look = || {
        let types = KernelTypes::read(Path::new(VMLINUX), &[]).map_err(|error| error.to_string())?;
        let missing: Vec<String> = std::iter::once(None)
            .chain(Kind::EVENTS.iter().copied().map(Some))
            .flat_map(|kind| types.missing(kind))
            .collect();
        if missing.is_empty() {
            Ok(format!("{VMLINUX}, every field found"))
        } else {
            Err(format!("{VMLINUX} has no {}", missing.join(", ")))
        }
    };
    row("btf", look())
}

fn cgroup() -> Row {
    let info = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mounts = mounts::of_type(&info, "cgroup2");
    row(
        "cgroup2",
        mounts.first().map(|m| m.at.display().to_string()).ok_or_else(|| "no cgroup2 is mounted".to_owned()),
    )
}

/// Bits of `CapEff`: source capabilities(7).
const CAPABILITIES: [(u32, &str); 2] = [(39, "bpf"), (38, "perfmon")];
const SYS_ADMIN: u32 = 21;

fn capabilities() -> Row {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    let has = |bit: u32| effective >> bit & 1 == 1;
    let missing: Vec<&str> =
        CAPABILITIES.iter().filter(|(bit, _)| !has(*bit) && !has(SYS_ADMIN)).map(|(_, name)| *name).collect();
    row(
        "capabilities",
        if missing.is_empty() {
            Ok("bpf, perfmon".to_owned())
        } else {
            Err(format!("not held: {}", missing.join(", ")))
        },
    )
}

/// Where the kernel says how much it is locked down.
pub(crate) const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

fn lockdown() -> Row {
    let level = level(Path::new(LOCKDOWN)).unwrap_or("unknown (securityfs is not mounted)".to_owned());
    row("lockdown", if level == CONFIDENTIALITY { Err(level) } else { Ok(level) })
}

/// The level of lockdown at which no program may read the kernel's memory.
const CONFIDENTIALITY: &str = "confidentiality";

/// The kernel's word on lockdown in the file at `path`, `none [integrity] confidentiality`: the one in brackets.
fn level(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.split(['[', ']']).nth(1).map(str::to_owned)
}

/// Refuses a kernel that lets no program read its memory, as the file at `path` has it. No file: not locked down.
pub(crate) fn not_locked_down(path: &Path) -> Result<(), Error> {
    let locked = level(path).is_some_and(|level| level == CONFIDENTIALITY);
    if locked { Err(Error::Lockdown { path: path.into() }) } else { Ok(()) }
}

/// Not needed: the programs are on raw tracepoints, which go by BTF.
fn tracefs() -> Row {
    let there = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
        .into_iter()
        .find(|path| Path::new(path).join("events").is_dir());
    let found = there.map(str::to_owned).ok_or_else(|| "not mounted; the probe does not need it".to_owned());
    Row { needed: false, ..row("tracefs", found) }
}

#[cfg(test)]
mod tests {
    use super::{level, not_locked_down};

    #[test]
    fn a_kernel_that_is_locked_down_is_refused_with_its_word() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lockdown");
        assert!(not_locked_down(&path).is_ok(), "no securityfs");
        std::fs::write(&path, "none [integrity] confidentiality\n").unwrap();
        assert_eq!(level(&path).unwrap(), "integrity");
        assert!(not_locked_down(&path).is_ok());
        std::fs::write(&path, "none integrity [confidentiality]\n").unwrap();
        let said = not_locked_down(&path).unwrap_err().to_string();
        let expected =
            "observe this kernel: it is locked down (confidentiality), so no program may read its memory";
        assert!(said.starts_with(expected), "{said}");
    }
}
