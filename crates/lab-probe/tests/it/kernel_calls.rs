//! Mounts, modules, eBPF, keys: by every call; where a kernel refuses, its refusal is what is seen.

use std::ffi::CString;

use crate::lab::{Lab, told};

#[test]
fn mounts() {
    let Some(lab) = Lab::start("mount", &[]) else { return };
    let (dir, none) = (lab.path("dir"), lab.path("none"));
    std::fs::create_dir(lab.dir.path().join("dir")).unwrap();
    // SAFETY: valid strings, and null where that is allowed. In a mount namespace of its own.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_unshare, libc::CLONE_NEWNS);
        let private = libc::MS_REC | libc::MS_PRIVATE;
        libc::syscall(libc::SYS_mount, 0, c"/".as_ptr(), 0, private, 0);
        let (kind, flags) = (c"tmpfs".as_ptr(), 0xc0ed_0000 | libc::MS_NOSUID);
        libc::syscall(libc::SYS_mount, c"src".as_ptr(), dir.as_ptr(), kind, flags, 0);
        libc::syscall(libc::SYS_mount, c"src".as_ptr(), none.as_ptr(), c"nofs".as_ptr(), 0, 0);
        libc::syscall(libc::SYS_umount2, dir.as_ptr(), libc::MNT_DETACH);
        libc::syscall(libc::SYS_umount2, none.as_ptr(), 0);
        libc::syscall(libc::SYS_pivot_root, none.as_ptr(), dir.as_ptr());
        libc::syscall(429, libc::AT_FDCWD, none.as_ptr(), libc::AT_FDCWD, dir.as_ptr(), 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    let told = told(&events, subject.pid, &folder);
    // The kernel looks for the type or for the folder first, as it likes.
    assert!(
        told[3].starts_with(r#"mount call=mount from="src" to="W/none" fstype="nofs" flags=0 -> E"#),
        "{told:?}"
    );
    assert_eq!(
        [&told[..3], &told[4..]].concat(),
        [
            "namespace call=unshare flags=CLONE_NEWNS -> ok",
            r#"mount call=mount to="/" flags=MS_REC|MS_PRIVATE -> ok"#,
            r#"mount call=mount from="src" to="W/dir" fstype="tmpfs" flags=MS_NOSUID -> ok"#,
            r#"mount call=umount2 to="W/dir" unmount=MNT_DETACH -> ok"#,
            r#"mount call=umount2 to="W/none" unmount=0 -> ENOENT"#,
            r#"mount call=pivot_root from="W/none" to="W/dir" -> ENOENT"#,
            r#"mount call=move_mount from="W/none" to="W/dir" -> ENOENT"#,
        ]
    );
}

/// What was told, without the result: whether these are granted is the kernel's and the machine's affair.
fn asked(told: &[String]) -> Vec<&str> {
    told.iter().map(|line| line.rsplit_once(" -> ").unwrap().0).collect()
}

#[test]
fn modules() {
    let Some(lab) = Lab::start("module", &[]) else { return };
    // On pages that the subject has: a kernel that refuses these outright touches none.
    let [x, debug, name] = [c"x=1", c"debug=1 password=hunter2", c"no_such_module"].map(CString::from);
    // SAFETY: valid strings; there is nothing to load.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_init_module, 0, 0, x.as_ptr());
        libc::syscall(libc::SYS_finit_module, -1, debug.as_ptr(), 0);
        libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    let told = told(&events, subject.pid, &folder);
    assert_eq!(
        asked(&told),
        [
            r#"module call=init_module parameters="x=1""#,
            r#"module call=finit_module parameters="debug=1 password=*******""#,
            r#"module call=delete_module name="no_such_module""#,
        ]
    );
    assert!(told.iter().all(|line| line.contains(" -> E")), "{told:?}");
}

#[test]
fn ebpf() {
    let Some(lab) = Lab::start("bpf", &[]) else { return };
    let mut map = [0_u32; 32];
    map[..4].copy_from_slice(&[2, 4, 8, 1]);
    let mut program = [0_u32; 32];
    program[0] = 5;
    // SAFETY: attributes of the right size.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_bpf, 0, map.as_ptr(), 128);
        libc::syscall(libc::SYS_bpf, 5, program.as_ptr(), 128);
        libc::syscall(libc::SYS_bpf, 11, 0, 0);
        libc::syscall(libc::SYS_bpf, 999, map.as_ptr(), 128);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    let told = told(&events, subject.pid, &folder);
    assert_eq!(
        asked(&told),
        [
            "bpf command=BPF_MAP_CREATE kind=2",
            "bpf command=BPF_PROG_LOAD kind=5",
            "bpf command=BPF_PROG_GET_NEXT_ID",
            "bpf command=999"
        ]
    );
    assert!(!told[0].contains(" -> E") && told[1].contains(" -> E"), "root may make a map: {told:?}");
    assert!(told[3].ends_with("-> EINVAL"), "{told:?}");
}

#[test]
fn keys() {
    let Some(lab) = Lab::start("keyctl", &[]) else { return };
    let (kind, name) = (c"user".as_ptr(), c"sightline".as_ptr());
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        let process = -2_i64;
        libc::syscall(libc::SYS_add_key, kind, name, c"content".as_ptr(), 7, process);
        libc::syscall(libc::SYS_add_key, kind, name, c"content".as_ptr(), 7, i32::MAX);
        libc::syscall(libc::SYS_request_key, kind, c"no such key".as_ptr(), 0, 0);
        libc::syscall(libc::SYS_keyctl, 7, process);
        libc::syscall(libc::SYS_keyctl, 3, i32::MAX);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, spool) = lab.stop_with_spool();
    let told = told(&events, subject.pid, &folder);
    assert_eq!(
        asked(&told),
        [
            r#"keyctl call=add_key key_type="user" description="sightline""#,
            r#"keyctl call=add_key key_type="user" description="sightline""#,
            r#"keyctl call=request_key key_type="user" description="no such key""#,
            "keyctl call=keyctl operation=KEYCTL_CLEAR",
            "keyctl call=keyctl operation=KEYCTL_REVOKE",
        ]
    );
    assert!(!told[0].contains(" -> E") && told[1].contains(" -> E") && told[4].contains(" -> E"), "{told:?}");
    assert!(!spool.windows(7).any(|window| window == b"content"), "what a key holds is nobody's business");
}
