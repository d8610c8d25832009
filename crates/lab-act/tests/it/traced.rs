//! Under strace: an act's processes make no observable call but those that the act asks for.

use std::{
    fs,
    os::fd::{AsFd as _, FromRawFd as _, OwnedFd},
    process::Command,
};

use lab_act::witness::Witnesses;
use lab_model::{Order, Payload, Receipt};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::{
    cases,
    stage::{ACTOR, Actor, Folder, KEY, families, observe, root},
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
    let (folder, mut witnesses) = (Folder::new(), Witnesses::start(KEY).unwrap());
    let log = folder.path("strace.log");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-e", CALLS, "-o", &log, ACTOR]);
    let mut actor = Actor::spawn(command);
    let mut done = Vec::new();
    for case in cases::all(&folder, &witnesses) {
        let (receipt, words) = observe(&mut actor, &mut witnesses, &case.act);
        assert_eq!(families(&words), case.families, "{}: {words:#?}", case.name);
        done.push((case, receipt));
    }
    actor.order(&Order::Stop);
    actor.child.wait().unwrap();

    let trace = fs::read_to_string(&log).unwrap();
    for (case, receipt) in done {
        let resident = receipt.steps[0].process.pid;
        for pid in receipt.steps.iter().map(|step| step.process.pid).filter(|pid| *pid != resident) {
            let steps = receipt.steps.iter().filter(|step| step.process.pid == pid);
            let told: Vec<&str> = steps.filter_map(|step| call(&step.payload)).collect();
            let mut called = calls(&trace, pid);
            if is_shell(&receipt, pid) {
                // What the shell does is its own affair.
                called.truncate(1);
            }
            assert_eq!(called, told, "{}, process {pid}", case.name);
        }
    }
}

fn is_shell(receipt: &Receipt, pid: u32) -> bool {
    receipt.steps.iter().any(|step| {
        matches!(&step.payload, Payload::Exec(exec) if exec.path == "/bin/sh".into())
            && step.process.pid == pid
    })
}

/// The system call of a step; an exit and a send are none of the calls that are traced.
fn call(payload: &Payload) -> Option<&'static str> {
    Some(match payload {
        Payload::SetId(set) => set.call.word(),
        Payload::Fork(_) => "clone",
        Payload::Exec(_) => "execve",
        Payload::Open(_) => "openat",
        Payload::Accept(_) => "accept4",
        Payload::Exit(_) | Payload::Send(_) => return None,
        payload => payload.action().word(),
    })
}

/// The calls of a process in order, but for those of its loader, where the binary under test is not static.
fn calls(trace: &str, pid: u32) -> Vec<&str> {
    let of_process = |line: &'_ str| -> Option<(usize, usize)> {
        let rest = line.strip_prefix(&pid.to_string())?.strip_prefix(' ')?.trim_start();
        Some((line.len() - rest.len(), rest.find('(')?))
    };
    let loader = ["ld.so", ".so.", "/glibc-hwcaps/"];
    trace
        .lines()
        .filter(|line| !loader.iter().any(|part| line.contains(part)) && !line.contains("<... "))
        .filter_map(|line| of_process(line).map(|(at, length)| &line[at..at + length]))
        .collect()
}
