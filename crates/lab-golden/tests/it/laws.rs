//! Laws: text and golden are one to one; a run is as itself; no fact hides another.

use lab_golden::{Golden, MaskedFact, Masks, compare, render};
use lab_model::{
    Accept, Address, Change, Exec, Fact, FactNode, Fork, Freedom, Open, Outcome, Payload, SetId, Text, Unlink,
};
use proptest::prelude::*;

use crate::strategy;

/// The fact without what fact.rs says is left out of goldens, so that what remains must show.
fn kept(fact: &Fact) -> Fact {
    let mut fact = Fact {
        acts: Default::default(),
        sightings: Default::default(),
        unseen_by: Default::default(),
        count: 1,
        free: Freedom::default(),
        ..fact.clone()
    };
    if fact.folded.is_some() {
        fact.ids = None;
        fact.payload = Fork { child: 0, child_start_ns: None }.into();
        return fact;
    }
    let ids = fact.ids.take();
    let done = |result: &mut Outcome| {
        if let Outcome::Ok(value) = result {
            *value = 0;
        }
    };
    match &mut fact.payload {
        Payload::Exec(exec) => {
            let Exec { exe, file, result, .. } = &mut **exec;
            fact.ids = ids;
            (*exe, *file) = (None, None);
            done(result);
        }
        Payload::Fork(fork) => fork.child_start_ns = None,
        Payload::SetId(setid) => {
            let SetId { before, after, result, .. } = &mut **setid;
            *before = None;
            *after = after.or(ids);
            done(result);
        }
        Payload::Open(Open { flags, late_path, result, .. }) => {
            *flags = flags.meant();
            *late_path = false;
            done(result);
        }
        Payload::Unlink(Unlink { result, .. }) => done(result),
        Payload::Rename(rename) => done(&mut rename.result),
        Payload::Connect(connect) => done(&mut connect.result),
        Payload::Bind(bind) => done(&mut bind.result),
        Payload::Accept(Accept { result, .. }) => done(result),
        Payload::Loss(loss) => loss.count = None,
        call => call.change(&Same),
    }
    fact
}

/// Leaves texts and addresses as they are.
struct Same;

impl Change for Same {
    fn text(&self, text: &Text) -> Text {
        text.clone()
    }

    fn address(&self, address: &Address) -> Address {
        address.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_what_is_read(judged in strategy::judged()) {
        let golden = render(&judged);
        let text = golden.to_text();
        let read = Golden::parse(&text, "x.golden");
        prop_assert!(read.is_ok(), "{}\n{text}", read.unwrap_err());
        let read = read.unwrap();
        prop_assert_eq!(read.to_text(), text);
        prop_assert_eq!(read, golden);
    }

    #[test]
    fn a_golden_is_safe_to_print(judged in strategy::judged()) {
        let text = render(&judged).to_text();
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert!(text.lines().all(|line| !line.ends_with(' ')));
    }

    #[test]
    fn a_run_is_as_itself(judged in strategy::judged()) {
        let golden = render(&judged);
        let drift = compare(Some(&golden), &golden);
        prop_assert!(drift.is_empty() && drift.differences.is_empty() && drift.text_diff().is_empty());
        prop_assert!(!compare(None, &golden).is_empty());
    }

    #[test]
    fn two_runs_that_differ_say_so(a in strategy::judged(), b in strategy::judged()) {
        let (golden, run) = (render(&a), render(&b));
        let drift = compare(Some(&golden), &run);
        if drift.is_empty() && golden.tree.iter().any(|line| !line.marks.is_strict()) {
            // What is free to be absent is no drift, whatever stands below it.
            return Ok(());
        }
        prop_assert_eq!(drift.is_empty(), golden == run);
        prop_assert_eq!(drift.differences.is_empty(), golden == run);
        prop_assert_eq!(drift.text_diff().is_empty(), golden == run);
    }

    #[test]
    fn two_facts_are_one_line_only_if_what_is_kept_is_the_same(a in strategy::fact(), b in strategy::fact()) {
        // Both in one tree, so that what is numbered is numbered once; forks speak of pids only where texts do.
        let nodes = [a.clone(), b.clone()].map(|fact| FactNode { fact, children: Default::default() });
        let mut masks = Masks::for_tree(&nodes);
        let (one, two) = (MaskedFact::of(&a, &mut masks).to_string(), MaskedFact::of(&b, &mut masks).to_string());
        let (a, b) = (kept(&a), kept(&b));
        let forks = matches!((&a.payload, &b.payload), (Payload::Fork(_), Payload::Fork(_)));
        if forks {
            return Ok(());
        }
        prop_assert_eq!(one == two, a == b, "{} | {}", one, two);
    }

    #[test]
    fn masks_do_not_depend_on_what_they_did_before(fact in strategy::fact()) {
        let node = [FactNode { fact: fact.clone(), children: Default::default() }];
        let mut masks = Masks::for_tree(&node);
        let once = MaskedFact::of(&fact, &mut masks);
        prop_assert_eq!(MaskedFact::of(&fact, &mut masks), once);
    }

    #[test]
    fn reading_never_panics(lines in prop::collection::vec("[ ]{0,6}(exec|open|exit|table|act 1|tree|->|<pid:1>|\"a\"|\\[|seen|[ -~]{0,8})( [ -~]{0,9})?", 0..9)) {
        let text = format!("sightline golden 1\nscenario a  attack T1059\n\ntree\n{}\n", lines.join("\n"));
        let _ = Golden::parse(&text, "x.golden");
    }
}
