//! The same run with its events in any order gives the same goldens, byte for byte.

use lab_golden::Golden;
use proptest::prelude::*;

use super::{Lab, code, turn};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shuffling_is_a_permutation(keys in prop::collection::vec(any::<u64>(), 1..50)) {
        let mut items: Vec<usize> = (0..200).collect();
        shuffle(&mut items, &keys);
        prop_assert_ne!(&items, &(0..200).collect::<Vec<_>>());
        items.sort_unstable();
        prop_assert_eq!(items, (0..200).collect::<Vec<_>>());
    }
}

/// Puts items into an order that depends on the keys alone.
fn shuffle<T>(items: &mut [T], keys: &[u64]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for at in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(keys[at % keys.len()] | 1);
        let below = usize::try_from(state >> 33).unwrap_or(0) % (at + 1);
        items.swap(at, below);
    }
}

#[test]
fn the_goldens_of_a_real_run_do_not_depend_on_the_order_of_its_events() {
    let Some(_turn) = turn("shuffled::the_goldens_of_a_real_run_do_not_depend_on_the_order_of_its_events")
    else {
        return;
    };
    let lab = Lab::new();
    code(&lab.run(&[]).output().unwrap(), 0);
    let bundle = lab_store::read(&lab.bundle()).unwrap();
    assert_eq!(bundle.scenarios.len(), 5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    for record in &bundle.scenarios {
        let text = |record: &lab_model::ScenarioRecord| -> String {
            Golden::to_text(&lab_golden::render(&lab_judge::judge(record)))
        };
        let wanted = text(record);
        let keys = prop::collection::vec(any::<u64>(), 1..50);
        let done = runner.run(&keys, |keys| {
            let mut shuffled = record.clone();
            for instance in shuffled.passes.iter_mut().flat_map(|pass| &mut pass.instances) {
                shuffle(&mut instance.events, &keys);
            }
            prop_assert_eq!(text(&shuffled), wanted.as_str());
            Ok(())
        });
        done.unwrap_or_else(|failed| panic!("{}: {failed}", record.head.name));
        let events =
            record.passes.iter().flat_map(|pass| &pass.instances).map(|i| i.events.len()).sum::<usize>();
        assert!(events > 10, "{} has {events} events", record.head.name);
    }
}
