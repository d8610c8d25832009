//! Directories, links, permissions, owners, lengths, nodes: each by every call, granted and refused.

use crate::lab::{Lab, told};

#[test]
fn directories() {
    let Some(lab) = Lab::start("mkdir", &[]) else { return };
    let (dir, deep) = (lab.path("dir"), lab.path("none/deep"));
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_mkdir, dir.as_ptr(), 0o750);
        libc::syscall(libc::SYS_mkdir, dir.as_ptr(), 0o1777);
        libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, deep.as_ptr(), 0o700);
        libc::syscall(libc::SYS_mkdirat, 1_000_000, c"below".as_ptr(), 0o700);
        libc::syscall(libc::SYS_mkdir, 8, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            r#"mkdir path="W/dir" mode=0750 -> ok"#,
            r#"mkdir path="W/dir" mode=01777 -> EEXIST"#,
            r#"mkdir path="W/none/deep" mode=0700 -> ENOENT"#,
            r#"mkdir path="below" mode=0700 -> EBADF"#,
            r#"mkdir path="" mode=00 -> EFAULT"#,
        ]
    );
    let by_descriptor = events.iter().find(|event| event.raw.contains_key("dirfd")).unwrap();
    assert_eq!(by_descriptor.raw["dirfd"], 1_000_000);
    let times: Vec<_> = events.iter().map(|event| event.time).collect();
    assert!(times.iter().all(|time| time.began_ns.is_none_or(|began| began <= time.ns)));
}

#[test]
fn links() {
    let Some(lab) = Lab::start("link", &[]) else { return };
    std::fs::write(lab.dir.path().join("a"), "x").unwrap();
    let (a, b, c, l) = (lab.path("a"), lab.path("b"), lab.path("c"), lab.path("l"));
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        let cwd = libc::AT_FDCWD;
        libc::syscall(libc::SYS_link, a.as_ptr(), b.as_ptr());
        libc::syscall(libc::SYS_link, a.as_ptr(), b.as_ptr());
        libc::syscall(libc::SYS_linkat, cwd, c.as_ptr(), cwd, b.as_ptr(), libc::AT_SYMLINK_FOLLOW);
        libc::syscall(libc::SYS_symlink, c"/etc/shadow".as_ptr(), l.as_ptr());
        libc::syscall(libc::SYS_symlinkat, c"/etc/shadow".as_ptr(), cwd, l.as_ptr());
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            r#"link from="W/a" to="W/b" -> ok"#,
            r#"link from="W/a" to="W/b" -> EEXIST"#,
            r#"link from="W/c" to="W/b" -> ENOENT"#,
            r#"symlink path="W/l" to="/etc/shadow" -> ok"#,
            r#"symlink path="W/l" to="/etc/shadow" -> EEXIST"#,
        ]
    );
}

#[test]
fn permissions_and_owners() {
    let Some(lab) = Lab::start("chmod", &[]) else { return };
    std::fs::write(lab.dir.path().join("a"), "x").unwrap();
    let (a, none) = (lab.path("a"), lab.path("none"));
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        let cwd = libc::AT_FDCWD;
        let fd = libc::syscall(libc::SYS_openat, cwd, a.as_ptr(), libc::O_RDONLY);
        libc::syscall(libc::SYS_chmod, a.as_ptr(), 0o4755);
        libc::syscall(libc::SYS_chmod, none.as_ptr(), 0o600);
        libc::syscall(libc::SYS_fchmod, fd, 0o640);
        libc::syscall(libc::SYS_fchmod, -1, 0o640);
        libc::syscall(libc::SYS_fchmodat, cwd, a.as_ptr(), 0o600);
        libc::syscall(452, cwd, none.as_ptr(), 0o600, libc::AT_SYMLINK_NOFOLLOW);
        libc::syscall(libc::SYS_chown, a.as_ptr(), 1000, -1);
        libc::syscall(libc::SYS_lchown, none.as_ptr(), -1, 1000);
        libc::syscall(libc::SYS_fchown, fd, 0, 0);
        libc::syscall(libc::SYS_fchownat, cwd, c"".as_ptr(), 0, 0, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            r#"chmod path="W/a" mode=04755 -> ok"#,
            r#"chmod path="W/none" mode=0600 -> ENOENT"#,
            "chmod mode=0640 -> ok",
            "chmod mode=0640 -> EBADF",
            r#"chmod path="W/a" mode=0600 -> ok"#,
            r#"chmod path="W/none" mode=0600 -> ENOENT"#,
            r#"chown path="W/a" owner=1000 group=- -> ok"#,
            r#"chown path="W/none" owner=- group=1000 -> ENOENT"#,
            "chown owner=0 group=0 -> ok",
            r#"chown path="" owner=0 group=0 -> ENOENT"#,
        ]
    );
}

#[test]
fn lengths_and_nodes() {
    let Some(lab) = Lab::start("truncate", &[]) else { return };
    std::fs::write(lab.dir.path().join("a"), "x").unwrap();
    let (a, fifo, none) = (lab.path("a"), lab.path("fifo"), lab.path("none/x"));
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        let cwd = libc::AT_FDCWD;
        let fd = libc::syscall(libc::SYS_openat, cwd, a.as_ptr(), libc::O_RDONLY);
        libc::syscall(libc::SYS_truncate, a.as_ptr(), 1_i64 << 33);
        libc::syscall(libc::SYS_truncate, a.as_ptr(), -1_i64);
        libc::syscall(libc::SYS_ftruncate, fd, 5_i64);
        libc::syscall(libc::SYS_mknod, fifo.as_ptr(), libc::S_IFIFO | 0o600, 77);
        libc::syscall(libc::SYS_mknodat, cwd, none.as_ptr(), libc::S_IFCHR | 0o666, 0x103);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            r#"truncate path="W/a" length=8589934592 -> ok"#,
            r#"truncate path="W/a" length=-1 -> EINVAL"#,
            "truncate length=5 -> EINVAL",
            r#"mknod path="W/fifo" mode=010600 device=0 -> ok"#,
            r#"mknod path="W/none/x" mode=020666 device=259 -> ENOENT"#,
        ]
    );
}
