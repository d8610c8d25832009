//! Large records.

use lab_judge::judge;
use lab_model::{ActKind, Outcome, SensorKind, Verdict};

use crate::{
    sample::verdicts,
    world::{OK, World, exec, open, record},
};

/// A flood of opens, processes and library reads; anything quadratic would take minutes.
#[test]
fn a_hundred_thousand_events_are_judged() {
    let passes = [(1, SensorKind::Probe), (2, SensorKind::Strace)].map(|(number, sensor)| {
        let mut w = World::new(number, sensor);
        let pid = w.fork(w.actor(), true);
        w.step(pid, exec("/bin/flood", &["flood"]));
        for n in 0..40_000 {
            w.call(pid, open(&format!("/tmp/{}", n % 100), OK));
            w.call(pid, open("/lib/libc.so.6", Outcome::Ok(3)));
        }
        for _ in 0..3_000 {
            let child = w.fork(pid, false);
            w.call(child, exec("/bin/leaf", &["leaf"]));
            w.exit(child, false);
        }
        for n in 0..1_000 {
            w.step(pid, open(&format!("/tmp/told-{n}"), OK));
        }
        w.exit(pid, true);
        w.act(1, ActKind::Exec, 1);
        w.end()
    });
    let record = record(passes.into());
    assert_eq!(verdicts(&record, SensorKind::Probe), [Verdict::Seen]);
    let judged = judge(&record);
    assert_eq!(judged.doubts, Vec::<String>::new());
    let flood = &judged.tree[0];
    assert_eq!(flood.children.len(), 40_000 + 1 + 3_000 + 1_000 + 1);
    assert_eq!(flood.children[1].fact.count, 40_000);
}
