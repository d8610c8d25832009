//! New processes.

use std::sync::atomic::{AtomicI32, Ordering};

use crate::lab::{Lab, call, of};

#[test]
fn fork_tells_the_child() {
    let Some(lab) = Lab::start("fork", &[]) else { return };
    // SAFETY: the children end at once.
    let subject = lab.subject(|| unsafe {
        for _ in 0..2 {
            let pid = libc::fork();
            if pid == 0 {
                libc::_exit(7);
            }
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
        // Refused: CLONE_SIGHAND without CLONE_VM.
        call(libc::syscall(libc::SYS_clone, libc::CLONE_SIGHAND | libc::SIGCHLD, 0, 0, 0, 0))
    });
    assert_eq!(subject.wait() >> 8 & 0xff, -libc::EINVAL & 0xff);
    let (events, counters) = lab.stop();
    let forks = of!(events, subject.pid, Fork);
    assert_eq!(forks.len(), 2);
    for fork in &forks {
        let end = events.iter().find(|e| e.image.pid == Some(fork.child)).unwrap();
        assert_eq!(end.image.start_ns, fork.child_start_ns);
        assert_eq!(end.image.parent.unwrap().pid, subject.pid);
        assert_eq!(of!(events, fork.child, Exit)[0].code, Some(7));
    }
    assert_eq!(counters.programs["fork"].received, 3);
}

#[test]
fn threads_are_no_processes() {
    let Some(lab) = Lab::start("fork-thread", &[]) else { return };
    static RAN: AtomicI32 = AtomicI32::new(0);
    extern "C" fn thread(_: *mut libc::c_void) -> i32 {
        RAN.store(1, Ordering::SeqCst);
        0
    }
    let mut stack = vec![0u8; 64 << 10];
    let top = stack.as_mut_ptr_range().end;
    let subject = lab.subject(|| {
        let flags = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
        // SAFETY: the stack is the thread's alone and as long-lived as the process.
        let tid = unsafe { libc::clone(thread, top.cast(), flags, std::ptr::null_mut()) };
        while tid > 0 && RAN.load(Ordering::SeqCst) == 0 {
            std::hint::spin_loop();
        }
        i32::from(tid < 0)
    });
    assert_eq!(subject.wait(), 0);
    let (events, counters) = lab.stop();
    assert_eq!(of!(events, subject.pid, Fork), []);
    assert_eq!(of!(events, subject.pid, Exit).len(), 1);
    assert!(counters.programs["fork"].filtered > 0);
}
