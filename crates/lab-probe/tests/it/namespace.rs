//! Where a process is: its cgroup, its own pid and mount namespaces, and its pid there.

use std::{
    ffi::CStr,
    fs,
    os::unix::fs::MetadataExt as _,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use lab_model::{Event, NamespacedPid, Payload};

use crate::lab::{Lab, open, subject_in};

const MOUNTS: &CStr = c"/proc/self/ns/mnt";
const PIDS: &CStr = c"/proc/self/ns/pid";
const PIDS_OF_CHILDREN: &CStr = c"/proc/self/ns/pid_for_children";

/// Inode of a file, by a system call alone; 0 if there is none.
fn inode(path: &CStr) -> u64 {
    // SAFETY: a valid string and a struct of plain numbers that the call fills in.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        if libc::stat(path.as_ptr(), &raw mut stat) == 0 { stat.st_ino } else { 0 }
    }
}

/// Memory that a subject and this process share.
fn shared() -> &'static [AtomicU64; 3] {
    let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping of zeros, longer than three numbers, that is never taken away.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        &*page.cast()
    }
}

/// Cgroup, mount namespace, pid namespace and pid there, as the only open of a process has them.
fn place(events: &[Event], pid: u32) -> (Option<u64>, Option<u64>, Option<NamespacedPid>) {
    let mut opens =
        events.iter().filter(|e| e.image.pid == Some(pid) && matches!(e.payload, Payload::Open(_)));
    let image = &opens.next().expect("it opened a file").image;
    assert!(opens.next().is_none());
    (image.cgroup, image.mount_namespace, image.in_namespace)
}

#[test]
fn an_event_says_in_which_cgroup_and_namespaces() {
    let Some(lab) = Lab::start("namespace", &[]) else { return };
    let inner = lab.cgroup.join("inner");
    fs::create_dir(&inner).unwrap();
    let (path, told) = (lab.path("file"), shared());
    let plain = lab.subject(|| open(&path, libc::O_RDONLY).min(0));
    plain.wait();
    let apart = subject_in(&inner, || {
        // SAFETY: system calls; the child ends by `_exit`.
        unsafe {
            if libc::unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS) != 0 {
                return 1;
            }
            // Who unshares a pid namespace stays where it is; its next child is process 1 of the new one.
            let child = libc::fork();
            if child == 0 {
                open(&path, libc::O_RDONLY);
                libc::_exit(0);
            }
            told[0].store(child as u64, SeqCst);
            told[1].store(inode(MOUNTS), SeqCst);
            told[2].store(inode(PIDS_OF_CHILDREN), SeqCst);
            libc::waitpid(child, std::ptr::null_mut(), 0);
        }
        open(&path, libc::O_RDONLY);
        0
    });
    assert_eq!(apart.wait(), 0, "unshare was refused");
    let [outer, nested] = [&lab.cgroup, &inner].map(|cgroup| fs::metadata(cgroup).unwrap().ino());
    fs::remove_dir(&inner).unwrap();
    let (mounts, pids) = (inode(MOUNTS), inode(PIDS));
    let [child, new_mounts, new_pids] = told.each_ref().map(|number| number.load(SeqCst));
    assert!(![0, mounts].contains(&new_mounts) && ![0, pids].contains(&new_pids));

    let (events, _) = lab.stop();
    let there = |namespace, pid| Some(NamespacedPid { namespace, pid });
    assert_eq!(place(&events, plain.pid), (Some(outer), Some(mounts), there(pids, plain.pid)));
    assert_eq!(place(&events, apart.pid), (Some(nested), Some(new_mounts), there(pids, apart.pid)));
    assert_eq!(place(&events, child as u32), (Some(nested), Some(new_mounts), there(new_pids, 1)));
}
