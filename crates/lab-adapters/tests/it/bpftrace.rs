//! What becomes of the lines that our script for bpftrace prints.

use lab_adapters::bpftrace::{TEXT_BYTES, decode};
use lab_model::{Action, Event, LossCause, OpenFlags, Outcome, Payload, TimeSource};
use proptest::prelude::*;

use crate::account::{self, CLOCK, RECORDS};

fn printed(records: &[&str]) -> String {
    records.iter().map(|record| format!("{{\"type\": \"printf\", \"data\": \"{record}\"}}\n")).collect()
}

fn events(log: &str) -> Vec<Event> {
    let decoded = decode(log.as_bytes(), "bpftrace@host", CLOCK);
    assert!(decoded.counters.programs["log"].holds(), "{:?}", decoded.counters);
    decoded.events
}

/// The action and the cause of a loss.
fn loss(event: &Event) -> Option<(LossCause, Option<Action>)> {
    match &event.payload {
        Payload::Loss(loss) => Some((loss.cause, loss.of)),
        _ => None,
    }
}

#[test]
fn calls_are_put_together() {
    let (_, record) = RECORDS.iter().find(|(name, _)| *name == "bpftrace").unwrap();
    let decoded = decode(record.as_bytes(), "bpftrace@host", CLOCK);
    assert_eq!(decoded.unreadable, []);
    let balance = &decoded.counters.programs["log"];
    assert!(balance.holds(), "{balance:?}");
    assert_eq!((balance.received, balance.lost[&LossCause::QueueFull]), (4, 3));
    let [open, rename, connect, exit] = decoded.events.as_slice() else { panic!("{:?}", decoded.events) };
    let Payload::Open(opened) = &open.payload else { panic!("{open:?}") };
    assert_eq!((opened.path.as_bytes(), opened.flags), (&b"/tmp/\xc3\x01"[..], OpenFlags(0o2000000)));
    assert_eq!(opened.result, Outcome::from_ret(-2));
    assert_eq!((open.time.began_ns, open.time.ns, open.time.source), (Some(100), 200, TimeSource::Kernel));
    assert_eq!((open.image.pid, open.image.tid), (Some(7), Some(8)));
    let Payload::Rename(renamed) = &rename.payload else { panic!("{rename:?}") };
    assert_eq!((&renamed.from, &renamed.to), (&"/a".into(), &"/b c".into()));
    let Payload::Connect(connected) = &connect.payload else { panic!("{connect:?}") };
    assert_eq!(
        (connected.address.to_string(), connected.result),
        ("127.0.0.1:80".into(), Outcome::from_ret(-111))
    );
    assert!(matches!(exit.payload, Payload::Exit(exit) if exit.code == Some(3) && exit.signal.is_none()));
}

#[test]
fn a_text_that_was_cut_or_not_there_is_a_loss_of_its_call() {
    let open = |path: &str| {
        let begin = format!("< 1 7 7 257 1 0 {path}");
        events(&printed(&[&begin, "> 2 7 7 257 3"]))
    };
    let whole = "y".repeat(TEXT_BYTES);
    assert!(matches!(&open(&whole)[0].payload, Payload::Open(open) if open.path == whole.as_str().into()));
    for path in [&"y".repeat(TEXT_BYTES + 1), ""] {
        let events = open(path);
        assert_eq!(loss(&events[0]), Some((LossCause::Unreadable, Some(Action::Open))), "{path:?}");
        assert_eq!(events.len(), 1);
    }
    // The empty path, read again when its memory was there for sure.
    let log = printed(&["< 1 7 7 257 1 0 ", "~ 2 7 7 ", "> 3 7 7 257 -2"]);
    assert!(matches!(&events(&log)[0].payload, Payload::Open(open) if open.path == "".into()));
}

#[test]
fn records_come_in_any_order_and_some_not_at_all() {
    let log = printed(&["> 2 7 7 87 0", "< 1 7 7 87 0 0 /a"]);
    assert!(matches!(&events(&log)[0].payload, Payload::Unlink(unlink) if !unlink.directory));
    let alone = events(&printed(&["> 2 7 7 87 0"]));
    assert_eq!(loss(&alone[0]), Some((LossCause::ExitWithoutEnter, Some(Action::Unlink))));
    let twice = events(&printed(&["< 1 7 7 87 0 0 /a", "< 3 7 7 87 0 0 /b", "> 4 7 7 87 0"]));
    assert_eq!(loss(&twice[0]), Some((LossCause::EnterWithoutExit, Some(Action::Unlink))));
    let unended = decode(printed(&["< 1 7 7 87 0 0 /a"]).as_bytes(), "x", CLOCK);
    assert_eq!((unended.events.len(), unended.counters.programs["log"].in_flight), (0, 1));
    // A thread that replaces its process returns as the first one.
    let exec = events(&printed(&["< 1 7 9 59 0 0 /bin/a", "> 2 7 7 59 0"]));
    assert!(matches!(exec[0].payload, Payload::Exec(_)));
}

#[test]
fn a_process_is_made_and_a_thread_is_none() {
    // clone3 with CLONE_THREAD, clone, vfork which has to begin again, and again.
    let log = printed(&[
        "f 1 7 7 435 65536",
        "> 2 7 7 435 8",
        "f 3 7 7 56 17",
        "> 4 7 7 56 9",
        "f 5 7 7 58 0",
        "> 6 7 7 58 -513",
        "f 7 7 7 58 0",
        "> 8 7 7 58 10",
    ]);
    let children = events(&log).into_iter().map(|event| match event.payload {
        Payload::Fork(fork) => (fork.child, event.time.began_ns, event.time.ns),
        other => panic!("{other:?}"),
    });
    assert_eq!(children.collect::<Vec<_>>(), [(9, Some(3), 4), (10, Some(7), 8)]);
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        account::check("bpftrace", &bytes).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn pieces_in_any_order(pieces in proptest::collection::vec(prop_oneof![
        Just("{\"type\": \"printf\", \"data\": \""), Just("\"}\n"), Just("< 1 7 7 257 1 0 /a"), Just("> 2 7 7 257 3"),
        Just("+ 3 7 7 "), Just("~ 3 7 7 /c"), Just("* 3 7 7 "), Just("= 3 7 7 \\\\x01"),
        Just("@ 3 7 8 42 \\\\x02\\\\x00"), Just("x 4 7 7 0"), Just("< 4 7 8 316 1 0 "), Just("f 4 7 8 56 17"), Just("> 5 7 8 56 9"), Just("\\u"), Just("\\uffffff"), Just("\n"),
        Just("{\"type\": \"lost_events\", \"data\": {\"events\": 9}}\n"), Just("18446744073709551615"), Just(" "),
    ], 0..30)) {
        account::check("bpftrace", pieces.concat().as_bytes()).map_err(TestCaseError::fail)?;
    }
}
