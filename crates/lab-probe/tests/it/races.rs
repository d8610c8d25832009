//! What was opened, while somebody makes the caller's words mean something else: it is told as the kernel has it, or it
//! is told that it may be otherwise (`by_fd`), and never wrong as certain.

use std::{
    ffi::CString,
    fs,
    os::unix::fs::{MetadataExt, symlink},
    ptr::null_mut,
    sync::atomic::{AtomicU64, Ordering},
};

use lab_model::{Open, Opened};

use crate::lab::{Lab, Subject, call, of, open};

/// Opens in each race.
const OPENS: usize = 1000;
/// After so many the opener waits for the meddler, who may have been put aside in the middle of a name for longer than all
/// opens take.
const OPENS_IN_A_ROW: usize = 100;

/// Memory that processes share.
struct Shared(*mut u8);

impl Shared {
    fn new() -> Self {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping, wherever the kernel likes.
        let at = unsafe { libc::mmap(null_mut(), Self::BYTES, access, kind, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        Self(at.cast())
    }

    const BYTES: usize = 4096 + 8 * OPENS;

    /// A path at the beginning.
    fn path(&self) -> *const libc::c_char {
        self.0.cast()
    }

    /// Puts a path there, byte by byte, as one who wants to deceive would.
    fn put(&self, path: &CString) {
        for (at, byte) in path.as_bytes_with_nul().iter().enumerate() {
            // SAFETY: paths here are shorter than the first page.
            unsafe { self.0.add(at).write_volatile(*byte) };
        }
    }

    /// How often the meddler has come round; it shares the first page with the path, which is far shorter.
    fn rounds(&self) -> &AtomicU64 {
        // SAFETY: in the mapping, aligned, and used in no other way.
        unsafe { AtomicU64::from_ptr(self.0.add(4088).cast()) }
    }

    /// The inodes that the opener found behind its descriptors.
    fn found(&self, at: usize) -> *mut u64 {
        // SAFETY: in the mapping for every index that is used.
        unsafe { self.0.add(4096).cast::<u64>().add(at) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: our own mapping.
        unsafe { libc::munmap(self.0.cast(), Self::BYTES) };
    }
}

/// Opens a path again and again, and keeps the inode that the descriptor stands for. Nothing but system calls.
fn opener(path: *const libc::c_char, shared: &Shared) -> i32 {
    for at in 0..OPENS {
        if at % OPENS_IN_A_ROW == 0 {
            let before = shared.rounds().load(Ordering::Relaxed);
            while shared.rounds().load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
        }
        // SAFETY: a string that ends, whatever others write before its end; descriptor and buffer are our own.
        unsafe {
            let fd = call(libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, libc::O_RDONLY));
            let mut found: libc::stat = std::mem::zeroed();
            let inode = if fd >= 0 && libc::fstat(fd, &raw mut found) == 0 { found.st_ino } else { 0 };
            shared.found(at).write_volatile(inode);
            if fd >= 0 {
                libc::close(fd);
            }
        }
    }
    0
}

/// A process outside the scope that does something until it is killed.
struct Meddler(i32);

impl Meddler {
    fn start(shared: &Shared, mut meddle: impl FnMut()) -> Self {
        // SAFETY: the child makes system calls only, until it is killed.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            loop {
                meddle();
                shared.rounds().fetch_add(1, Ordering::Relaxed);
            }
        }
        assert!(pid > 0);
        Self(pid)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        // SAFETY: our own child.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, null_mut(), 0);
        }
    }
}

fn file(lab: &Lab, name: &str) -> (CString, u64) {
    let path = lab.dir.path().join(name);
    fs::write(&path, name).unwrap();
    (lab.path(name), fs::metadata(&path).unwrap().ino())
}

/// What the events say was opened, by the opener's calls in order; prints how many are by descriptor.
fn told(test: &str, opens: &[Open]) -> Vec<Option<Opened>> {
    let told: Vec<Option<Opened>> = opens.iter().map(|open| open.opened.as_deref().cloned()).collect();
    let by_fd = told.iter().flatten().filter(|opened| opened.by_fd).count();
    println!("{test}: {by_fd} of {} by descriptor", told.len());
    told
}

#[test]
fn a_path_that_is_swapped_meanwhile() {
    let Some(lab) = Lab::start("race-path", &["--ring-bytes", "16777216"]) else { return };
    let [(one, one_ino), (two, two_ino)] = ["wanted", "wicked"].map(|name| file(&lab, name));
    let shared = Shared::new();
    shared.put(&one);
    let meddler = Meddler::start(&shared, || {
        shared.put(&two);
        shared.put(&one);
    });
    let subject = lab.subject(|| opener(shared.path(), &shared));
    assert_eq!(subject.wait(), 0);
    drop(meddler);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!(opens.len(), OPENS);
    let mut found = [0; 2];
    for (at, opened) in told("a path that is swapped", &opens).into_iter().enumerate() {
        // SAFETY: the opener has ended.
        let inode = unsafe { shared.found(at).read() };
        // A torn name is none that exists; then nothing was opened.
        assert_eq!(opened.as_ref().map_or(0, |opened| opened.file.ino), inode, "open {at}");
        if let Some(path) = opened.and_then(|opened| opened.path) {
            let name = if inode == one_ino { &one } else { &two };
            assert_eq!(path.as_bytes(), name.as_bytes(), "open {at}");
            found[usize::from(inode == two_ino)] += 1;
        }
    }
    println!("a path that is swapped: {found:?} of {OPENS}");
    assert!(found.iter().sum::<usize>() > 0);
}

#[test]
fn a_link_that_is_turned_meanwhile() {
    let Some(lab) = Lab::start("race-link", &["--ring-bytes", "16777216"]) else { return };
    let [(one, one_ino), (two, _)] = ["wanted", "wicked"].map(|name| file(&lab, name));
    let folder = lab.dir.path();
    for (name, to) in [("to-one", "wanted"), ("to-two", "wicked"), ("link", "wanted")] {
        symlink(to, folder.join(name)).unwrap();
    }
    let [link, to_one, to_two] = ["link", "to-one", "to-two"].map(|name| lab.path(name));
    // Exchanged, the link is never absent.
    let exchange = |a: &CString, b: &CString| {
        // SAFETY: two valid strings.
        unsafe {
            libc::syscall(
                libc::SYS_renameat2,
                libc::AT_FDCWD,
                a.as_ptr(),
                libc::AT_FDCWD,
                b.as_ptr(),
                libc::RENAME_EXCHANGE,
            )
        };
    };
    let shared = Shared::new();
    let meddler = Meddler::start(&shared, || {
        exchange(&link, &to_two);
        exchange(&link, &to_two);
        exchange(&to_one, &to_one);
    });
    let subject = lab.subject(|| opener(link.as_ptr(), &shared));
    assert_eq!(subject.wait(), 0);
    drop(meddler);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!(opens.len(), OPENS);
    for (at, opened) in told("a link that is turned", &opens).into_iter().enumerate() {
        let opened = opened.unwrap_or_else(|| panic!("open {at} has nothing opened: {:?}", opens[at]));
        // SAFETY: the opener has ended.
        let inode = unsafe { shared.found(at).read() };
        let name = if inode == one_ino { &one } else { &two };
        assert_eq!((opened.file.ino, opened.path.unwrap().as_bytes()), (inode, name.as_bytes()), "open {at}");
        assert_eq!(opens[at].path.as_bytes(), link.as_bytes());
    }
}

#[test]
fn a_descriptor_that_is_replaced_meanwhile() {
    let Some(lab) = Lab::start("race-fd", &["--ring-bytes", "16777216"]) else { return };
    let [(one, one_ino), (two, two_ino)] = ["wanted", "wicked"].map(|name| file(&lab, name));
    let subject: Subject = lab.subject(|| {
        let other = open(&two, libc::O_RDONLY);
        let next = open(&one, libc::O_RDONLY);
        // SAFETY: descriptors of our own; the child shares them and nothing else, until it is killed.
        unsafe {
            libc::close(next);
            let flags = libc::CLONE_FILES | libc::SIGCHLD;
            let child = call(libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0));
            if child == 0 {
                loop {
                    libc::syscall(libc::SYS_dup3, other, next, 0);
                    libc::syscall(libc::SYS_close, next);
                }
            }
            for _ in 0..OPENS {
                let fd = open(&one, libc::O_RDONLY);
                if fd >= 0 {
                    libc::close(fd);
                }
            }
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, null_mut(), 0);
        }
        0
    });
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    assert_eq!(opens.len(), OPENS + 2);
    let mut right = 0;
    for opened in told("a descriptor that is replaced", &opens[2..]).into_iter().flatten() {
        // It was always the same file that was opened: whoever says otherwise must say that it may be wrong.
        if opened.file.ino == one_ino {
            right += 1;
        } else {
            assert!(opened.by_fd && opened.file.ino == two_ino, "{opened:?}");
        }
    }
    println!("a descriptor that is replaced: {right} of {OPENS} right");
}
