//! A probe that dies, and one whose parent does.

use std::{fs, path::PathBuf};

use lab_model::{LossCause, Payload, Report};

use crate::lab::{Lab, of, open};

/// Ids of the BPF programs and maps that a process holds.
fn bpf_objects(pid: u32) -> Vec<(bool, u32)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap().map(|e| e.unwrap().path());
    let id = |path: PathBuf| {
        let text = fs::read_to_string(path).ok()?;
        let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(key))?.trim().parse::<u32>().ok();
        value("prog_id:").map(|id| (true, id)).or_else(|| value("map_id:").map(|id| (false, id)))
    };
    entries.filter_map(id).collect()
}

/// Those that still are. Asked by id only: to open a program array that is just being freed leaks it, for the kernel
/// then takes a reference for work that is already queued (`prog_array_map_clear`).
fn alive(objects: &[(bool, u32)]) -> Vec<(bool, u32)> {
    let all = [ids(BPF_MAP_GET_NEXT_ID), ids(BPF_PROG_GET_NEXT_ID)];
    objects.iter().copied().filter(|(program, id)| all[usize::from(*program)].contains(id)).collect()
}

const BPF_PROG_GET_NEXT_ID: i32 = 11;
const BPF_MAP_GET_NEXT_ID: i32 = 12;

fn ids(command: i32) -> Vec<u32> {
    let mut found = Vec::new();
    // id, next id, flags
    let mut attr = [0u32; 3];
    // SAFETY: the kernel reads and writes no more than the attribute's size.
    while unsafe { libc::syscall(libc::SYS_bpf, command, attr.as_mut_ptr(), size_of_val(&attr)) } == 0 {
        attr[0] = attr[1];
        found.push(attr[1]);
    }
    found
}

/// The kernel frees them a little after the last descriptor is closed.
fn assert_gone(objects: &[(bool, u32)]) {
    let start = std::time::Instant::now();
    while !alive(objects).is_empty() {
        assert!(start.elapsed().as_secs() < 10, "left behind: {:?}", alive(objects));
        std::thread::yield_now();
    }
}

#[test]
fn kill_9_leaves_a_readable_spool_and_nothing_in_the_kernel() {
    let Some(mut lab) = Lab::start("killed", &[]) else { return };
    let path = lab.path("before");
    let subject = lab.subject(|| open(&path, libc::O_RDONLY).min(0));
    subject.wait();
    lab.mark("killed-marker");
    let objects = bpf_objects(lab.probe.id());
    assert!(objects.len() > 20, "{objects:?}");
    assert!(!alive(&objects).is_empty());
    lab.probe.kill().unwrap();
    lab.probe.wait().unwrap();
    let events = lab.events();
    assert_eq!(of!(events, subject.pid, Open).len(), 1);
    let losses: Vec<_> = events
        .iter()
        .filter_map(|e| if let Payload::Loss(loss) = &e.payload { Some(loss) } else { None })
        .collect();
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].cause, losses[0].count, losses[0].last_ns), (LossCause::Killed, None, None));
    assert_gone(&objects);
}

#[test]
fn a_parent_that_hangs_up_ends_it_properly() {
    let Some(mut lab) = Lab::start("hang-up", &[]) else { return };
    let objects = bpf_objects(lab.probe.id());
    lab.hang_up();
    assert!(matches!(lab.report(), Some(Report::Counters { .. })));
    assert_eq!(lab.report(), Some(Report::Done));
    assert!(lab.probe.wait().unwrap().success());
    assert!(lab.events().is_empty());
    assert_gone(&objects);
}

#[test]
fn sigterm_ends_it_properly() {
    let Some(mut lab) = Lab::start("sigterm", &[]) else { return };
    // SAFETY: our own child.
    unsafe { libc::kill(lab.probe.id() as i32, libc::SIGTERM) };
    assert!(matches!(lab.report(), Some(Report::Counters { .. })));
    assert_eq!(lab.report(), Some(Report::Done));
    assert!(lab.probe.wait().unwrap().success());
}

#[test]
fn calls_by_the_32_bit_entry_are_not_silent() {
    let Some(lab) = Lab::start("foreign", &[]) else { return };
    let subject = lab.subject(|| {
        let mut result: i64 = 20; // getpid there
        // SAFETY: a system call without arguments.
        unsafe { std::arch::asm!("int 0x80", inout("rax") result) };
        i32::from(result < 0)
    });
    let status = subject.wait();
    let (events, _) = lab.stop();
    if status != 0 {
        println!("SKIP calls_by_the_32_bit_entry_are_not_silent: this kernel has no such entry");
        return;
    }
    let losses = events.iter().filter_map(|e| match &e.payload {
        Payload::Loss(loss) => Some((loss.cause, loss.count)),
        _ => None,
    });
    assert_eq!(losses.collect::<Vec<_>>(), [(LossCause::Unreadable, Some(1))]);
}
