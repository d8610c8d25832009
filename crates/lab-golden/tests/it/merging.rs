//! Many runs as one golden: each of them is as it says, and what held in all stays strict.

use lab_golden::{Golden, Rate, Tally, compare, render};
use lab_model::{SensorKind, Verdict};
use proptest::prelude::*;

use crate::strategy;

fn golden(tree: &str, table: &str, detections: &str) -> Golden {
    let text = format!(
        "sightline golden 1\nscenario a  attack T1059\n\ntree\n{tree}\ntable     probe   strace\n{table}\ndetections\n{detections}"
    );
    Golden::parse(&text, "a.golden").unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn tree(tree: &str) -> Golden {
    golden(tree, "  act 1   seen    seen\n", "  none\n")
}

fn merged(runs: &[(u32, &Golden)]) -> Golden {
    let mut tally = Tally::default();
    for (count, run) in runs {
        (0..*count).for_each(|_| tally.add((*run).clone()));
    }
    let merged = tally.merge().unwrap();
    for (_, run) in runs {
        let drift = compare(Some(&merged), run);
        assert!(
            drift.is_empty() && drift.differences.is_empty(),
            "{:?}\n{}",
            drift.differences,
            merged.to_text()
        );
        assert_eq!(drift.text_diff(), "");
    }
    let text = merged.to_text();
    assert_eq!(Golden::parse(&text, "x").unwrap_or_else(|e| panic!("{e}\n{text}")), merged);
    merged
}

#[track_caller]
fn drifts(golden: &Golden, run: &Golden, wanted: &[&str]) {
    let found: Vec<String> = compare(Some(golden), run).differences.iter().map(ToString::to_string).collect();
    assert_eq!(found, wanted);
}

const BASE: &str = "  fork\n    open \"/a\" read\n    open \"/b\" read\n    exit 0\n";

#[test]
fn a_line_that_is_not_always_there() {
    let (all, without) = (tree(BASE), tree("  fork\n    open \"/a\" read\n    exit 0\n"));
    let found = merged(&[(3, &all), (1, &without)]);
    let wanted = BASE.replace("\"/b\" read", &format!("\"/b\" read{:47}unstable 3/4", ""));
    assert!(found.to_text().contains(&wanted), "{}", found.to_text());
    let drift = compare(Some(&found), &without);
    let told: Vec<String> = drift.tolerated.iter().map(ToString::to_string).collect();
    assert_eq!(told, [r#"unstable 3/4: absent: fork / open "/b" read"#]);
    assert_eq!(drift.tolerated[0].line, 7);
    assert_eq!(compare(Some(&found), &all).tolerated[0].how, "there");
    // The same golden, whichever kind of run is more frequent.
    assert_eq!(merged(&[(1, &all), (3, &without)]).tree[2].marks.unstable, Some(Rate { held: 1, of: 4 }));
    drifts(
        &found,
        &tree(&BASE.replace("\"/a\"", "\"/c\"")),
        &[r#"changed (path): open "/a" read => open "/c" read  [T1059]"#],
    );
    // Another line in the free one's stead is one too many.
    drifts(&found, &tree(&BASE.replace("\"/b\"", "\"/c\"")), &[r#"extra: open "/c" read  [T1059]"#]);
    drifts(
        &found,
        &tree(&BASE.replace("    open \"/b\" read\n", "    open \"/b\" read\n    open \"/b\" read\n")),
        &[r#"extra: open "/b" read  [T1059]"#],
    );
}

#[test]
fn a_subtree_that_is_not_always_there() {
    let (all, without) = (tree(&format!("{BASE}  fork\n    fork\n      exit 1\n")), tree(BASE));
    let found = merged(&[(1, &without), (1, &all)]);
    assert_eq!(found.tree.iter().filter(|line| line.marks.unstable.is_some()).count(), 3);
    drifts(&found, &tree(&format!("{BASE}  fork\n    fork\n      exit 2\n")), &["extra: exit 2  [T1059]"]);
}

#[test]
fn an_order_that_does_not_hold() {
    let (one, other) = (tree(BASE), tree("  fork\n    open \"/b\" read\n    open \"/a\" read\n    exit 0\n"));
    let found = merged(&[(5, &one), (2, &other)]);
    assert_eq!(found.tree.iter().filter(|line| line.marks.unstable.is_some()).count(), 1);
    assert!(
        !compare(Some(&found), &tree("  fork\n    exit 0\n    open \"/a\" read\n    open \"/b\" read\n"))
            .is_empty()
    );
}

#[test]
fn one_of_several_like_it_is_not_always_there() {
    let rest = "  exec \"/x\" []\n  fork\n    open \"/b\" read\n    open \"/b\" read\n    exit 0\n";
    let (one, two) =
        ("  fork\n    open \"/a\" read\n", "  fork\n    open \"/a\" read\n  fork\n    open \"/a\" read\n");
    let (one, two) = (tree(&format!("{one}{rest}")), tree(&format!("{two}{rest}")));
    let found = merged(&[(1, &one), (1, &two)]);
    // What stands below tells the forks apart: nothing of the last one is in doubt.
    let marked = found.tree.iter().filter(|line| line.marks.unstable.is_some());
    assert_eq!(marked.map(|line| line.fact.to_string()).collect::<Vec<_>>(), ["fork", "open \"/a\" read"]);
    drifts(&found, &tree(rest), &["missing: fork  [T1059]", "missing: open \"/a\" read  [T1059]"]);
}

#[test]
fn exceptions_that_do_not_hold() {
    let strict = tree(&format!("  fork{:59}act 1\n    exit 0\n", ""));
    let unseen = tree(&format!("  fork{:59}act 1, not strace\n    exit 0\n", ""));
    let found = merged(&[(5, &strict), (2, &unseen)]);
    assert!(found.to_text().contains("act 1, unstable 5/7\n    exit 0\n"), "{}", found.to_text());
    assert_eq!(compare(Some(&found), &unseen).tolerated[0].how, "there, seen or anchored otherwise");
    drifts(&found, &tree("  fork\n    exit 1\n"), &["changed (code): exit 0 => exit 1  [act 1 T1059]"]);
}

#[test]
fn verdicts_that_do_not_hold() {
    let strict = golden("  fork\n", "  act 1   seen    seen\n", "  none\n");
    let missed = golden("  fork\n", "  act 1   seen    missed\n", "  none\n");
    let found = merged(&[(2, &strict), (1, &missed)]);
    assert!(
        found.to_text().contains("  act 1   seen    seen    strace unstable 2/3\n"),
        "{}",
        found.to_text()
    );
    assert_eq!(compare(Some(&found), &missed).tolerated[0].how, "missed");
    drifts(
        &found,
        &golden("  fork\n", "  act 1   missed  seen\n", "  none\n"),
        &["changed (probe): seen => missed  [act 1 T1059]"],
    );
    // What is never blessed is not tolerated either.
    drifts(
        &found,
        &golden("  fork\n", "  act 1   seen    lost\n", "  none\n"),
        &["changed (strace): seen => lost  [act 1 T1059]"],
    );
}

#[test]
fn detections_that_do_not_hold() {
    let row = "  act 1   seen    seen\n  act 2   seen    seen\n";
    let none = golden("  fork\n", row, "  none\n");
    let one = golden("  fork\n", row, "  sigma \"x\"  act 1\n");
    let two = golden("  fork\n", row, "  sigma \"x\"  act 1, act 2\n");
    let found = merged(&[(3, &one), (2, &none), (1, &two)]);
    assert!(found.to_text().ends_with("  sigma \"x\"  act 1, unstable 3/6\n"), "{}", found.to_text());
    let other = golden("  fork\n", row, "  sigma \"y\"  act 1\n");
    drifts(&found, &other, &["extra: sigma \"y\"  [act 1 T1059]"]);
}

#[test]
fn runs_of_two_plans_are_not_one_golden() {
    let mut tally = Tally::default();
    assert!(tally.merge().is_err());
    tally.add(tree(BASE));
    let mut other = tree(BASE);
    other.attack = vec!["T1003".into()];
    tally.add(other);
    let error = tally.merge().unwrap_err().to_string();
    assert!(error.starts_with("the runs are not of one plan: changed (attack)"), "{error}");
}

/// The golden with one thing other, of the kinds in which runs of one plan differ.
pub(crate) fn vary(golden: &Golden, kind: u8, at: usize) -> Golden {
    let mut other = golden.clone();
    if golden.tree.is_empty() {
        return other;
    }
    let at = at % golden.tree.len();
    let depth = golden.tree[at].depth;
    let below = |at: usize| {
        let depth = golden.tree[at].depth;
        at + 1 + golden.tree[at + 1..].iter().take_while(|line| line.depth > depth).count()
    };
    let end = below(at);
    match kind % 5 {
        0 => _ = other.tree.drain(at..end),
        1 => _ = other.tree.splice(at..at, golden.tree[at..end].to_vec()),
        2 if golden.tree.get(end).is_some_and(|next| next.depth == depth) => {
            let next = below(end);
            other.tree[at..next].rotate_left(end - at);
        }
        3 => match other.tree[at].unseen.pop() {
            Some(_) => {}
            None => other.tree[at].unseen.push(SensorKind::Strace),
        },
        _ => {
            let sensor = other.sensors.iter().position(|sensor| *sensor == SensorKind::Strace);
            let rows = other.table.len().max(1);
            if let (Some(sensor), Some(row)) = (sensor, other.table.get_mut(at % rows)) {
                row.verdicts[sensor] = Verdict::Missed;
            }
        }
    }
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_run_is_as_their_golden(
        judged in strategy::judged(),
        changes in prop::collection::vec(prop::collection::vec((any::<u8>(), 0..40usize), 0..4), 1..6),
    ) {
        let mut base = render(&judged);
        // `lost` is never blessed and so never tolerated: such runs do not come this far.
        let verdicts = base.table.iter_mut().flat_map(|row| &mut row.verdicts);
        verdicts.filter(|verdict| **verdict == Verdict::Lost).for_each(|verdict| *verdict = Verdict::Late);
        let runs: Vec<Golden> =
            changes.iter().map(|changes| changes.iter().fold(base.clone(), |run, (kind, at)| vary(&run, *kind, *at))).collect();
        let mut tally = Tally::default();
        runs.iter().for_each(|run| tally.add(run.clone()));
        let merged = tally.merge();
        prop_assert!(merged.is_ok(), "{}", merged.unwrap_err());
        let merged = merged.unwrap();
        for run in &runs {
            let drift = compare(Some(&merged), run);
            prop_assert!(drift.is_empty(), "{:?}\n{}\n{}", drift.differences, merged.to_text(), run.to_text());
        }
        let text = merged.to_text();
        let read = Golden::parse(&text, "x.golden");
        prop_assert!(read.is_ok(), "{}\n{text}", read.unwrap_err());
        prop_assert_eq!(&read.unwrap(), &merged);
        let same = runs.iter().all(|run| *run == runs[0]);
        // A line that the scenario leaves free may be absent without being unstable.
        let free = base.tree.iter().any(|line| !line.marks.is_strict());
        prop_assert!(same == (merged == runs[0]) || (free && !same), "{text}");
        // What held in all runs, and above which all held, is as strict as ever.
        let mut strict_above = vec![true];
        for (at, line) in merged.tree.iter().enumerate() {
            strict_above.truncate(line.depth + 1);
            let strict = strict_above[line.depth] && line.marks.is_strict();
            strict_above.push(strict);
            if strict {
                let mut mutant = runs[0].clone();
                let twins = |golden: &Golden| golden.tree.iter().filter(|other| other.fact == line.fact).count();
                if twins(&mutant) != 1 || twins(&merged) != 1 {
                    continue;
                }
                let here = mutant.tree.iter().position(|other| other.fact == line.fact).unwrap();
                mutant.tree[here].fact.fields.clear();
                mutant.tree[here].fact.word = if line.fact.word == "fork" { "exec" } else { "fork" };
                let drift = compare(Some(&merged), &mutant);
                prop_assert!(!drift.differences.is_empty(), "line {at} changed, not caught\n{text}");
            }
        }
    }
}
