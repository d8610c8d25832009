//! Can this machine run the probe? Each answer with its cause.

use std::{fs, path::Path};

use lab_abi::Kind;
use serde::Serialize;

use crate::{
    mounts,
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
        let types = KernelTypes::read(Path::new(VMLINUX)).map_err(|error| error.to_string())?;
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

fn lockdown() -> Row {
    let text = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    let level = text.split(['[', ']']).nth(1).unwrap_or("unknown (securityfs is not mounted)").to_owned();
    row("lockdown", if level == "confidentiality" { Err(level) } else { Ok(level) })
}

/// Not needed: the programs are on raw tracepoints, which go by BTF.
fn tracefs() -> Row {
    let there = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
        .into_iter()
        .find(|path| Path::new(path).join("events").is_dir());
    let found = there.map(str::to_owned).ok_or_else(|| "not mounted; the probe does not need it".to_owned());
    Row { needed: false, ..row("tracefs", found) }
}
