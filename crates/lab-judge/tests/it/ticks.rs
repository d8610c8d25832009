//! A sensor whose clock is coarse.

use lab_model::{Outcome, SensorKind};

use crate::world::{World, exec, open, record};

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
