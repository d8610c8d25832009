//! Processes that are older than the attach: those in scope and their ancestors, read once.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use lab_model::{Text, redact::redact_in_place};
use procfs::process::Process;
use serde::{Deserialize, Serialize};

/// One process, as /proc had it just after the attach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// pid as this probe's namespace has it
    pub pid: i32,
    /// parent
    pub parent: i32,
    /// start in clock ticks since boot
    pub start_ticks: u64,
    /// command name
    pub comm: Text,
    /// executable, where it could be read
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Text>,
    /// arguments
    pub argv: Vec<Text>,
    /// it is in scope itself, not only an ancestor
    pub in_scope: bool,
}

/// Reads them, ordered by pid. Processes that end meanwhile are left out.
pub(crate) fn read(scope: &Path) -> Vec<Ancestor> {
    let mut found = BTreeMap::new();
    for pid in pids(scope) {
        let mut next = pid;
        while next > 0 && !found.contains_key(&next) {
            let Some(process) = one(next, next == pid) else { break };
            next = process.parent;
            found.insert(process.pid, process);
        }
        if let Some(process) = found.get_mut(&pid) {
            process.in_scope = true;
        }
    }
    found.into_values().collect()
}

/// The processes of a cgroup and of those below it.
fn pids(scope: &Path) -> Vec<i32> {
    let mut pids = Vec::new();
    let mut directories: Vec<PathBuf> = vec![scope.into()];
    while let Some(directory) = directories.pop() {
        let procs = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
        pids.extend(procs.lines().filter_map(|line| line.parse::<i32>().ok()));
        let entries = fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok);
        directories.extend(entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
    }
    pids
}

fn one(pid: i32, in_scope: bool) -> Option<Ancestor> {
    let process = Process::new(pid).ok()?;
    let stat = process.stat().ok()?;
    let mut command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    redact_in_place(&mut command_line);
    Some(Ancestor {
        pid,
        parent: stat.ppid,
        start_ticks: stat.starttime,
        comm: without_secrets(stat.comm.into_bytes()),
        exe: process.exe().ok().map(|path| without_secrets(path.into_os_string().into_vec())),
        argv: arguments(&command_line),
        in_scope,
    })
}

fn without_secrets(mut bytes: Vec<u8>) -> Text {
    redact_in_place(&mut bytes);
    Text::from(bytes)
}

fn arguments(command_line: &[u8]) -> Vec<Text> {
    let whole = command_line.strip_suffix(b"\0").unwrap_or(command_line);
    if whole.is_empty() { Vec::new() } else { whole.split(|byte| *byte == 0).map(Text::from).collect() }
}

#[cfg(test)]
mod tests {
    use super::{arguments, one};

    #[test]
    fn this_process_is_read() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let this = one(pid, true).unwrap();
        assert!(this.parent > 0 && this.start_ticks > 0 && !this.argv.is_empty());
    }

    #[test]
    fn arguments_are_split_at_nul() {
        assert_eq!(arguments(b"a\0\0b\0"), ["a".into(), "".into(), "b".into()]);
        assert_eq!(arguments(b""), []);
    }
}
