//! What holds for every record.

use lab_judge::{explain, judge};
use lab_model::{Event, ScenarioRecord, SensorKind};
use proptest::prelude::*;

use crate::sample::{events, sample};

/// The sample's events of one pass, changed.
fn with_events(pass: usize, change: impl FnOnce(Vec<Event>) -> Vec<Event>) -> ScenarioRecord {
    let mut record = sample();
    let old = std::mem::take(events(&mut record, pass));
    *events(&mut record, pass) = change(old);
    record
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_count(
        pass in 0usize..2,
        keys in proptest::collection::vec(any::<u32>(), 64),
    ) {
        let shuffled = with_events(pass, |events| {
            let mut keyed: Vec<_> = events.into_iter().enumerate().map(|(i, e)| (keys[i % 64], i, e)).collect();
            keyed.sort_by_key(|(key, i, _)| (*key, *i));
            keyed.into_iter().map(|(_, _, event)| event).collect()
        });
        prop_assert_eq!(judge(&shuffled), judge(&sample()));
    }

    #[test]
    fn a_record_that_comes_twice_counts_once(pass in 0usize..2, twice in proptest::collection::vec(any::<u16>(), 0..20)) {
        let doubled = with_events(pass, |mut events| {
            let copies: Vec<_> = twice.iter().map(|i| events[usize::from(*i) % events.len()].clone()).collect();
            events.extend(copies);
            events
        });
        prop_assert_eq!(judge(&doubled), judge(&sample()));
    }

    #[test]
    fn any_subset_of_events_is_judged(pass in 0usize..2, keep in any::<u64>()) {
        let subset = with_events(pass, |events| {
            events.into_iter().enumerate().filter(|(i, _)| keep >> (i % 64) & 1 == 1).map(|(_, event)| event).collect()
        });
        let judged = judge(&subset);
        prop_assert_eq!(judged.verdicts.len(), 6);
        for sensor in [SensorKind::Probe, SensorKind::Strace] {
            prop_assert!(!explain(&subset, 1, sensor).to_string().is_empty());
        }
    }

    #[test]
    fn events_of_nonsense_are_judged(
        pass in 0usize..2,
        nonsense in proptest::collection::vec((any::<u8>(), 0u32..6, any::<bool>(), any::<u64>(), 0u32..6), 0..60),
    ) {
        let garbled = with_events(pass, |mut events| {
            let len = events.len();
            for (n, (index, pid, known, ns, child)) in nonsense.into_iter().enumerate() {
                let mut event = events[usize::from(index) % len].clone();
                event.image.pid = known.then_some(pid);
                event.time.ns = ns;
                event.time.began_ns = known.then_some(ns / 2);
                event.image.parent = Some(lab_model::ParentRef { pid: child, start_ns: None });
                if n % 3 == 0 {
                    event.image.start_ns = None;
                    event.payload = lab_model::Fork { child, child_start_ns: None }.into();
                }
                if n % 2 == 0 {
                    event.seq.n = 1000 + n as u64;
                }
                events.push(event);
            }
            events
        });
        let judged = judge(&garbled);
        let mut reversed = garbled.clone();
        events(&mut reversed, pass).reverse();
        prop_assert_eq!(judge(&reversed), judged);
    }
}

#[test]
fn nothing_at_all_is_judged() {
    let mut record = sample();
    record.passes.clear();
    assert!(judge(&record).verdicts.is_empty());
    let mut record = sample();
    for pass in &mut record.passes {
        pass.instances.clear();
        pass.receipts.clear();
        pass.actor = None;
    }
    assert!(judge(&record).tree.is_empty());
}
