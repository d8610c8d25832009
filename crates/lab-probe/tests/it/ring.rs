//! What the catalogue calls blindness: a file opened through io_uring, by no system call, is not in strace's record.

use std::{
    ffi::{CStr, CString},
    fs, io,
    process::Command,
    ptr::null_mut,
};

use lab_model::{CATALOGUE, SensorKind};

use crate::lab::call;

/// What `io_uring_setup` fills in (struct io_uring_params), as words; these are the indices of those used here.
type Parameters = [u32; 30];
const SUBMISSION_ENTRIES: usize = 0;
const COMPLETION_ENTRIES: usize = 1;
const FEATURES: usize = 5;
const SUBMISSION_TAIL: usize = 11;
const SUBMISSION_ARRAY: usize = 16;
const COMPLETION_TAIL: usize = 21;
const COMPLETIONS: usize = 25;

const ONE_MAPPING: u32 = 1;
const OFFSET_OF_ENTRIES: i64 = 0x1000_0000;
const OPENAT: u32 = 18;
const WAIT: u32 = 1;
/// The variable by which this very test binary, run by strace, learns which file to open.
const WANTED: &str = "SIGHTLINE_TEST_RING";

/// struct io_uring_sqe, as far as openat needs it.
#[repr(C)]
struct Entry {
    operation: u32,
    fd: i32,
    offset: u64,
    path: u64,
    mode: u32,
    flags: u32,
    rest: [u64; 4],
}

/// struct io_uring_cqe.
#[repr(C)]
struct Completion {
    tag: u64,
    result: i32,
    flags: u32,
}

fn ring(parameters: &mut Parameters) -> i32 {
    // SAFETY: the parameters are as long as the kernel's struct.
    call(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
}

/// Makes a file by openat through a ring: the descriptor or -errno. Nothing but system calls.
fn make_through_a_ring(path: &CStr) -> i32 {
    let mut parameters = Parameters::default();
    let fd = ring(&mut parameters);
    if fd < 0 {
        return fd;
    }
    if parameters[FEATURES] & ONE_MAPPING == 0 {
        return -libc::ENOSYS;
    }
    let at = |index: usize| parameters[index] as usize;
    let entries_end = at(SUBMISSION_ARRAY) + 4 * at(SUBMISSION_ENTRIES);
    let length = entries_end.max(at(COMPLETIONS) + size_of::<Completion>() * at(COMPLETION_ENTRIES));
    let map = |length, offset| {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
        // SAFETY: a fresh mapping wherever the kernel likes.
        unsafe { libc::mmap(null_mut(), length, access, kind, fd, offset) }
    };
    let rings = map(length, 0).cast::<u8>();
    let entry = map(size_of::<Entry>() * at(SUBMISSION_ENTRIES), OFFSET_OF_ENTRIES).cast::<Entry>();
    if [rings.cast(), entry.cast()].contains(&libc::MAP_FAILED) {
        return -libc::ENOMEM;
    }
    // SAFETY: all offsets are the kernel's own, inside the mappings that are as long as it says; the ring is fresh, so
    // entry and slot are the first ones, and the kernel looks at them during the call only.
    unsafe {
        entry.write(Entry {
            operation: OPENAT,
            fd: libc::AT_FDCWD,
            offset: 0,
            path: path.as_ptr() as u64,
            mode: 0o600,
            flags: (libc::O_WRONLY | libc::O_CREAT) as u32,
            rest: [0; 4],
        });
        rings.add(at(SUBMISSION_ARRAY)).cast::<u32>().write_volatile(0);
        rings.add(at(SUBMISSION_TAIL)).cast::<u32>().write_volatile(1);
        let submitted = call(libc::syscall(libc::SYS_io_uring_enter, fd, 1, 1, WAIT, 0, 0));
        if submitted != 1 || rings.add(at(COMPLETION_TAIL)).cast::<u32>().read_volatile() != 1 {
            return submitted.min(-libc::EIO);
        }
        rings.add(at(COMPLETIONS)).cast::<Completion>().read_volatile().result
    }
}

/// True if there are rings here; else says why not.
fn rings(name: &str) -> bool {
    let fd = ring(&mut Parameters::default());
    if fd < 0 {
        println!("SKIP {name}: the kernel refuses io_uring: {}", io::Error::from_raw_os_error(-fd));
        return false;
    }
    // SAFETY: our own descriptor, which nobody else knows.
    unsafe { libc::close(fd) };
    true
}

#[test]
fn strace_is_blind_to_a_ring_as_declared() {
    let name = "strace_is_blind_to_a_ring_as_declared";
    if let Some(path) = std::env::var_os(WANTED) {
        // Here runs what strace follows.
        let path = CString::new(path.into_encoded_bytes()).unwrap();
        assert!(make_through_a_ring(&path) >= 0);
        return;
    }
    if !rings(name) {
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        println!("SKIP {name}: strace is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (log, ringed) = (dir.path().join("log"), dir.path().join("ringed"));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=open,openat,openat2,creat,io_uring_enter", "-o"]).arg(&log);
    strace.arg(std::env::current_exe().unwrap()).args(["--exact", &format!("ring::{name}")]);
    let output = strace.env(WANTED, &ringed).output().unwrap();
    let log = fs::read_to_string(log).unwrap();
    if !output.status.success() && log.is_empty() {
        println!("SKIP {name}: strace may not trace here");
        return;
    }
    assert!(output.status.success(), "{output:?}");
    assert!(fs::exists(&ringed).unwrap(), "the ring made no file");
    assert!(log.contains("io_uring_enter(") && log.contains("openat("), "{log}");
    assert!(!log.contains(ringed.to_str().unwrap()), "{log}");
    let strace = CATALOGUE.iter().find(|entry| entry.kind == SensorKind::Strace).unwrap();
    assert!(strace.blind.iter().any(|(what, _)| *what == "io_uring"));
}
