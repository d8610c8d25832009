//! Names moved.

use lab_model::{Errno, Outcome};

use crate::lab::{Lab, of};

#[test]
fn rename_by_every_call() {
    let Some(lab) = Lab::start("rename", &[]) else { return };
    let (a, b) = (lab.path("a"), lab.path("b"));
    std::fs::write(lab.dir.path().join("a"), "x").unwrap();
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        let cwd = libc::AT_FDCWD;
        libc::syscall(libc::SYS_rename, a.as_ptr(), b.as_ptr());
        libc::syscall(libc::SYS_renameat, cwd, b.as_ptr(), cwd, a.as_ptr());
        libc::syscall(libc::SYS_renameat2, cwd, b.as_ptr(), cwd, a.as_ptr(), libc::RENAME_NOREPLACE);
        0
    });
    subject.wait();
    let (events, _) = lab.stop();
    let seen: Vec<_> = of!(events, subject.pid, Rename)
        .into_iter()
        .map(|r| (r.from.as_bytes().to_vec(), r.to.as_bytes().to_vec(), r.result))
        .collect();
    let (a, b) = (a.into_bytes(), b.into_bytes());
    assert_eq!(
        seen,
        [
            (a.clone(), b.clone(), Outcome::Ok(0)),
            (b.clone(), a.clone(), Outcome::Ok(0)),
            (b, a, Outcome::Errno(Errno(libc::ENOENT))),
        ]
    );
}
