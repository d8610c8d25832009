//! Ends of processes: by themselves, by signal.

use lab_model::Exit;

use crate::lab::{Lab, of};

#[test]
fn exit_by_code_and_by_signal() {
    let Some(lab) = Lab::start("exit", &[]) else { return };
    let code = lab.subject(|| 42);
    code.wait();
    // SAFETY: signals to itself.
    let killed = lab.subject(|| unsafe { libc::kill(libc::getpid(), libc::SIGKILL) });
    killed.wait();
    // SAFETY: the default action of SIGABRT, without a core.
    let aborted = lab.subject(|| unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::kill(libc::getpid(), libc::SIGABRT)
    });
    aborted.wait();
    let (events, _) = lab.stop();
    assert_eq!(of!(events, code.pid, Exit), [Exit { code: Some(42), signal: None }]);
    assert_eq!(of!(events, killed.pid, Exit), [Exit { code: None, signal: Some(libc::SIGKILL) }]);
    assert_eq!(of!(events, aborted.pid, Exit), [Exit { code: None, signal: Some(libc::SIGABRT) }]);
}
