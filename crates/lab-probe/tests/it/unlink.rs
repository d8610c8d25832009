//! Names removed.

use lab_model::{Errno, Outcome};

use crate::lab::{Lab, of};

#[test]
fn unlink_by_every_call() {
    let Some(lab) = Lab::start("unlink", &[]) else { return };
    let (file, dir) = (lab.path("file"), lab.path("dir"));
    std::fs::write(lab.dir.path().join("file"), "x").unwrap();
    std::fs::create_dir(lab.dir.path().join("dir")).unwrap();
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_unlink, file.as_ptr());
        libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, file.as_ptr(), 0);
        libc::syscall(libc::SYS_rmdir, dir.as_ptr());
        libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, dir.as_ptr(), libc::AT_REMOVEDIR);
        0
    });
    subject.wait();
    let (events, _) = lab.stop();
    let seen: Vec<_> = of!(events, subject.pid, Unlink)
        .into_iter()
        .map(|u| (u.path.as_bytes().to_vec(), u.directory, u.result))
        .collect();
    let (file, dir) = (file.into_bytes(), dir.into_bytes());
    let gone = Outcome::Errno(Errno(libc::ENOENT));
    assert_eq!(
        seen,
        [
            (file.clone(), false, Outcome::Ok(0)),
            (file, false, gone),
            (dir.clone(), true, Outcome::Ok(0)),
            (dir, true, gone),
        ]
    );
}
