//! Who is observed beside a cgroup: a process with all that come from it, or the whole machine but the lab.

use std::{
    fs,
    io::Write,
    process::{Child, Command, Stdio},
};

use crate::lab::{Lab, PROBE, open, subject_in};

/// A shell that has a child already, waits for a line, and then starts more; and its child's pid.
fn family(folder: &std::path::Path) -> Child {
    let script = "sleep 100 & read line; cat first; (cat second; true); kill $!";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_process_and_all_that_come_from_it() {
    let Some((dir, cgroup)) = Lab::place("tree") else { return };
    let folder = dir.path().to_owned();
    let mut shell = family(&folder);
    let pid = shell.id().to_string();
    let (lab, refused) =
        Lab::start_in(dir, cgroup.clone(), &mut Command::new(PROBE), &["--tree".as_ref(), pid.as_ref()], &[]);
    assert_eq!(refused, []);
    let beside = lab.path("beside");
    let other = lab.subject(|| open(&beside, libc::O_RDONLY).min(0));
    other.wait();
    writeln!(shell.stdin.take().unwrap(), "go").unwrap();
    shell.wait().unwrap();
    let (events, counters) = lab.stop();
    let opened: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.payload {
            lab_model::Payload::Open(open) => Some(open.path.to_string()),
            _ => None,
        })
        .collect();
    assert!(["first", "second"].iter().all(|name| opened.iter().any(|path| path == name)), "{opened:?}");
    assert!(events.iter().all(|event| event.image.pid != Some(other.pid)), "another process was observed");
    assert!(!opened.iter().any(|path| path.ends_with("/beside")));
    assert!(counters.programs["open"].filtered > 0);
}

#[test]
fn a_process_that_is_not_there_is_refused() {
    let output =
        Command::new(PROBE).args(["record", "--tree", "4194305", "--spool", "/dev/null"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("use process 4194305 as scope: there is no such process"), "{said}");
}

#[test]
fn the_whole_machine_but_the_lab() {
    let Some((dir, cgroup)) = Lab::place("host") else { return };
    let beside = cgroup.with_file_name(format!("sightline-test-{}-host-beside", std::process::id()));
    fs::create_dir(&beside).unwrap();
    let whom = ["--host".as_ref(), "--without".as_ref(), cgroup.as_os_str()];
    let (lab, refused) = Lab::start_in(dir, cgroup.clone(), &mut Command::new(PROBE), &whom, &[]);
    assert_eq!(refused, []);
    let (inside, outside) = (lab.path("inside"), lab.path("outside"));
    let there = subject_in(&beside, || open(&outside, libc::O_RDONLY).min(0));
    let lab_process = lab.subject(|| open(&inside, libc::O_RDONLY).min(0));
    there.wait();
    lab_process.wait();
    fs::remove_dir(&beside).unwrap();
    let probe = lab.probe.id();
    let (events, _) = lab.stop();
    let of = |pid: u32| events.iter().filter(|event| event.image.pid == Some(pid)).count();
    assert!(of(there.pid) >= 2, "its open and its end");
    // This process stands outside the lab: what it forked is told by it.
    assert_eq!((of(lab_process.pid), of(probe)), (0, 0));
}
