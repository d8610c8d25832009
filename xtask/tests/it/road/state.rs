//! What the machine holds that a run could have left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::Lab;

/// Processes, cgroups, mounts, files, sockets, BPF objects, and how audit is set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State(BTreeSet<String>);

impl State {
    pub(super) fn now(lab: &Lab) -> Self {
        let places = ["/var/lib/sightline", "/run/sightline"].map(PathBuf::from);
        let folders = places.into_iter().chain([lab_env::cgroup::mount_point().unwrap(), lab.path("runs")]);
        let mut all: BTreeSet<String> = folders.flat_map(|dir| names(&dir)).collect();
        all.extend(processes());
        all.extend(lines("/proc/mounts"));
        all.extend(sockets());
        all.extend(audit());
        for (word, command) in
            [("program", BPF_PROG_GET_NEXT_ID), ("map", BPF_MAP_GET_NEXT_ID), ("link", BPF_LINK_GET_NEXT_ID)]
        {
            all.extend(bpf_ids(command).iter().map(|id| format!("BPF {word} {id}")));
        }
        Self(all)
    }

    /// The same but for bundles: a run that ended well leaves one.
    pub(super) fn without_bundles(mut self) -> Self {
        self.0.retain(|name| !name.contains("/runs/"));
        self
    }

    /// Fails if the machine does not come back to this state. The kernel frees BPF objects some grace periods after
    /// their last user is gone, so it is asked again after each of a bounded number of them.
    #[track_caller]
    pub(super) fn comes_back(&self, when: &str, now: impl Fn() -> Self) {
        let (mut more, mut less) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let now = now();
            more = now.0.difference(&self.0).cloned().collect();
            // An earlier test's BPF objects may have been on their way out when this one began.
            less = self.0.difference(&now.0).filter(|name| !name.starts_with("BPF ")).cloned().collect();
            if more.is_empty() && less.is_empty() {
                return;
            }
            // SAFETY: takes three numbers; waits for a grace period (MEMBARRIER_CMD_GLOBAL).
            unsafe { libc::syscall(libc::SYS_membarrier, 1, 0, 0) };
        }
        panic!("{when}: left behind {more:?}, gone {less:?}");
    }
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).filter(|name| !name.ends_with("lock")).collect()
}

fn lines(path: &str) -> BTreeSet<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// Names of the processes that are the lab's: by program, or by cgroup. The dead whom init has not buried are none.
fn processes() -> BTreeSet<String> {
    let ours = |dir: &Path| {
        let status = fs::read_to_string(dir.join("status")).unwrap_or_default();
        if status.is_empty() || status.contains("\nState:\tZ") {
            return false;
        }
        let cgroup = fs::read_to_string(dir.join("cgroup")).unwrap_or_default();
        let exe = fs::read_link(dir.join("exe")).unwrap_or_default();
        let name = exe.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        cgroup.contains("/sightline-")
            || ["lab-actor", "lab-probe", "lab-liar", "strace", "auditd", "bpftrace", "tcpdump"]
                .contains(&name.as_str())
    };
    let dirs = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let told = |dir: PathBuf| {
        let line = fs::read(dir.join("cmdline")).unwrap_or_default();
        format!("{} {}", dir.display(), String::from_utf8_lossy(&line).replace('\0', " "))
    };
    dirs.filter(|dir| ours(dir)).map(told).collect()
}

/// Rules and settings of the kernel's audit, where there is what tells them.
fn audit() -> BTreeSet<String> {
    let told = |argument| {
        let output = std::process::Command::new("auditctl").arg(argument).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    };
    let (rules, status) = (told("-l"), told("-s"));
    let is_setting = |line: &&str| {
        ["enabled", "backlog_limit", "backlog_wait_time "].iter().any(|name| line.starts_with(name))
    };
    rules.lines().chain(status.lines().filter(is_setting)).map(|line| format!("audit: {line}")).collect()
}

/// Local addresses of listening TCP and of UDP sockets.
fn sockets() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, listening) in
        [("/proc/net/tcp", Some("0A")), ("/proc/net/tcp6", Some("0A")), ("/proc/net/udp", None)]
    {
        for line in lines(path) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.len() > 3
                && fields[0].ends_with(':')
                && listening.is_none_or(|state| fields[3] == state)
            {
                found.insert(format!("{path} {}", fields[1]));
            }
        }
    }
    found
}

// Commands of bpf(2): include/uapi/linux/bpf.h.
const BPF_PROG_GET_NEXT_ID: i32 = 11;
const BPF_MAP_GET_NEXT_ID: i32 = 12;
const BPF_LINK_GET_NEXT_ID: i32 = 31;

/// Ids of all programs, maps or links of the kernel.
fn bpf_ids(command: i32) -> BTreeSet<u32> {
    let mut ids = BTreeSet::new();
    // struct { __u32 start_id; __u32 next_id; __u32 open_flags; } of union bpf_attr
    let mut attr = [0u32; 32];
    loop {
        // SAFETY: the kernel reads and writes within the attribute, whose size it is told.
        let done = unsafe { libc::syscall(libc::SYS_bpf, command, attr.as_mut_ptr(), size_of_val(&attr)) };
        if done != 0 {
            return ids;
        }
        ids.insert(attr[1]);
        attr[0] = attr[1];
    }
}
