//! The balance of each kind that has no program of its own, against the subject's own count of calls.

use crate::lab::Lab;

/// Calls of each kind.
const EACH: u64 = 500;
const KINDS: &[&str] = &[
    "mkdir",
    "link",
    "symlink",
    "chmod",
    "chown",
    "truncate",
    "mknod",
    "listen",
    "send",
    "ptrace",
    "process-vm",
    "capability",
    "namespace",
    "memfd",
    "signal",
    "seccomp",
    "personality",
    "mount",
    "module",
    "bpf",
    "keyctl",
    "io-uring",
];

#[test]
fn every_call_is_accounted_for() {
    let Some(lab) = Lab::start("balance-calls", &["--ring-bytes", "67108864"]) else { return };
    let none = lab.path("none/x");
    // SAFETY: valid strings; nothing of it can succeed.
    let body = || unsafe {
        for _ in 0..EACH {
            libc::syscall(libc::SYS_mkdir, none.as_ptr(), 0);
            libc::syscall(libc::SYS_link, none.as_ptr(), none.as_ptr());
            libc::syscall(libc::SYS_symlink, none.as_ptr(), none.as_ptr());
            libc::syscall(libc::SYS_chmod, none.as_ptr(), 0);
            libc::syscall(libc::SYS_chown, none.as_ptr(), 0, 0);
            libc::syscall(libc::SYS_ftruncate, -1, 0);
            libc::syscall(libc::SYS_mknod, none.as_ptr(), 0, 0);
            libc::syscall(libc::SYS_listen, -1, 0);
            libc::syscall(libc::SYS_sendto, -1, none.as_ptr(), 1, 0, 0, 0);
            libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, i32::MAX, 0, 0);
            libc::syscall(libc::SYS_process_vm_readv, i32::MAX, 0, 0, 0, 0, 0);
            libc::syscall(libc::SYS_capset, 8, 0);
            libc::syscall(libc::SYS_setns, -1, 0);
            libc::syscall(libc::SYS_memfd_create, none.as_ptr(), 0x400);
            libc::syscall(libc::SYS_kill, i32::MAX, 0);
            libc::syscall(libc::SYS_seccomp, 99, 0, 0);
            libc::syscall(libc::SYS_personality, -1);
            libc::syscall(libc::SYS_umount2, none.as_ptr(), 0);
            libc::syscall(libc::SYS_delete_module, none.as_ptr(), libc::O_NONBLOCK);
            libc::syscall(libc::SYS_bpf, 999, 0, 0);
            libc::syscall(libc::SYS_keyctl, 3, i32::MAX);
            libc::syscall(libc::SYS_io_uring_setup, 1, 0);
        }
        0
    };
    let subjects = [lab.subject(body), lab.subject(body)];
    for subject in &subjects {
        assert_eq!(subject.wait(), 0);
    }
    let (events, counters) = lab.stop();
    for kind in KINDS {
        let balance = &counters.programs[*kind];
        assert_eq!((balance.received, balance.lost_total()), (2 * EACH, 0), "{kind}: {balance:?}");
        let here = |event: &&lab_model::Event| event.payload.action().word() == *kind;
        assert_eq!(events.iter().filter(here).count() as u64, 2 * EACH, "{kind}");
    }
}

#[test]
fn what_a_small_ring_loses_is_counted_by_kind() {
    let Some(lab) = Lab::start("balance-calls-tiny", &["--ring-bytes", "4096"]) else { return };
    let none = lab.path("none/x");
    // SAFETY: a valid string.
    let subject = lab.subject(|| unsafe {
        for _ in 0..20_000 {
            libc::syscall(libc::SYS_mkdir, none.as_ptr(), 0);
        }
        0
    });
    subject.wait();
    let (events, counters) = lab.stop();
    let mkdir = &counters.programs["mkdir"];
    assert!(mkdir.lost_total() > 0, "{mkdir:?}");
    assert_eq!(mkdir.received + mkdir.lost_total(), 20_000);
    let seen = events.iter().filter(|event| event.payload.action() == lab_model::Action::Mkdir).count();
    assert_eq!(seen as u64, mkdir.received);
}
