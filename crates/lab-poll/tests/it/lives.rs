//! Processes that wait until they were seen, and some that do not.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::Command,
};

use lab_model::{Ids, Outcome, Payload, Text};

use crate::{
    forked::Forked,
    lab::{Lab, Process, command, place, take_away},
};

#[test]
fn a_process_is_made_executes_and_ends() {
    let Some(mut lab) = Lab::start("life", 0) else { return };
    let mut shell = lab.command(None, &["/bin/sh", "-c", "read go; /bin/cat; echo over; read end"]);
    shell.uid(65534).gid(65533);
    let mut shell = Process::start(shell);
    lab.round();
    assert_eq!(lab.told(shell.pid()).len(), 1, "{:?}", lab.told(shell.pid()));

    // What comes back from `cat` it can have written only once it was there.
    shell.tell("go\nhere\n");
    assert_eq!(shell.line(), "here");
    lab.round();
    let made = |event: &lab_model::Event| match &event.payload {
        Payload::Fork(fork) if event.image.pid == Some(shell.child.id()) => Some(fork.child),
        _ => None,
    };
    let cat = lab.events().iter().find_map(made).expect("the shell made a process");
    assert_eq!(lab.told(cat), [format!("made by {}", shell.pid()), r#"executes ["/bin/cat"]"#.to_owned()]);
    let events = lab.events();
    let exec = events.iter().find(|event| event.image.pid == Some(cat)).unwrap();
    let Payload::Exec(executed) = &exec.payload else { panic!("{exec:?}") };
    let cat_file = fs::canonicalize("/bin/cat").unwrap();
    assert_eq!(executed.path, Text::from(cat_file.to_str().unwrap()));
    assert_eq!(executed.result, Outcome::Ok(0));
    let (u, g) = (65534, 65533);
    let ids = Ids { uid: u, euid: u, suid: u, fsuid: u, gid: g, egid: g, sgid: g, fsgid: g };
    assert_eq!(exec.image.ids, Some(ids));
    assert_eq!(exec.image.parent.map(|parent| parent.pid), Some(shell.pid()));
    assert!(exec.image.parent.unwrap().start_ns <= exec.image.start_ns);
    let stat = fs::read_to_string(format!("/proc/{cat}/stat")).unwrap();
    let start: u64 = stat.rsplit(')').next().unwrap().split(' ').nth(20).unwrap().parse().unwrap();
    assert_eq!(exec.image.start_ns, Some(start * 10_000_000));

    // SAFETY: takes two numbers.
    unsafe { libc::kill(cat as i32, libc::SIGTERM) };
    assert_eq!(shell.line(), "over");
    lab.round();
    assert_eq!(lab.told(cat).last().unwrap(), "ends");
    assert_eq!(lab.told(shell.pid()).len(), 1);
    let shells = shell.pid();
    shell.end();
    let end = lab.end();
    assert_eq!(lab.told(shells).last().unwrap(), "ends");
    assert_eq!((&end["rounds"], &end["unread"]), (&5.into(), &0.into()));
}

#[test]
fn one_that_executes_in_place_is_the_same_with_another_image() {
    let Some(mut lab) = Lab::start("place", 0) else { return };
    let mut process = Process::start(lab.command(None, &["/bin/sh", "-c", "read go; exec /bin/cat -u"]));
    lab.round();
    let pid = process.pid();
    process.tell("go\nhere\n");
    assert_eq!(process.line(), "here");
    lab.round();
    lab.round();
    let told = lab.told(pid);
    assert_eq!(told[1..], [r#"executes ["/bin/cat", "-u"]"#]);
    process.end();
}

#[test]
fn below_is_seen_and_beside_is_not() {
    let Some(outside) = place("outside") else { return };
    let mut lab = Lab::start("inside", 0).unwrap();
    fs::create_dir_all(lab.cgroup.join("a/b")).unwrap();
    let below = Process::start(lab.command(Some("a/b"), &["/bin/cat"]));
    let beside = Process::start(command(&outside, &["/bin/cat"]));
    lab.round();
    assert_eq!(lab.told(below.pid()), [r#"executes ["/bin/cat"]"#]);
    let (below_pid, beside_pid) = (below.pid(), beside.pid());
    below.end();
    fs::remove_dir(lab.cgroup.join("a/b")).unwrap();
    lab.round();
    assert_eq!(lab.told(below_pid).last().unwrap(), "ends");
    beside.end();
    lab.end();
    assert!(!lab.names(beside_pid));
    take_away(&outside);
}

#[test]
fn a_parent_is_known_before_its_child_wherever_they_are() {
    let Some(mut lab) = Lab::start("order", 0) else { return };
    fs::create_dir(lab.cgroup.join("a")).unwrap();
    // The child is listed first, for it has moved to the cgroup above.
    let script = "(echo 0 >\"$0\"/cgroup.procs; exec /bin/cat); read end";
    let above = lab.cgroup.to_str().unwrap();
    let mut shell = Process::start(lab.command(Some("a"), &["/bin/sh", "-c", script, above]));
    shell.tell("here\n");
    assert_eq!(shell.line(), "here");
    lab.round();
    let events = lab.events();
    let child = |event: &lab_model::Event| match &event.payload {
        Payload::Fork(fork) => Some((event.image.pid, fork.child)),
        _ => None,
    };
    let forks: Vec<_> = events.iter().filter_map(child).collect();
    assert_eq!(forks.len(), 1, "{events:?}");
    assert_eq!(forks[0].0, Some(shell.pid()));
    assert_eq!(lab.told(forks[0].1)[1..], [r#"executes ["/bin/cat"]"#]);
    shell.end();
}

#[test]
fn a_threaded_group_below_has_no_processes_of_its_own() {
    let Some(mut lab) = Lab::start("threaded", 0) else { return };
    fs::create_dir(lab.cgroup.join("t")).unwrap();
    fs::write(lab.cgroup.join("t/cgroup.type"), "threaded").unwrap();
    assert!(fs::read(lab.cgroup.join("t/cgroup.procs")).is_err());
    let process = Process::start(lab.command(None, &["/bin/cat"]));
    lab.round();
    assert_eq!(lab.told(process.pid()), [r#"executes ["/bin/cat"]"#]);
    process.end();
}

#[test]
fn one_that_ends_before_the_next_round_is_not_made_up() {
    let Some(mut lab) = Lab::start("short", 0) else { return };
    lab.round();
    let short = Process::start(lab.command(None, &["/bin/true"]));
    let pid = short.pid();
    short.end();
    lab.round();
    let end = lab.end();
    assert!(!lab.names(pid));
    assert_eq!((&end["unread"], lab.events().len()), (&0.into(), 0));
}

#[test]
fn who_was_there_before_is_known_and_no_event() {
    let Some(cgroup) = place("before") else { return };
    let early = Process::start(command(&cgroup, &["/bin/cat"]));
    let mut lab = Lab::start_in(cgroup, 0);
    lab.round();
    let pid = early.pid();
    assert!(lab.names(pid));
    assert!(lab.told(pid).is_empty());
    early.end();
    lab.round();
    assert_eq!(lab.told(pid), ["ends"]);
}

#[test]
fn any_bytes_are_a_name_and_an_argument() {
    let Some(mut lab) = Lab::start("bytes", 0) else { return };
    // A process is called as the file that it executes.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(OsStr::from_bytes(b"p\xff\nUid:\t7"));
    // Written by another process: a child that another thread forks meanwhile would hold it open, and nobody could execute it (ETXTBSY).
    assert!(Command::new("cp").arg("/bin/cat").arg(&program).status().unwrap().success());
    let mut odd = lab.command(None, &[program.as_os_str()]);
    odd.arg("-").arg0(OsStr::from_bytes(b"a\xfe b"));
    let process = Process::start(odd);
    lab.round();
    let pid = process.pid();
    assert_eq!(lab.told(pid), [r#"executes ["a\\xfe b", "-"]"#]);
    let events = lab.events();
    let exec = events.iter().find(|event| event.image.pid == Some(pid)).unwrap();
    assert_eq!(exec.image.ids.unwrap().uid, 0);
    process.end();
}

#[test]
fn changed_ids_are_told_and_nothing_is_executed_by_who_is_what_its_parent_is() {
    let Some(mut lab) = Lab::start("ids", 0) else { return };
    let forked = Forked::start(&lab.cgroup);
    lab.round();
    // Its parent is these tests, outside of the cgroup.
    assert_eq!(lab.told(forked.pid), ["process"]);
    forked.change();
    lab.round();
    lab.round();
    assert_eq!(lab.told(forked.pid), ["process", "ids"]);
    let events = lab.events();
    let last = events.last().unwrap();
    let ids = last.image.ids.unwrap();
    assert_eq!((ids.uid, ids.euid, ids.suid, ids.fsuid, ids.gid), (65534, 65533, 65532, 65533, 0));
    assert_eq!(last.raw["before"]["uid"], 0);
    forked.end();
}
