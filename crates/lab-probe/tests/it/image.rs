//! What stands behind an image: a file in memory, one that was deleted, one with another's rights, a script.

use std::{
    ffi::CString,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::PathBuf,
    ptr::null,
};

use lab_model::{Exec, Outcome};

use crate::lab::{Lab, Subject, call, copy_program, of};

/// A program that does nothing, and where it lies.
fn program(lab: &Lab, name: &str) -> (PathBuf, CString) {
    let path = lab.dir.path().join(name);
    copy_program("/bin/true", &path);
    (path, lab.path(name))
}

fn run(lab: &Lab, path: &CString) -> Subject {
    // SAFETY: valid strings and lists that end in null.
    let subject = lab.subject(|| unsafe {
        let argv = [path.as_ptr(), null()];
        call(libc::syscall(libc::SYS_execve, path.as_ptr(), argv.as_ptr(), &null::<u8>()))
    });
    subject.wait();
    subject
}

fn only(events: &[lab_model::Event], subject: &Subject) -> Exec {
    let [exec]: [Box<Exec>; 1] = of!(events, subject.pid, Exec).try_into().unwrap();
    *exec
}

#[test]
fn the_kernels_word_on_the_file() {
    let Some(lab) = Lab::start("image", &[]) else { return };
    let (plain_path, plain) = program(&lab, "plain");
    let (set_path, set) = program(&lab, "set");
    fs::set_permissions(&set_path, fs::Permissions::from_mode(0o6755)).unwrap();
    let (script_path, script) = program(&lab, "script");
    let interpreter = fs::canonicalize("/bin/sh").unwrap();
    let text = lab.dir.path().join("text");
    fs::write(&text, "#!/bin/sh -e\nexit 0\n").unwrap();
    copy_program(&text, &script_path);
    let (gone_path, _) = program(&lab, "gone");
    let (none, content) = (lab.path("none"), fs::read("/bin/true").unwrap());
    let subjects = [run(&lab, &plain), run(&lab, &set), run(&lab, &script), run(&lab, &none)];
    // SAFETY: valid strings, buffers and lists that end in null.
    let (deleted, memory) = unsafe {
        let gone = CString::new(gone_path.as_os_str().as_bytes()).unwrap();
        let execute = |fd: i32, name: &CString| {
            let argv = [name.as_ptr(), null()];
            let none = &null::<u8>();
            call(libc::syscall(
                libc::SYS_execveat,
                fd,
                c"".as_ptr(),
                argv.as_ptr(),
                none,
                libc::AT_EMPTY_PATH,
            ))
        };
        let deleted = lab.subject(|| {
            let fd = libc::open(gone.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            libc::unlink(gone.as_ptr());
            execute(fd, &gone)
        });
        let memory = lab.subject(|| {
            let fd = libc::memfd_create(c"payload".as_ptr(), libc::MFD_CLOEXEC);
            libc::write(fd, content.as_ptr().cast(), content.len());
            execute(fd, &gone)
        });
        (deleted, memory)
    };
    deleted.wait();
    memory.wait();
    let inode = |path: &PathBuf| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let inodes = [inode(&plain_path), inode(&set_path), inode(&interpreter)];
    let (events, _) = lab.stop();

    let [plain, set, script, none] = subjects.map(|subject| only(&events, &subject));
    let found = [&plain, &set, &script].map(|exec| exec.file.unwrap().ino);
    assert_eq!(found, inodes, "of a script it is the interpreter that runs");
    assert_eq!([&plain, &set].map(|exec| exec.executable.as_ref().unwrap().mode), [0o100_755, 0o106_755]);
    let plain = plain.executable.unwrap();
    assert!(!plain.in_memory && !plain.deleted && plain.interpreter.is_none());
    assert_eq!(script.executable.unwrap().interpreter, Some("/bin/sh".into()));
    assert_eq!(script.exe.unwrap().as_bytes(), interpreter.as_os_str().as_bytes());
    assert!(matches!(none.result, Outcome::Errno(_)) && none.executable.is_none());

    let (deleted, memory) = (only(&events, &deleted), only(&events, &memory));
    let file = deleted.executable.unwrap();
    assert!(file.deleted && !file.in_memory);
    assert_eq!(deleted.exe.unwrap().as_bytes(), gone_path.as_os_str().as_bytes());
    let file = memory.executable.unwrap();
    assert!(file.in_memory && !file.deleted);
    assert_eq!(memory.exe, Some("/memfd:payload".into()));
}
