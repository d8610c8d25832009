//! Who is observed: the scope and all below it, nobody beside it.

use std::fs;

use lab_model::Payload;

use crate::lab::{Lab, of, open, subject_in};

#[test]
fn nested_is_inside_and_a_neighbour_is_not() {
    let Some(lab) = Lab::start("scope", &[]) else { return };
    let inner = lab.cgroup.join("a");
    let nested = inner.join("b");
    let beside = lab.cgroup.with_file_name(format!("sightline-test-{}-beside", std::process::id()));
    fs::create_dir_all(&nested).unwrap();
    fs::create_dir(&beside).unwrap();
    let (inside, outside) = (lab.path("inside"), lab.path("outside"));
    let there = subject_in(&nested, || open(&inside, libc::O_RDONLY).min(0));
    let neighbour = subject_in(&beside, || open(&outside, libc::O_RDONLY).min(0));
    there.wait();
    neighbour.wait();
    for directory in [nested, inner, beside] {
        fs::remove_dir(directory).unwrap();
    }
    let (events, counters) = lab.stop();
    assert_eq!(of!(events, there.pid, Open).len(), 1);
    assert!(events.iter().all(|event| event.image.pid != Some(neighbour.pid)));
    assert!(events.iter().all(|event| !matches!(event.payload, Payload::Loss(_))));
    assert!(counters.programs["open"].filtered > 0);
}

#[test]
fn a_subject_born_into_the_scope_has_its_fork() {
    let Some(lab) = Lab::start("scope-born", &[]) else { return };
    let directory = fs::File::open(&lab.cgroup).unwrap();
    #[repr(C)]
    #[derive(Default)]
    struct CloneArgs([u64; 11]);
    let mut args = CloneArgs::default();
    args.0[0] = 0x2_0000_0000; // CLONE_INTO_CGROUP
    args.0[4] = libc::SIGCHLD as u64;
    args.0[10] = std::os::fd::AsRawFd::as_raw_fd(&directory) as u64;
    // SAFETY: the child ends at once.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) };
    if pid == 0 {
        // SAFETY: runs no destructors.
        unsafe { libc::_exit(0) };
    }
    assert!(pid > 0);
    // SAFETY: our own child.
    unsafe { libc::waitpid(pid as i32, std::ptr::null_mut(), 0) };
    let (events, _) = lab.stop();
    let forks = of!(events, std::process::id(), Fork);
    assert_eq!(forks.iter().map(|fork| i64::from(fork.child)).collect::<Vec<_>>(), [pid]);
    assert_eq!(of!(events, pid as u32, Exit).len(), 1);
}
