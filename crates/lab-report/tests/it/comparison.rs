//! Two runs held against each other.

use lab_model::{Family, LossCause, Role, RunOutcome, ScenarioRecord, Verdict};
use lab_report::{Comparison, RunReport, Style, comparison, comparison_json, json_text};
use serde_json::json;

use crate::samples::{EVIL, Sample, judged, kill, lose, record, same};

fn report<'a>(sample: &'a Sample, run: &str) -> RunReport<'a> {
    RunReport { run: run.into(), ..sample.report(RunOutcome::Pass) }
}

fn compared<'a>(old: &'a RunReport<'a>, new: &'a RunReport<'a>) -> Comparison<'a> {
    Comparison::new(old, new, |scenario| lab_judge::outcome(scenario.judged))
}

fn text(comparison_of: &Comparison<'_>) -> String {
    comparison(comparison_of, Style::default())
}

#[test]
fn the_same_twice_but_for_times_and_counts() {
    let (one, mut record) = (same(), record());
    record.passes[0].stages[0].took_ns += 5;
    record.passes[0].instances[0]
        .counters
        .as_mut()
        .unwrap()
        .programs
        .get_mut("file_open")
        .unwrap()
        .produced += 9;
    let other = Sample::new(record, judged(), None);
    let (mut old, mut new) = (report(&one, "one"), report(&other, "two"));
    old.environment.push(("machine", "boot id".into(), "a".into()));
    new.environment.push(("machine", "boot id".into(), "b".into()));
    new.began = "2030-01-02T04:00:00Z".into();
    let comparison = compared(&old, &new);
    assert!(comparison.is_same());
    let expected = "\
old  one  host  6.1.0-30-amd64  2030-01-02T03:04:05Z
new  two  host  6.1.0-30-amd64  2030-01-02T04:00:00Z

sensitive-read
  same

same (exit code 0)
";
    assert_eq!(text(&comparison), expected);
    let value = comparison_json(&comparison);
    assert_eq!((&value["same"], &value["exit_code"]), (&json!(true), &json!(0)));
    assert_eq!(value["scenarios"][0]["diff"], "");
}

#[test]
fn everything_that_can_differ_is_named() {
    let (one, mut record, mut now) = (same(), record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    now.verdicts[0].verdict = Verdict::Lost;
    now.proofs[1].proven = false;
    now.proofs[1].families = vec![Family::Receipt];
    now.acts[1].role = Role::Act;
    now.doubts = vec!["7 events of a closed interval".into()];
    let other = Sample::new(record, now, None);
    let (mut old, mut new) = (report(&one, "one"), report(&other, "two"));
    for (run, kernel, hash) in [(&mut old, "6.1", "0"), (&mut new, "6.2", "1")] {
        run.environment.push(("machine", "kernel".into(), kernel.into()));
        run.environment.push(("machine", "scenarios/a.toml".into(), hash.repeat(64)));
    }
    new.environment.push(("machine", "probe@host".into(), "2".into()));
    let comparison = compared(&old, &new);
    let expected = "\
old  one  host  6.1.0-30-amd64  2030-01-02T03:04:05Z
new  two  host  6.1.0-30-amd64  2030-01-02T03:04:05Z

run
  kernel            6.1 => 6.2
  scenarios/a.toml  000000000000… => 111111111111…
  probe@host        none => 2

sensitive-read
  outcome                       pass => inconclusive
  act 1 in pass 2               proven by receipt, outside, kernel => unproven by receipt
  twin 2 in pass 1              proven by receipt, outside, kernel => none
  twin 2 in pass 2              proven by receipt, outside, kernel => none
  loss of probe@host in pass 1  none => 7 reserve-failed
  act 2 in pass 1               none => proven by receipt, outside, kernel
  act 2 in pass 2               none => proven by receipt, outside, kernel
  doubt                         none => 7 events of a closed interval
";
    let shown = text(&comparison);
    assert!(shown.starts_with(expected), "{shown}");
    for piece in [
        "changed (probe): seen => lost  [act 1 T1003.008]",
        "    --- one/sensitive-read\n    +++ two/sensitive-read\n",
        "\ndifferent (exit code 1)\n",
    ] {
        assert!(shown.contains(piece), "{piece:?} is not in\n{shown}");
    }
    assert!(!shown.contains("golden/") && !shown.contains("this run"), "{shown}");
    let value = comparison_json(&comparison);
    assert_eq!(value["changes"][0], json!({ "what": "kernel", "old": "6.1", "new": "6.2" }));
    assert_eq!(value["scenarios"][0]["differences"][0]["kind"], "changed");
    assert_eq!((&value["same"], &value["exit_code"]), (&json!(false), &json!(1)));
}

#[test]
fn each_kind_of_difference_alone_is_one() {
    let one = same();
    let change = |change: &dyn Fn(&mut ScenarioRecord)| {
        let mut record = record();
        change(&mut record);
        Sample::new(record, judged(), None)
    };
    let old = report(&one, "one");
    let killed = change(&|record| kill(&mut record.passes[1].instances[0]));
    let shown = text(&compared(&old, &report(&killed, "two")));
    assert!(shown.contains("loss of strace@host in pass 2  none => unbounded"), "{shown}");
    assert!(shown.contains("end of strace@host in pass 2   none => killed by signal 9"), "{shown}");
    let failed = change(&|record| record.passes[0].stages[1].error = Some("no room".into()));
    let shown = text(&compared(&old, &report(&failed, "two")));
    assert!(shown.contains("  exercise in pass 1  none => no room\n"), "{shown}");
    for wrong in [&killed, &failed] {
        assert!(!compared(&old, &report(wrong, "two")).is_same());
    }
}

#[test]
fn scenarios_of_one_run_alone_are_said() {
    let one = same();
    let mut now = judged();
    now.head.name = "other".into();
    let other = Sample::new(record(), now, None);
    let (old, new) = (report(&one, "one"), report(&other, "two"));
    let comparison = compared(&old, &new);
    assert_eq!((&comparison.only_old, &comparison.only_new), (&vec!["sensitive-read"], &vec!["other"]));
    assert!(!comparison.is_same());
    let shown = text(&comparison);
    assert!(shown.contains("\nsensitive-read\n  only in one\n\nother\n  only in two\n"), "{shown}");
}

#[test]
fn runs_of_one_name_are_told_apart_by_their_folders() {
    let one = same();
    let (old, mut new) = (report(&one, "one"), report(&one, "one"));
    new.bundle = "elsewhere/one".into();
    let comparison = compared(&old, &new);
    assert_eq!((comparison.old.1, comparison.new.1), (old.bundle.as_str(), "elsewhere/one"));
}

#[test]
fn hostile_strings_stay_strings() {
    let one = same();
    let mut now = judged();
    now.doubts = vec![EVIL.into()];
    let other = Sample::new(record(), now, None);
    let (old, mut new) = (report(&one, EVIL), report(&other, "two"));
    new.environment.push(("machine", EVIL.into(), EVIL.into()));
    let comparison = compared(&old, &new);
    let shown = text(&comparison);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert!(shown.contains(r"\x1b]0;owned"), "{shown}");
    assert!(!json_text(&comparison_json(&comparison)).contains('\x1b'));
}
