//! The program itself: rounds by the clock, its ends, and what it says of mistakes.

use std::process::{Command, Stdio};

use lab_model::{Event, Payload};

use crate::lab::{Lab, POLLER, Process, place, take_away};

#[test]
fn rounds_come_by_themselves() {
    let Some(mut lab) = Lab::start("clock", 1) else { return };
    let mut shell = Process::start(lab.command(None, &["/bin/sh", "-c", "read go; /bin/cat; read end"]));
    // Either may be seen before it has executed its program.
    let pid = shell.pid();
    lab.until(|line| line.contains(&format!("\"pid\":{pid},")) && line.contains("read go"));
    shell.tell("go\n");
    lab.until(|line| line.contains(r#"["/bin/cat"]"#));
    let made = |event: &Event| match &event.payload {
        Payload::Fork(fork) if event.image.pid == Some(pid) => Some(fork.child),
        _ => None,
    };
    let cat = lab.events().iter().find_map(made).expect("the shell made a process");
    shell.end();
    lab.until(|line| line.contains(r#""say":"gone""#) && line.contains(&format!("\"pid\":{cat},")));
    assert_eq!(
        lab.told(cat),
        [format!("made by {pid}"), r#"executes ["/bin/cat"]"#.to_owned(), "ends".to_owned()]
    );
    let end = lab.end();
    let number = |name: &str| end[name].as_u64().unwrap();
    assert!(number("rounds") >= 3 && number("median_ns") <= number("longest_ns"), "{end}");
}

#[test]
fn it_ends_when_it_is_told_to() {
    let Some(cgroup) = place("stop") else { return };
    let mut poller = Command::new(POLLER);
    poller.arg("--scope").arg(&cgroup).args(["--interval", "0"]).stdin(Stdio::piped());
    let mut poller = poller.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(poller.stdin.as_mut().unwrap(), b"sing\nmark a b\nstop\nmark c\n").unwrap();
    let stdin = poller.stdin.take();
    let output = poller.wait_with_output().unwrap();
    drop(stdin);
    let said: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words: Vec<&str> = said.iter().map(|line| line["say"].as_str().unwrap()).collect();
    assert!(output.status.success());
    assert_eq!(words[..2], ["ready", "mark"]);
    assert_eq!((&said[1]["name"], *words.last().unwrap()), (&"a b".into(), "end"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "lab-poll: no order: sing\n");
    take_away(&cgroup);
}

#[test]
fn a_cgroup_that_is_not_there_is_named() {
    let output = Command::new(POLLER).args(["--scope", "/nowhere/at-all"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("lab-poll: failed to read /nowhere/at-all/cgroup.procs"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
