//! strace's log: the command line that makes it, what is masked in it, and the events in it.
//!
//! Written for strace 6.1 (Debian 12); 5.10 and later write the same. The log is whole if every thread in it has
//! ended in it (`+++ exited`, `+++ killed`) or was let go inside a call (`<detached ...>`): strace ends by itself only after
//! it has written that. See [`Decoded::unended`].

mod argument;
mod call;
mod decode;
mod line;
mod lives;
mod redact;
mod token;
mod value;

use std::ffi::{OsStr, OsString};

pub use decode::{Decoded, decode};
pub use line::seen_at;

pub use crate::Clock;
pub use redact::redact_line;

/// What is traced: the calls that events are made from. None of them carries data of a file or a stream.
const CALLS: &[&str] = &[
    "execve",
    "execveat",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "open",
    "openat",
    "openat2",
    "creat",
    "unlink",
    "unlinkat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "connect",
    "bind",
    "accept",
    "accept4",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchown",
    "fchownat",
    "truncate",
    "ftruncate",
    "mknod",
    "mknodat",
    "listen",
    "ptrace",
    "capset",
    "unshare",
    "setns",
    "memfd_create",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_send_signal",
    "seccomp",
    "personality",
    "mount",
    "umount2",
    "pivot_root",
    "move_mount",
    "init_module",
    "finit_module",
    "delete_module",
    "bpf",
    "io_uring_setup",
];

/// The command that attaches strace to `pid`, and to every thread and child that it makes from then on, and writes
/// the log to `output`. Secrets are not masked in what strace writes, so `output` should be a pipe (`/dev/stdout`)
/// whose reader passes each line through [`redact_line`] before it writes it.
///
/// `pid` should have one thread: a thread that is older than the attach cannot be told from a process. strace says
/// `Process N attached` on standard error once it is (and again for each child, so that stream must be read too). It
/// ends by itself when the last traced process has; asked to end before, it lets go of the others without a word in the
/// log, and what they do from then on counts as lost.
pub fn command(pid: u32, output: &OsStr) -> Vec<OsString> {
    // `?`: a call that this architecture does not have is no error. No `-q`: it would hide the word that strace is
    // attached. Signals must be traced, because strace says `+++ killed by` only of signals that are. No `-v`: it would
    // print the environment.
    let calls: Vec<String> = CALLS.iter().map(|call| format!("?{call}")).collect();
    let trace = format!("trace={}", calls.join(","));
    let fixed = ["strace", "-f", "--absolute-timestamps=format:unix,precision:ns", "--syscall-times=ns"];
    let mut command: Vec<OsString> = fixed.map(OsString::from).to_vec();
    command.extend(["-s", "4096", "-e", &trace, "-p", &pid.to_string(), "-o"].map(OsString::from));
    command.push(output.to_owned());
    command
}
