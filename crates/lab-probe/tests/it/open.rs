//! Opens by all four calls, allowed and refused.

use std::os::unix::fs::MetadataExt;

use lab_model::{Errno, OpenFlags, Outcome};

use crate::lab::{Lab, call, of, open};

const RESOLVE_NO_MAGICLINKS: u64 = 2;
const GOOD: Outcome = Outcome::Ok(0);

/// Which descriptor it is depends on what this process has open.
fn descriptor(result: Outcome) -> Outcome {
    match result {
        Outcome::Ok(fd) if fd > 2 => GOOD,
        other => other,
    }
}

#[test]
fn open_by_every_call() {
    let Some(lab) = Lab::start("open", &[]) else { return };
    let (path, none) = (lab.path("file"), lab.path("none"));
    let subject = lab.subject(|| {
        // SAFETY: valid strings and structs.
        unsafe {
            let how: [u64; 3] = [libc::O_RDONLY as u64, 0, RESOLVE_NO_MAGICLINKS];
            libc::syscall(libc::SYS_creat, path.as_ptr(), 0o600);
            libc::syscall(libc::SYS_open, path.as_ptr(), libc::O_WRONLY | libc::O_APPEND, 0);
            open(&path, libc::O_RDONLY | libc::O_CLOEXEC);
            libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, c"/etc".as_ptr(), how.as_ptr(), 24);
            open(&none, libc::O_RDWR);
            call(libc::syscall(libc::SYS_openat, libc::AT_FDCWD, 8, 0))
        }
    });
    assert_eq!(subject.wait() >> 8 & 0xff, -libc::EFAULT & 0xff);
    let id = std::fs::metadata(&lab.cgroup).unwrap().ino();
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    let seen: Vec<_> = opens.iter().map(|o| (o.path.as_bytes(), o.flags, descriptor(o.result))).collect();
    let (path, none) = (path.as_bytes(), none.as_bytes());
    let error = |number| Outcome::Errno(Errno(number));
    assert_eq!(
        seen,
        [
            (path, OpenFlags(0o1101), GOOD),
            (path, OpenFlags(0o2001), GOOD),
            (path, OpenFlags(0o2000000), GOOD),
            (b"/etc".as_slice(), OpenFlags(0), GOOD),
            (none, OpenFlags(2), error(libc::ENOENT)),
            (b"".as_slice(), OpenFlags(0), error(libc::EFAULT)),
        ]
    );
    let event = events.iter().find(|e| e.image.pid == Some(subject.pid)).unwrap();
    assert_eq!(event.image.parent.unwrap().pid, std::process::id());
    assert_eq!(event.image.cgroup, Some(id));
    assert!(event.time.began_ns.unwrap() <= event.time.ns);
}

#[test]
fn a_path_as_long_as_paths_can_be() {
    let Some(lab) = Lab::start("open-long", &[]) else { return };
    let path = std::ffi::CString::new("/tmp/".to_owned() + &"./".repeat(2045)).unwrap();
    assert_eq!(path.as_bytes().len(), 4095);
    let subject = lab.subject(|| open(&path, libc::O_RDONLY).min(0));
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!(opens[0].path.as_bytes(), path.as_bytes());
}

#[test]
fn a_path_on_a_page_that_is_not_resident_is_read_late() {
    let Some(lab) = Lab::start("open-late", &[]) else { return };
    let file = lab.dir.path().join("strings");
    std::fs::write(&file, b"/etc/hostname\0").unwrap();
    let name = lab.path("strings");
    // SAFETY: a fresh mapping of a file; its page is dropped from the page table and faulted in by the kernel.
    let subject = lab.subject(|| unsafe {
        let fd = open(&name, libc::O_RDONLY);
        let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_PRIVATE, fd, 0);
        call(libc::syscall(libc::SYS_openat, libc::AT_FDCWD, page, libc::O_RDONLY)).min(0)
    });
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!((opens[1].path.as_bytes(), opens[1].late_path), (b"/etc/hostname".as_slice(), true));
}

/// A filter that lets openat fail with EACCES before its tracepoint for the enter, and all else pass.
fn refuse_openat() {
    let word = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let filter = [
        word(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        word(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_openat as u32),
        word(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EACCES as u32),
        word(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: a valid filter; it binds this process only.
    unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
}

#[test]
fn what_seccomp_refuses_is_told_from_its_exit() {
    let Some(lab) = Lab::start("open-seccomp", &[]) else { return };
    let path = lab.path("file");
    let subject = lab.subject(|| {
        refuse_openat();
        open(&path, libc::O_WRONLY | libc::O_CREAT)
    });
    assert_eq!(subject.wait() >> 8 & 0xff, -libc::EACCES & 0xff);
    let (events, counters) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!((opens.len(), opens[0].path.as_bytes()), (1, path.as_bytes()));
    assert_eq!(opens[0].flags, OpenFlags(0o101));
    assert_eq!(opens[0].result, Outcome::Errno(Errno(libc::EACCES)));
    let event = events.iter().find(|event| event.image.pid == Some(subject.pid)).unwrap();
    assert_eq!((event.time.began_ns, &event.raw["enter"]), (None, &"not seen".into()));
    assert_eq!(counters.lost_total(), 0);
}
