//! A sensor whose clock is coarse.

use lab_model::{Outcome, SensorKind};

use crate::{
    facts::show,
    world::{MS, World, exec, open, record},
};

const OK: Outcome = Outcome::Ok(3);

/// A clock that knows ticks alone: the second of two equal calls comes just behind a tick, the first long behind one.
#[test]
fn equal_calls_within_a_tick_keep_their_order() {
    let mut w = World::new(1, SensorKind::Strace);
    let pid = w.fork(w.actor(), true);
    w.step(pid, exec("/bin/a", &["a"]));
    w.step(pid, open("/etc/shadow", OK));
    w.step(pid, open("/etc/shadow", OK));
    let last = w.events().len() - 1;
    w.events()[last - 1].time.ns -= 1_400_000;
    for event in &mut w.events()[last - 1..] {
        event.time.error_ns = 2_000_000;
    }
    w.act(1, lab_model::ActKind::Exec, 3);
    let record = record(vec![w.end()]);
    let row = &lab_judge::judge(&record).verdicts[0];
    assert_eq!(row.verdict, lab_model::Verdict::Seen);
    let numbers: Vec<u64> = row.events.iter().map(|seq| seq.n).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// What is seen by a sensor that knows a pid alone of a child that does nothing in its sight, made so long `before` a tick.
fn silent(before: u64) -> String {
    let mut w = World::new(1, SensorKind::Bpftrace);
    w.now = w.now.next_multiple_of(10 * MS) - before;
    let pid = w.fork(w.actor(), true);
    let known = w.events().len();
    w.events()[known - 1].time.error_ns = 0;
    w.step(pid, exec("/bin/a", &["a"]));
    w.exit(pid, true);
    w.events().truncate(known);
    w.act(1, lab_model::ActKind::Exec, 1);
    show(&record(vec![w.end()]))
}

/// The call begins before the tick, and its child is born behind it.
#[test]
fn a_child_that_is_born_as_the_clock_ticks_is_who_the_receipt_names() {
    let (at, elsewhere) = (3 * MS / 10, 5 * MS);
    assert_eq!(silent(at), silent(elsewhere));
}
