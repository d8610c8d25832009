//! Under strace: an act's processes make no observable call but those that the act asks for.

use std::{
    fs,
    os::fd::{AsFd as _, FromRawFd as _, OwnedFd},
    process::Command,
};

use lab_model::{ActKind, Order, Placement, Reply, SetIdCall};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::{
    cases::{act, link},
    stage::{ACTOR, Actor, Folder, root},
};

/// The observed kinds, as strace calls them.
const CALLS: &str = "trace=open,openat,openat2,creat,connect,execve,execveat,fork,vfork,clone,clone3,setuid,setgid,\
    setreuid,setregid,setresuid,setresgid,setfsuid,setfsgid,setgroups,unlink,unlinkat,rename,renameat,renameat2,bind,\
    accept,accept4";

/// A descriptor that tells of the end of a process.
pub(crate) fn watch(pid: u32) -> OwnedFd {
    // SAFETY: pidfd_open takes two numbers; a negative result is refused below.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    assert!(fd >= 0, "no process {pid}");
    // SAFETY: the kernel has just made this descriptor for us.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

pub(crate) fn await_end(process: &OwnedFd) {
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    let limit = PollTimeout::try_from(20_000).unwrap();
    assert_eq!(poll(&mut fds, limit), Ok(1), "it did not end");
}

/// The first child of a process, its first child, and so on.
pub(crate) fn line_below(mut pid: u32) -> Vec<u32> {
    let mut line = Vec::new();
    while let Some(child) = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .ok()
        .and_then(|children| children.split_whitespace().next()?.parse().ok())
    {
        line.push(child);
        pid = child;
    }
    line
}

#[test]
fn only_what_was_ordered_is_called() {
    let name = "only_what_was_ordered_is_called";
    if !root(name) {
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        println!("SKIP {name}: strace is not installed");
        return;
    }
    let folder = Folder::new();
    let log = folder.path("strace.log");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-e", CALLS, "-o", &log, ACTOR]);
    let mut actor = Actor::spawn(command);
    let path = folder.path("canary/x");
    let kinds = [
        ActKind::Write { path: path.clone(), content: "x".to_owned() },
        ActKind::Read { path: path.clone() },
        ActKind::Rename { from: path.clone(), to: folder.path("canary/y") },
        ActKind::Unlink { path },
        ActKind::Connect { address: "127.0.0.1:1".to_owned(), payload: "x".to_owned() },
        ActKind::Setid { call: SetIdCall::Setuid, ids: vec!["65534".to_owned()] },
    ];
    for (kind, linked) in kinds.into_iter().flat_map(|kind| [(kind.clone(), false), (kind, true)]) {
        let mut act = act(1, kind);
        if linked {
            act.via = vec![link(&folder, "one", Placement::Forked), link(&folder, "two", Placement::InPlace)];
        }
        actor.perform(&act);
        let Some(Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
        actor.order(&Order::Release);
        assert!(matches!(actor.reply(), Some(Reply::Done { .. })));
        let process = receipt.steps[receipt.principal.unwrap()].process.pid.to_string();
        let trace = fs::read_to_string(&log).unwrap();
        let calls: Vec<&str> = trace
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(&process)?.trim_start().split_once('('))
            .filter(|(_, rest)| !is_loader(rest))
            .map(|(call, _)| call)
            .collect();
        let principal = match &act.kind {
            ActKind::Read { .. } | ActKind::Write { .. } => "openat",
            kind => match kind.word() {
                "setid" => "setuid",
                word => word,
            },
        };
        let expected: Vec<&str> = if linked { vec!["execve", "execve", principal] } else { vec![principal] };
        assert_eq!(calls, expected, "{}", act.kind.word());
    }
}

/// Where the binary under test is not static, its loader opens libraries.
fn is_loader(arguments: &str) -> bool {
    ["ld.so", ".so.", "/glibc-hwcaps/"].iter().any(|part| arguments.contains(part))
}
