//! New images: argv from the image, the executable, refusals.

use std::{ffi::CString, ptr::null};

use lab_model::{Errno, Outcome, Text};

use crate::lab::{Lab, call, of};

#[test]
fn exec_in_place() {
    let Some(lab) = Lab::start("exec", &[]) else { return };
    let secret = CString::new("--password=hunter2").unwrap();
    let argv = [c"other-name".as_ptr(), c"".as_ptr(), secret.as_ptr(), null()];
    let none = lab.path("none");
    // SAFETY: valid, terminated arrays and strings.
    let subject = lab.subject(|| unsafe {
        // A refused exec does not read its arguments: those on pages that were never touched stay unknown.
        for argument in &argv[..3] {
            argument.read_volatile();
        }
        libc::execve(none.as_ptr(), argv.as_ptr(), null());
        libc::execve(c"/usr/bin/../bin/true".as_ptr(), argv.as_ptr(), null());
        9
    });
    assert_eq!(subject.wait(), 0);
    let (events, counters) = lab.stop();
    let execs = of!(events, subject.pid, Exec);
    let argv = ["other-name", "", "--password=*******"].map(Text::from).to_vec();
    assert_eq!(execs.len(), 2);
    assert_eq!(execs[0].path.as_bytes(), none.as_bytes());
    assert_eq!(execs[0].result, Outcome::Errno(Errno(libc::ENOENT)));
    assert_eq!((&execs[0].argv, &execs[0].exe), (&Some(argv.clone()), &None));
    assert_eq!(execs[1].path, Text::from("/usr/bin/../bin/true"));
    assert_eq!(execs[1].argv, Some(argv));
    assert_eq!(execs[1].exe, Some(Text::from("/usr/bin/true")));
    assert_eq!(execs[1].result, Outcome::Ok(0));
    let file = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/usr/bin/true").unwrap());
    assert_eq!(execs[1].file.unwrap().ino, file);
    assert_eq!(counters.redacted, 2);
    let images: Vec<_> = events.iter().filter(|e| e.image.pid == Some(subject.pid)).collect();
    assert_eq!((images[0].image.exec_seq, images[1].image.exec_seq), (Some(1), Some(2)));
    assert_eq!(images[1].image.comm, Some(Text::from("true")));
    assert_eq!(images[0].image.start_ns, images[1].image.start_ns);
}

#[test]
fn a_long_argv_is_cut_and_marked() {
    let Some(lab) = Lab::start("exec-long", &[]) else { return };
    let long = CString::new("x".repeat(6000)).unwrap();
    let argv = [c"true".as_ptr(), long.as_ptr(), null()];
    // SAFETY: valid, terminated arrays and strings.
    let subject = lab
        .subject(|| call(unsafe { libc::execve(c"/usr/bin/true".as_ptr(), argv.as_ptr(), null()) }.into()));
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let exec = of!(events, subject.pid, Exec).remove(0);
    let argv = exec.argv.unwrap();
    assert!(exec.argv_truncated);
    assert_eq!((argv.len(), argv[0].as_bytes(), argv[1].as_bytes().len()), (2, b"true".as_slice(), 4096 - 5));
}

#[test]
fn a_script_is_run_by_its_interpreter() {
    let Some(lab) = Lab::start("exec-script", &[]) else { return };
    let script = lab.dir.path().join("script");
    std::fs::write(&script, "#!/bin/sh\nexit 3\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = lab.path("script");
    let argv = [path.as_ptr(), null()];
    // SAFETY: valid, terminated arrays and strings.
    let subject = lab.subject(|| call(unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), null()) }.into()));
    assert_eq!(subject.wait(), 3 << 8);
    let (events, _) = lab.stop();
    let exec = of!(events, subject.pid, Exec).remove(0);
    assert_eq!(exec.path.as_bytes(), path.as_bytes());
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(exec.exe, Some(Text::from(shell.to_str().unwrap())));
}

#[test]
fn an_exec_by_another_thread_is_the_process_s() {
    static PATH: &std::ffi::CStr = c"/usr/bin/true";
    extern "C" fn thread(_: *mut libc::c_void) -> i32 {
        let argv = [PATH.as_ptr(), null()];
        // SAFETY: valid, terminated arrays and strings.
        unsafe { libc::execve(PATH.as_ptr(), argv.as_ptr(), null()) }
    }
    let Some(lab) = Lab::start("exec-thread", &[]) else { return };
    let mut stack = vec![0u8; 64 << 10];
    let top = stack.as_mut_ptr_range().end;
    let subject = lab.subject(|| {
        let flags = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
        // SAFETY: the stack is the thread's alone and as long-lived as the process; the exec ends this thread.
        unsafe {
            libc::clone(thread, top.cast(), flags, std::ptr::null_mut());
            libc::pause()
        }
    });
    assert_eq!(subject.wait(), 0);
    let (events, counters) = lab.stop();
    let execs = of!(events, subject.pid, Exec);
    assert_eq!((execs.len(), execs[0].result), (1, Outcome::Ok(0)));
    assert_eq!(execs[0].path, Text::from("/usr/bin/true"));
    assert_eq!(of!(events, subject.pid, Exit).len(), 1);
    assert_eq!(counters.lost_total(), 0);
}
