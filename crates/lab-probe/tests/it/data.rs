//! Reads and writes of declared files: by every call, success and refusal; of other files nothing.

use std::{ffi::CString, fs, path::Path};

use crate::lab::{Lab, PROBE, told};

fn string(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

/// What was told, without device and inode.
fn short(lines: Vec<String>) -> Vec<String> {
    let word = |line: &String| {
        let words = line.split(' ').filter(|word| !word.starts_with("file="));
        // Addresses of mappings are large.
        let words = words.map(|word| if word.len() > 12 && word.parse::<u64>().is_ok() { "" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    lines.iter().map(word).collect()
}

#[test]
fn every_call_that_reads_or_writes() {
    let Some((dir, cgroup)) = Lab::place("data") else { return };
    let folder = dir.path().to_owned();
    let secret = folder.join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("a"), "0123456789").unwrap();
    fs::write(folder.join("other"), "0123456789").unwrap();
    let (a, new, other) =
        (string(&secret.join("a")), string(&secret.join("new")), string(&folder.join("other")));
    // Open before the probe is there: such a file is known by its inode.
    // SAFETY: a valid string.
    let before = unsafe { libc::open(a.as_ptr(), libc::O_RDONLY) };
    let whom = ["--scope".as_ref(), cgroup.as_os_str()];
    let declared = ["--file", secret.to_str().unwrap()];
    let (lab, refused) =
        Lab::start_in(dir, cgroup.clone(), &mut std::process::Command::new(PROBE), &whom, &declared);
    assert_eq!(refused, []);
    let mut buffer = [0_u8; 16];
    let mut pipe = [0; 2];
    // SAFETY: valid strings, buffers and descriptors.
    let subject = lab.subject(|| unsafe {
        let at = buffer.as_mut_ptr();
        let pieces = [at as u64, 3, at as u64, 2];
        libc::syscall(libc::SYS_read, before, at, 1);
        let from = libc::open(a.as_ptr(), libc::O_RDONLY);
        libc::syscall(libc::SYS_read, from, at, 4);
        libc::syscall(libc::SYS_read, from, 1, 4);
        libc::syscall(libc::SYS_pread64, from, at, 2, 5);
        libc::syscall(libc::SYS_readv, from, pieces.as_ptr(), 2);
        libc::syscall(libc::SYS_preadv, from, pieces.as_ptr(), 2, 1, 0);
        libc::syscall(libc::SYS_mmap, 0, 4096, libc::PROT_READ, libc::MAP_PRIVATE, from, 0);
        let to = libc::open(new.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600);
        libc::syscall(libc::SYS_write, to, at, 4);
        libc::syscall(libc::SYS_write, from, at, 4);
        libc::syscall(libc::SYS_pwrite64, to, at, 4, 8);
        libc::syscall(libc::SYS_writev, to, pieces.as_ptr(), 2);
        let (shared, writable) = (libc::MAP_SHARED, libc::PROT_READ | libc::PROT_WRITE);
        libc::syscall(libc::SYS_mmap, 0, 4096, writable, shared, to, 0);
        libc::syscall(libc::SYS_mmap, 0, 4096, writable, shared, from, 0);
        let mut place = 2_i64;
        libc::syscall(libc::SYS_copy_file_range, from, &raw mut place, to, 0, 3, 0);
        libc::pipe(pipe.as_mut_ptr());
        place = 6;
        libc::syscall(libc::SYS_splice, from, &raw mut place, pipe[1], 0, 2, 0);
        libc::syscall(libc::SYS_sendfile, pipe[1], from, 0, 1);
        let beside = libc::open(other.as_ptr(), libc::O_RDWR);
        libc::syscall(libc::SYS_read, beside, at, 4);
        libc::syscall(libc::SYS_write, beside, at, 4);
        libc::syscall(libc::SYS_mmap, 0, 4096, libc::PROT_READ, libc::MAP_PRIVATE, beside, 0);
        0
    });
    assert_eq!(subject.wait(), 0);
    let (events, counters) = lab.stop();
    assert_eq!(
        short(told(&events, subject.pid, &folder)),
        [
            r#"read call=read path="W/secret/a" length=1 -> 1"#,
            r#"read call=read path="W/secret/a" length=4 -> 4"#,
            r#"read call=read path="W/secret/a" length=4 -> EFAULT"#,
            r#"read call=pread64 path="W/secret/a" offset=5 length=2 -> 2"#,
            r#"read call=readv path="W/secret/a" length=5 -> 5"#,
            r#"read call=preadv path="W/secret/a" offset=1 length=5 -> 5"#,
            r#"read call=mmap path="W/secret/a" offset=0 length=4096 protection=PROT_READ -> "#,
            r#"write call=write path="W/secret/new" length=4 -> 4"#,
            r#"write call=write path="W/secret/a" length=4 -> EBADF"#,
            r#"write call=pwrite64 path="W/secret/new" offset=8 length=4 -> 4"#,
            r#"write call=writev path="W/secret/new" length=5 -> 5"#,
            r#"write call=mmap path="W/secret/new" offset=0 length=4096 protection=PROT_READ|PROT_WRITE -> "#,
            r#"write call=mmap path="W/secret/a" offset=0 length=4096 protection=PROT_READ|PROT_WRITE -> EACCES"#,
            r#"write call=copy_file_range path="W/secret/new" from="W/secret/a" length=3 -> 3"#,
            r#"read call=splice path="W/secret/a" offset=6 length=2 -> 2"#,
            r#"read call=sendfile path="W/secret/a" length=1 -> 1"#,
        ]
    );
    assert!(counters.programs["read"].filtered > 3, "the other file was looked up and left");
}

#[test]
fn nothing_is_declared_and_nothing_is_paid() {
    let Some(lab) = Lab::start("data-none", &[]) else { return };
    let path = lab.path("file");
    fs::write(lab.dir.path().join("file"), "x").unwrap();
    let mut byte = 0_u8;
    // SAFETY: a valid string and room for a byte.
    let subject = lab.subject(|| unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY);
        libc::syscall(libc::SYS_read, fd, &raw mut byte, 1) as i32 - 1
    });
    assert_eq!(subject.wait(), 0);
    let (_, counters) = lab.stop();
    assert_eq!((counters.programs["read"].produced, counters.programs["write"].produced), (0, 0));
}
