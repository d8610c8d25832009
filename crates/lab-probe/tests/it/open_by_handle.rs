//! Files opened by the file system's own name for them.

use std::os::unix::ffi::OsStrExt;

use lab_model::{Errno, Outcome};

use crate::lab::{Lab, of};

#[test]
fn by_handle() {
    let Some(lab) = Lab::start("open-by-handle", &[]) else { return };
    let name = lab.path("file");
    std::fs::write(lab.dir.path().join("file"), "x").unwrap();
    let mut handle = [0_u32; 34];
    handle[0] = 128;
    let mut mount = 0;
    // SAFETY: valid strings, and room for a handle of 128 bytes.
    let made = unsafe {
        let (at, handle) = (libc::AT_FDCWD, handle.as_mut_ptr());
        libc::syscall(libc::SYS_name_to_handle_at, at, name.as_ptr(), handle, &raw mut mount, 0)
    };
    if made != 0 {
        println!("SKIP by_handle: this file system has no handles");
        return;
    }
    let folder = std::fs::File::open(lab.dir.path()).unwrap();
    let at = std::os::fd::AsRawFd::as_raw_fd(&folder);
    // SAFETY: a valid handle.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_open_by_handle_at, at, handle.as_ptr(), libc::O_WRONLY);
        libc::syscall(libc::SYS_open_by_handle_at, -1, handle.as_ptr(), libc::O_RDONLY);
        0
    });
    subject.wait();
    let path = lab.dir.path().join("file");
    let (events, _) = lab.stop();
    let [opened, refused]: [_; 2] = of!(events, subject.pid, Open).try_into().unwrap();
    assert_eq!((opened.path.as_bytes(), opened.flags.0), (&b""[..], 1));
    let file = opened.opened.unwrap();
    assert_eq!(file.path.unwrap().as_bytes(), path.as_os_str().as_bytes());
    assert!(matches!(opened.result, Outcome::Ok(_)));
    assert_eq!((refused.opened, refused.result), (None, Outcome::Errno(Errno(libc::EBADF))));
    assert!(events.iter().any(|event| event.raw.get("by").is_some_and(|by| by == "open_by_handle_at")));
}
