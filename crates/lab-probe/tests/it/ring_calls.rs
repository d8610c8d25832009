//! Rings for calls: made, and used past the system calls.

use lab_model::{Errno, OpenFlags, Outcome};

use crate::lab::{Lab, of, told};

#[test]
fn rings_are_made() {
    let Some(lab) = Lab::start("io-uring", &[]) else { return };
    let mut good = [0_u32; 30];
    let mut bad = [0_u32; 30];
    (good[2], bad[2]) = (0x10, 0x8000_0001);
    // SAFETY: parameters of the right size, which the kernel fills in.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_io_uring_setup, 8, good.as_mut_ptr());
        libc::syscall(libc::SYS_io_uring_setup, 8, bad.as_mut_ptr());
        libc::syscall(libc::SYS_io_uring_setup, 1, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    let told = told(&events, subject.pid, &folder);
    let asked: Vec<&str> = told.iter().map(|line| line.rsplit_once(" -> ").unwrap().0).collect();
    assert_eq!(
        asked,
        [
            "io-uring call=io_uring_setup entries=8 flags=IORING_SETUP_CLAMP",
            "io-uring call=io_uring_setup entries=8 flags=IORING_SETUP_IOPOLL|0x80000000",
            "io-uring call=io_uring_setup entries=1",
        ]
    );
    assert!(told[1].contains(" -> E") && told[2].contains(" -> E"), "{told:?}");
}

/// The kernel's `io_uring_params`, of which the offsets into the rings are read.
type Params = [u32; 30];
/// Where the queue of submissions, its entries, and their indices are mapped.
const SUBMISSIONS: i64 = 0;
const ENTRIES: i64 = 0x1000_0000;

/// A ring of eight entries.
struct Ring {
    fd: i32,
    queue: *mut u8,
    entries: *mut [u8; 64],
    params: Params,
}

impl Ring {
    /// `None` where this kernel gives none.
    fn new() -> Option<Self> {
        let mut params: Params = [0; 30];
        // SAFETY: parameters of the right size; mappings of the sizes that the kernel gave.
        unsafe {
            let fd = libc::syscall(libc::SYS_io_uring_setup, 8, params.as_mut_ptr()) as i32;
            if fd < 0 {
                return None;
            }
            let map = |size, at| {
                let (protection, flags) =
                    (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
                libc::mmap(std::ptr::null_mut(), size, protection, flags, fd, at).cast::<u8>()
            };
            let (queue, entries) = (map(4096, SUBMISSIONS), map(8 * 64, ENTRIES).cast());
            Some(Self { fd, queue, entries, params })
        }
    }

    /// Submits one call and waits for its end.
    fn submit(&self, operation: u8, flags: u8, fd: i32, address: u64, length: u32, options: u32) {
        let [_, tail, mask, _, _, _, array] = [10, 11, 12, 13, 14, 15, 16].map(|at| self.params[at] as usize);
        // SAFETY: places that the kernel named, in mappings of ours.
        unsafe {
            let tail = self.queue.add(tail).cast::<u32>();
            let index = *tail & *self.queue.add(mask).cast::<u32>();
            let entry = &mut *self.entries.add(index as usize);
            *entry = [0; 64];
            (entry[0], entry[1]) = (operation, flags);
            entry[4..8].copy_from_slice(&fd.to_ne_bytes());
            entry[16..24].copy_from_slice(&address.to_ne_bytes());
            entry[24..28].copy_from_slice(&length.to_ne_bytes());
            entry[28..32].copy_from_slice(&options.to_ne_bytes());
            *self.queue.add(array).cast::<u32>().add(index as usize) = index;
            std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
            *tail += 1;
            std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
            libc::syscall(libc::SYS_io_uring_enter, self.fd, 1, 1, 1, 0, 0);
        }
    }
}

const NOP: u8 = 0;
const OPENAT: u8 = 18;
const UNLINKAT: u8 = 36;
/// Not by the thread that submits it.
const ASYNC: u8 = 16;

#[test]
fn an_open_by_a_ring_is_an_open_and_nothing_else_is_silent() {
    let Some(lab) = Lab::start("io-uring-open", &[]) else { return };
    let (file, none) = (lab.path("file"), lab.path("none"));
    std::fs::write(lab.dir.path().join("file"), "x").unwrap();
    let subject = lab.subject(|| {
        let Some(ring) = Ring::new() else { return 77 };
        let at = libc::AT_FDCWD;
        ring.submit(OPENAT, 0, at, file.as_ptr() as u64, 0, libc::O_CLOEXEC as u32);
        ring.submit(OPENAT, 0, at, none.as_ptr() as u64, 0, 0);
        let create = (libc::O_CREAT | libc::O_WRONLY) as u32;
        ring.submit(OPENAT, ASYNC, at, file.as_ptr() as u64, 0o600, create);
        ring.submit(NOP, 0, 0, 0, 0, 0);
        ring.submit(UNLINKAT, 0, at, file.as_ptr() as u64, 0, 0);
        0
    });
    let status = subject.wait();
    if libc::WEXITSTATUS(status) == 77 {
        println!("SKIP an_open_by_a_ring_is_an_open_and_nothing_else_is_silent: this kernel gives no ring");
        return;
    }
    assert_eq!(status, 0);
    let (folder, path) = (lab.dir.path().to_owned(), lab.dir.path().join("file"));
    let (events, counters) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    let told: Vec<_> = opens.iter().map(|open| (open.flags.meant(), open.result)).collect();
    assert_eq!(told.len(), 3, "{opens:?}");
    assert!(matches!(told[0], (OpenFlags(0o2000000), Outcome::Ok(_))), "{told:?}");
    assert_eq!(told[1], (OpenFlags(0), Outcome::Errno(Errno(libc::ENOENT))));
    assert!(matches!(told[2], (OpenFlags(0o101), Outcome::Ok(_))), "{told:?}");
    let path = lab_model::Text::from(path.to_str().unwrap());
    assert_eq!(opens[0].path, path);
    assert!(opens[1].path.contains("/none") && opens[1].opened.is_none());
    for open in [&opens[0], &opens[2]] {
        assert_eq!(open.opened.as_ref().unwrap().path.as_ref(), Some(&path), "{open:?}");
    }
    let by_ring = |event: &&lab_model::Event| event.raw.get("by").is_some_and(|by| by == "io_uring");
    assert_eq!(events.iter().filter(by_ring).count(), 3);
    assert_eq!(
        self::told(&events, subject.pid, &folder)[1..],
        [
            "io-uring call=submit operation=IORING_OP_NOP -> ok",
            "io-uring call=submit operation=IORING_OP_UNLINKAT -> ok"
        ]
    );
    assert_eq!(counters.programs["io-uring"].received, 3);
    assert_eq!(counters.programs["open"].in_flight, 0);
}
