//! What the poller says of processes, and what follows from it.

use lab_adapters::{
    Decoded,
    proc::{READY, decode, mark, redact_line, seen_at},
};
use lab_model::{Action, Event, Payload, Text, Time, TimeSource};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::account::CLOCK;

const MS: u64 = 1_000_000;

/// A process with an image, as a line has it.
fn process(pid: u32, parent: u32, start: u64, argv: &[&str]) -> Value {
    let ids =
        json!({ "uid": 1, "euid": 2, "suid": 2, "fsuid": 2, "gid": 5, "egid": 5, "sgid": 5, "fsgid": 5 });
    let exe = format!("/bin/{}", argv[0]);
    json!({ "pid": pid, "parent": parent, "start": start, "comm": argv[0], "ids": ids,
            "image": { "exe": exe, "argv": argv } })
}

fn line(say: &str, from: u64, to: u64, process: Value) -> Value {
    json!({ "say": say, "from": from, "to": to, "process": process })
}

fn read(lines: &[Value]) -> Decoded {
    let log: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let decoded = decode(log.as_bytes(), "proc@host", CLOCK);
    assert_eq!(decoded.unreadable, []);
    decoded
}

/// The parent of the tests that follow: there before the first round.
fn old() -> Value {
    json!({ "say": "new", "to": 0, "process": process(7, 1, 0, &["sh"]) })
}

/// Who did what, in words.
fn told(decoded: &Decoded) -> Vec<String> {
    decoded.events.iter().map(say).collect()
}

fn say(event: &Event) -> String {
    let pid = event.image.pid.unwrap_or(0);
    match &event.payload {
        Payload::Fork(fork) => format!("{pid} forks {}", fork.child),
        Payload::Exec(exec) => format!("{pid} executes {}", exec.path),
        Payload::Exit(_) => format!("{pid} ends"),
        Payload::Message(message) => format!("{pid}: {}", message.kind),
        Payload::Loss(loss) => format!("lost {:?}", loss.of),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_life() {
    let life = [
        json!({ "say": "ready", "interval_ns": 10 * MS }),
        old(),
        line("new", 20 * MS, 34 * MS, process(8, 7, 2, &["id", "-u"])),
        json!({ "say": "gone", "from": 40 * MS, "to": 51 * MS, "pid": 8, "start": 2 }),
        json!({ "say": "end", "rounds": 3, "median_ns": 1, "longest_ns": 1, "unread": 0 }),
    ];
    let decoded = read(&life);
    assert_eq!(told(&decoded), ["7 forks 8", "8 executes /bin/id", "8 ends"]);
    let [fork, exec, exit] = &decoded.events[..] else { panic!() };
    let time = |ns, error_ns| Time { ns, began_ns: None, error_ns, source: TimeSource::SensorWall };
    // It began within a tick of the clock, which is less than the whole interval.
    assert_eq!(fork.time, time(25 * MS, 5 * MS));
    assert_eq!(exec.time, time(27 * MS, 7 * MS));
    assert_eq!(exit.time, time(45 * MS + MS / 2, 5 * MS + MS / 2));
    assert_eq!((fork.image.start_ns, exec.image.start_ns), (Some(0), Some(20 * MS)));
    assert_eq!(exit.image.start_ns, Some(20 * MS));
    let parent = exec.image.parent.unwrap();
    assert_eq!((parent.pid, parent.start_ns), (7, Some(0)));
    assert_eq!(exec.image.ids.unwrap().euid, 2);
    let Payload::Exec(executed) = &exec.payload else { panic!() };
    assert_eq!(executed.exe.as_ref(), Some(&executed.path));
    assert_eq!(executed.argv, Some(vec![Text::from("id"), "-u".into()]));
    let balance = &decoded.counters.programs["log"];
    assert_eq!((balance.produced, balance.received, balance.filtered), (6, 3, 3));
}

#[test]
fn a_child_that_is_what_its_parent_is_or_was_executed_nothing() {
    let decoded = read(&[
        old(),
        line("new", 20 * MS, 34 * MS, process(8, 7, 2, &["sh"])),
        line("exec", 34 * MS, 44 * MS, process(7, 1, 0, &["id"])),
        line("new", 34 * MS, 44 * MS, process(9, 7, 3, &["sh"])),
        line("new", 44 * MS, 54 * MS, process(10, 7, 4, &["id"])),
        line("new", 44 * MS, 54 * MS, process(11, 7, 4, &["ls"])),
    ]);
    let expected =
        ["7 forks 8", "7 executes /bin/id", "7 forks 9", "7 forks 10", "7 forks 11", "11 executes /bin/ls"];
    assert_eq!(told(&decoded), expected);
}

#[test]
fn an_orphan_has_no_maker_and_one_that_is_nothing_new_is_only_told() {
    let decoded = read(&[
        old(),
        line("new", 20 * MS, 34 * MS, process(8, 1, 2, &["nc", "-l"])),
        line("new", 20 * MS, 34 * MS, process(9, 1, 2, &["sh"])),
    ]);
    assert_eq!(told(&decoded), ["8 executes /bin/nc", "9: process"]);
}

#[test]
fn a_child_of_somebody_outside_can_have_its_image_from_there() {
    let mut new = line("new", 20 * MS, 34 * MS, process(8, 1, 2, &["run"]));
    assert_eq!(told(&read(&[new.clone()])), ["8 executes /bin/run"]);
    new["parent_image"] = new["process"]["image"].clone();
    assert_eq!(told(&read(&[new])), ["8: process"]);
}

#[test]
fn who_has_lived_elsewhere_was_not_made_here() {
    let decoded = read(&[old(), line("new", 1900 * MS, 1910 * MS, process(8, 7, 2, &["id"]))]);
    assert_eq!(told(&decoded), ["8: process"]);
    // One from the future neither.
    let decoded = read(&[old(), line("new", 20 * MS, 30 * MS, process(8, 7, 9, &["id"]))]);
    assert_eq!(told(&decoded), ["8: process"]);
}

#[test]
fn who_came_right_after_its_beginning_may_have_executed_something_before() {
    let decoded = read(&[old(), line("new", 90 * MS, 100 * MS, process(8, 7, 2, &["id"]))]);
    assert_eq!(told(&decoded), ["7 forks 8", "8 executes /bin/id"]);
    let times: Vec<(u64, u64)> =
        decoded.events.iter().map(|event| (event.time.ns, event.time.error_ns)).collect();
    assert_eq!(times, [(25 * MS, 5 * MS), (60 * MS, 40 * MS)]);
}

#[test]
fn a_number_that_is_used_again_is_another_process() {
    let decoded = read(&[
        old(),
        json!({ "say": "gone", "from": 10 * MS, "to": 20 * MS, "pid": 7, "start": 0 }),
        line("new", 20 * MS, 34 * MS, process(7, 1, 2, &["id"])),
        line("new", 20 * MS, 34 * MS, process(8, 7, 1, &["ls"])),
    ]);
    // Its parent cannot be younger than itself, and what that one is says nothing of it.
    assert_eq!(told(&decoded), ["7 ends", "7 executes /bin/id", "8 executes /bin/ls"]);
    assert_eq!(decoded.events[2].image.parent.unwrap().start_ns, None);
}

#[test]
fn a_younger_process_is_no_parent_to_inherit_from() {
    let other = json!({ "say": "new", "to": 0, "process": process(6, 1, 0, &["ls"]) });
    let decoded = read(&[
        other,
        line("new", 20 * MS, 34 * MS, process(7, 6, 2, &["id"])),
        line("new", 20 * MS, 34 * MS, process(8, 7, 1, &["ls"])),
    ]);
    assert_eq!(told(&decoded)[2..], ["8: process"]);
}

#[test]
fn nothing_is_inherited_from_who_is_gone() {
    let decoded = read(&[
        old(),
        json!({ "say": "gone", "from": 10 * MS, "to": 20 * MS, "pid": 7, "start": 0 }),
        line("new", 20 * MS, 34 * MS, process(8, 1, 2, &["sh"])),
    ]);
    assert_eq!(told(&decoded), ["7 ends", "8 executes /bin/sh"]);
}

#[test]
fn nothing_is_executed_before_the_process_is_there() {
    let decoded = read(&[line("new", 20 * MS, 50 * MS, process(8, 1, 3, &["id"]))]);
    assert_eq!((decoded.events[0].time.ns, decoded.events[0].time.error_ns), (40 * MS, 10 * MS));
}

#[test]
fn what_was_there_and_could_not_be_read_is_lost() {
    let mut bare = process(8, 7, 2, &["id"]);
    bare.as_object_mut().unwrap().remove("image");
    let decoded = read(&[
        old(),
        json!({ "say": "unread", "from": 20 * MS, "to": 30 * MS, "pid": 9 }),
        line("new", 20 * MS, 34 * MS, bare),
    ]);
    assert_eq!(told(&decoded), ["lost None", "7 forks 8", "lost Some(Exec)"]);
    let Payload::Loss(loss) = &decoded.events[0].payload else { panic!() };
    assert_eq!((loss.count, loss.first_ns, loss.last_ns), (Some(1), 20 * MS, Some(30 * MS)));
    assert!(decoded.counters.programs["log"].holds());
}

#[test]
fn changed_ids_are_told_with_those_before() {
    let mut changed = line("ids", 20 * MS, 30 * MS, process(7, 1, 0, &["sh"]));
    changed["before"] = json!({ "uid": 0 });
    let decoded = read(&[old(), changed]);
    assert_eq!(told(&decoded), ["7: ids"]);
    assert_eq!(decoded.events[0].raw["before"], json!({ "uid": 0 }));
    assert_eq!(decoded.events[0].image.ids.unwrap().uid, 1);
}

#[test]
fn bad_lines_are_losses_with_their_number() {
    let wrong = [
        json!({ "say": "sing" }),
        json!({}),
        line("new", 5, 4, process(8, 7, 0, &["id"])),
        line("new", 4, 5, json!({ "pid": 8 })),
        line("new", 4, 5, json!([])),
        line("exec", 4, 5, json!({ "pid": 8, "parent": 7, "start": 0, "comm": "x" })),
        json!({ "say": "gone", "from": 4, "to": 5, "pid": -1, "start": 0 }),
        json!({ "say": "unread", "from": 4 }),
    ];
    let log: String = wrong.iter().map(|line| format!("{line}\n")).collect();
    let decoded = decode(log.as_bytes(), "proc@host", CLOCK);
    let lines: Vec<usize> = decoded.unreadable.iter().map(|unreadable| unreadable.line).collect();
    assert_eq!(lines, (1..=wrong.len()).collect::<Vec<_>>());
    assert!(decoded.events.iter().all(|event| event.payload.action() == Action::Loss));
}

#[test]
fn marks_and_secrets() {
    let mark_line = |name: &str| format!("{}\n", json!({ "say": "mark", "name": name, "ns": 42 }));
    assert_eq!(mark("m1"), "mark m1\n");
    assert_eq!(seen_at(mark_line("m1").as_bytes(), "m1", CLOCK), Some(42));
    assert_eq!(seen_at(mark_line("m2").as_bytes(), "m1", CLOCK), None);
    assert!(seen_at(br#"{"say":"ready","interval_ns":1}"#, READY, CLOCK).is_some());
    // The name of a program is no mark.
    let program = line("new", 0, 1, process(8, 7, 0, &["m1"])).to_string();
    assert_eq!(seen_at(program.as_bytes(), "m1", CLOCK), None);

    let mut secret =
        line("new", 0, 1, process(8, 7, 0, &["mysql", "--password", "hunter2"])).to_string().into_bytes();
    assert_eq!(redact_line(&mut secret), 1);
    let masked: Value = serde_json::from_slice(&secret).unwrap();
    assert_eq!(masked["process"]["image"]["argv"], json!(["mysql", "--password", "*******"]));
    let mut cut = b"{\"argv\":[\"--password=hunter2".to_vec();
    assert_eq!(redact_line(&mut cut), 1);
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let _ = seen_at(&bytes, "x", CLOCK);
        redact_line(&mut bytes.clone());
    }

    /// Lines in any order, of few processes: all is accounted for.
    #[test]
    fn lines_in_any_order(lines in proptest::collection::vec((0..5u8, 1..4u32, 0..4u32, 0..3u64, 0..60u64), 0..24)) {
        let log: String = lines.into_iter().map(|(say, pid, parent, start, at)| {
            let (from, to) = (at * MS, at * MS + 10 * MS);
            let program = ["a", "b"][usize::from(say) % 2];
            let line = match say {
                0 => json!({ "say": "gone", "from": from, "to": to, "pid": pid, "start": start }),
                1 => json!({ "say": "unread", "from": from, "to": to, "pid": pid }),
                2 => line("exec", from, to, process(pid, parent, start, &[program])),
                _ => line("new", from, to, process(pid, parent, start, &[program])),
            };
            format!("{line}\n")
        }).collect();
        crate::account::check("proc", log.as_bytes()).map_err(TestCaseError::fail)?;
        prop_assert!(decode(log.as_bytes(), "x", CLOCK).unreadable.is_empty());
    }
}
