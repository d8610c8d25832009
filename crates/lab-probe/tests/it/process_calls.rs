//! What is done to other processes and to what a process may do: by every call, granted and refused.

use std::{ffi::CString, fs, ptr::null};

use crate::lab::{Lab, told};

#[test]
fn tracing_and_reaching_into_memory() {
    let Some(lab) = Lab::start("ptrace", &[]) else { return };
    let victim = lab.subject(|| {
        // SAFETY: no arguments; the signal of the other ends it.
        unsafe { libc::pause() };
        0
    });
    let pid = victim.pid as i32;
    let none = null::<u8>();
    // SAFETY: no memory of ours is touched.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, pid, none, none);
        libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, i32::MAX, none, none);
        libc::syscall(libc::SYS_process_vm_readv, pid, none, 0_u64, none, 0_u64, 0_u64);
        libc::syscall(libc::SYS_process_vm_writev, i32::MAX, none, 1_u64, none, 1_u64, 0_u64);
        0
    });
    subject.wait();
    // SAFETY: our own child.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    victim.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            format!("ptrace request=PTRACE_SEIZE pid={pid} -> ok"),
            "ptrace request=PTRACE_ATTACH pid=2147483647 -> ESRCH".to_owned(),
            format!("process-vm call=process_vm_readv pid={pid} -> ok"),
            "process-vm call=process_vm_writev pid=2147483647 -> EFAULT".to_owned(),
        ]
    );
}

#[test]
fn signals_to_others_and_not_to_oneself() {
    let Some(lab) = Lab::start("signal", &[]) else { return };
    let victim = lab.subject(|| {
        // SAFETY: no arguments; the signal of the other ends it.
        unsafe { libc::pause() };
        0
    });
    let pid = victim.pid as i32;
    // SAFETY: numbers, and a null pointer that is allowed.
    let subject = lab.subject(|| unsafe {
        let own = libc::getpid();
        libc::syscall(libc::SYS_kill, own, 0);
        libc::syscall(libc::SYS_tgkill, own, libc::syscall(libc::SYS_gettid), 0);
        libc::syscall(libc::SYS_tkill, libc::syscall(libc::SYS_gettid), 0);
        libc::syscall(libc::SYS_kill, pid, 0);
        libc::syscall(libc::SYS_kill, -i32::MAX, libc::SIGTERM);
        libc::syscall(libc::SYS_tkill, i32::MAX, libc::SIGUSR1);
        libc::syscall(libc::SYS_tgkill, pid, pid, 99);
        libc::syscall(libc::SYS_pidfd_send_signal, -1, libc::SIGHUP, 0, 0);
        libc::syscall(libc::SYS_kill, pid, libc::SIGKILL);
        0
    });
    subject.wait();
    victim.wait();
    let folder = lab.dir.path().to_owned();
    let (events, counters) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            format!("signal signal=0 target=process pid={pid} -> ok"),
            "signal signal=SIGTERM target=group pid=2147483647 -> ESRCH".to_owned(),
            "signal signal=SIGUSR1 target=thread pid=2147483647 -> ESRCH".to_owned(),
            format!("signal signal=99 target=thread pid={pid} -> EINVAL"),
            "signal signal=SIGHUP target=descriptor -> EBADF".to_owned(),
            format!("signal signal=SIGKILL target=process pid={pid} -> ok"),
        ]
    );
    assert!(counters.programs["signal"].filtered >= 3, "{counters:?}");
}

#[test]
fn capabilities() {
    let Some(lab) = Lab::start("capability", &[]) else { return };
    let header = [0x2008_0522_u32, 0];
    let bad = [7_u32, 0];
    // Lower words of the three sets, then the upper ones.
    let (less, more) = ([0x2001_u32, 0x2003, 0, 1, 1, 0], [0x3_u32, 0x2003, 0, 0, 1, 0]);
    // SAFETY: structures of the right sizes.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_capset, header.as_ptr(), less.as_ptr());
        libc::syscall(libc::SYS_capset, header.as_ptr(), [0x7_u32, 0x7, 0, 0, 0, 0].as_ptr());
        libc::syscall(libc::SYS_capset, bad.as_ptr(), more.as_ptr());
        libc::syscall(libc::SYS_capset, 8, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            "capability pid=0 effective=0x100002001 permitted=0x100002003 inheritable=0x0 -> ok",
            "capability pid=0 effective=0x7 permitted=0x7 inheritable=0x0 -> EPERM",
            "capability pid=0 effective=0x3 permitted=0x100002003 inheritable=0x0 -> EINVAL",
            "capability -> EFAULT",
        ]
    );
}

#[test]
fn namespaces_and_files_in_memory() {
    let Some(lab) = Lab::start("namespace-calls", &[]) else { return };
    let file = fs::File::open("/proc/self/ns/uts").unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    // In memory that a forked process has at once: a refused call reads no name, so nobody would bring its page.
    let [payload, x] = [c"payload", c"x"].map(CString::from);
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUTS | libc::CLONE_FILES);
        libc::syscall(libc::SYS_unshare, 1);
        libc::syscall(libc::SYS_setns, fd, libc::CLONE_NEWUTS);
        libc::syscall(libc::SYS_setns, -1, 0);
        libc::syscall(libc::SYS_memfd_create, payload.as_ptr(), libc::MFD_CLOEXEC);
        libc::syscall(libc::SYS_memfd_create, x.as_ptr(), 0x400);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    let told = told(&events, subject.pid, &folder);
    assert!(told[4].starts_with(r#"memfd name="payload" flags=MFD_CLOEXEC -> "#), "{told:?}");
    assert!(matches!(told[4].rsplit(' ').next().unwrap().parse::<u32>(), Ok(3..)), "{told:?}");
    assert_eq!(
        [&told[..4], &told[5..]].concat(),
        [
            "namespace call=unshare flags=CLONE_FILES|CLONE_NEWUTS -> ok",
            "namespace call=unshare flags=0x1 -> EINVAL",
            "namespace call=setns flags=CLONE_NEWUTS -> ok",
            "namespace call=setns flags=0 -> EBADF",
            r#"memfd name="x" flags=0x400 -> EINVAL"#,
        ]
    );
}

#[test]
fn filters_and_execution_domains() {
    let Some(lab) = Lab::start("seccomp", &[]) else { return };
    let action = 0x7fff_0000_u32;
    // SAFETY: a valid number behind the pointer.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action);
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC, 0);
        libc::syscall(libc::SYS_personality, -1);
        libc::syscall(libc::SYS_personality, libc::ADDR_NO_RANDOMIZE);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            "seccomp operation=SECCOMP_GET_ACTION_AVAIL flags=0 -> ok",
            "seccomp operation=SECCOMP_SET_MODE_FILTER flags=SECCOMP_FILTER_FLAG_TSYNC -> EFAULT",
            "personality persona=0xffffffff -> ok",
            "personality persona=ADDR_NO_RANDOMIZE -> ok",
        ]
    );
}
