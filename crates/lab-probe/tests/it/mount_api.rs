//! Mounts made piece by piece, by the calls that came after mount.

use crate::lab::{Lab, told};

const FSOPEN: i64 = 430;
const FSCONFIG: i64 = 431;
const FSMOUNT: i64 = 432;
const FSPICK: i64 = 433;
const OPEN_TREE: i64 = 428;
const OPEN_TREE_ATTR: i64 = 467;
const MOUNT_SETATTR: i64 = 442;
const MOVE_MOUNT: i64 = 429;
const EMPTY_PATH: i32 = 4;
const SET_STRING: i32 = 1;
const CREATE: i32 = 6;

#[test]
fn a_file_system_is_made_configured_mounted_and_changed() {
    let Some(lab) = Lab::start("mount-api", &[]) else { return };
    let (dir, none) = (lab.path("dir"), lab.path("none"));
    std::fs::create_dir(lab.dir.path().join("dir")).unwrap();
    let attributes = [1_u64 | 8, 0, 0, 0];
    let unknown = [1_u64 << 40, 0, 0, 0];
    // SAFETY: valid strings and structures. In a mount namespace of its own.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_unshare, libc::CLONE_NEWNS);
        libc::syscall(libc::SYS_mount, 0, c"/".as_ptr(), 0, libc::MS_REC | libc::MS_PRIVATE, 0);
        let fs = libc::syscall(FSOPEN, c"tmpfs".as_ptr(), 1);
        libc::syscall(FSOPEN, c"nofs".as_ptr(), 0);
        libc::syscall(FSCONFIG, fs, SET_STRING, c"source".as_ptr(), c"src".as_ptr(), 0);
        libc::syscall(FSCONFIG, fs, SET_STRING, c"password".as_ptr(), c"hunter2".as_ptr(), 0);
        libc::syscall(FSCONFIG, fs, CREATE, 0, 0, 0);
        let mount = libc::syscall(FSMOUNT, fs, 1, 2 | 4);
        libc::syscall(FSMOUNT, -1, 0, 0);
        libc::syscall(MOVE_MOUNT, mount, c"".as_ptr(), libc::AT_FDCWD, dir.as_ptr(), EMPTY_PATH);
        libc::syscall(MOUNT_SETATTR, libc::AT_FDCWD, dir.as_ptr(), 0, attributes.as_ptr(), 32);
        libc::syscall(MOUNT_SETATTR, libc::AT_FDCWD, dir.as_ptr(), 0, unknown.as_ptr(), 32);
        libc::syscall(OPEN_TREE, libc::AT_FDCWD, dir.as_ptr(), 1);
        libc::syscall(OPEN_TREE, libc::AT_FDCWD, none.as_ptr(), 1);
        libc::syscall(OPEN_TREE_ATTR, libc::AT_FDCWD, dir.as_ptr(), 1, attributes.as_ptr(), 32);
        libc::syscall(OPEN_TREE_ATTR, libc::AT_FDCWD, none.as_ptr(), 1, attributes.as_ptr(), 32);
        libc::syscall(FSPICK, libc::AT_FDCWD, dir.as_ptr(), 0);
        libc::syscall(FSPICK, libc::AT_FDCWD, none.as_ptr(), 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, spool) = lab.stop_with_spool();
    let told: Vec<String> = told(&events, subject.pid, &folder)[2..]
        .iter()
        // Descriptors.
        .map(|line| line.trim_end_matches(|c: char| c.is_ascii_digit()).replace(" -> ok", " -> "))
        .collect();
    // Since 6.15.
    // SAFETY: no descriptor, and nothing is pointed at.
    let there = unsafe { libc::syscall(OPEN_TREE_ATTR, -1, 0, 0, 0, 0) } < 0
        && std::io::Error::last_os_error().raw_os_error() != Some(libc::ENOSYS);
    let (done, refused) = if there { ("", "ENOENT") } else { ("ENOSYS", "ENOSYS") };
    let of_tree = |from: &str, result: &str| {
        format!(
            r#"mount call=open_tree_attr from="W/{from}" to="" attributes=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOEXEC -> {result}"#
        )
    };
    assert_eq!(
        told,
        [
            r#"mount call=fsopen to="" fstype="tmpfs" -> "#,
            r#"mount call=fsopen to="" fstype="nofs" -> ENODEV"#,
            r#"mount call=fsconfig to="" command=FSCONFIG_SET_STRING option="source=src" -> "#,
            r#"mount call=fsconfig to="" command=FSCONFIG_SET_STRING option="password" -> EINVAL"#,
            r#"mount call=fsconfig to="" command=FSCONFIG_CMD_CREATE -> "#,
            r#"mount call=fsmount to="" attributes=MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV -> "#,
            r#"mount call=fsmount to="" attributes=0 -> EBADF"#,
            r#"mount call=move_mount from="" to="W/dir" -> "#,
            r#"mount call=mount_setattr to="W/dir" attributes=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOEXEC -> "#,
            r#"mount call=mount_setattr to="W/dir" attributes=0 -> EINVAL"#,
            r#"mount call=open_tree from="W/dir" to="" -> "#,
            r#"mount call=open_tree from="W/none" to="" -> ENOENT"#,
            &of_tree("dir", done),
            &of_tree("none", refused),
            r#"mount call=fspick to="W/dir" -> "#,
            r#"mount call=fspick to="W/none" -> ENOENT"#,
        ]
    );
    assert!(!spool.windows(7).any(|window| window == b"hunter2"), "the value of an option may be a password");
}
