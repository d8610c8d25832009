//! A stage that hangs or fails is data: it ends in time, cleanup follows, the report says so.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{Lab, code, program, report, script as script_at, state::State, turn};

/// A program that stands for the probe: `script` may call the real one as `$PROBE`.
fn probe_that(lab: &Lab, script: &str) -> PathBuf {
    let path = lab.path("probe");
    let text = format!("#!/bin/sh\nPROBE={}\n{script}\n", program("lab-probe").display());
    script_at(&path, &text);
    path
}

fn troubles(report: &serde_json::Value) -> String {
    report["scenarios"][0]["troubles"].to_string()
}

#[test]
fn an_exercise_that_is_too_long_is_cut_off_and_cleaned_up() {
    let Some(_turn) = turn("stages::an_exercise_that_is_too_long_is_cut_off_and_cleaned_up") else { return };
    let lab = Lab::new();
    let before = State::now(&lab).without_bundles();
    lab.edit("profiles/base/host.toml", "exercise = \"10s\"", "exercise = \"1ms\"");
    let output = lab.run(&["--scenario", "sensitive-read", "--json"]).output().unwrap();
    code(&output, 2);
    let report = report(&output);
    assert!(troubles(&report).contains("exercise: "), "{report}");
    assert!(troubles(&report).contains("the stage's time-out passed"), "{report}");
    assert!(!troubles(&report).contains("settle"), "the actor takes orders again: {report}");
    before.comes_back("at the end", || State::now(&lab).without_bundles());
}

#[test]
fn a_collect_that_hangs_ends_in_time() {
    let Some(_turn) = turn("stages::a_collect_that_hangs_ends_in_time") else { return };
    let lab = Lab::new();
    let before = State::now(&lab).without_bundles();
    lab.edit("profiles/base/host.toml", "collect = \"10s\"", "collect = \"300ms\"");
    let probe = probe_that(&lab, "[ $1 = decode ] && exec sleep 600\nexec $PROBE \"$@\"");
    let began = Instant::now();
    let output = lab.run_with(&probe, &["--scenario", "sensitive-read", "--json"]).output().unwrap();
    code(&output, 2);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let report = report(&output);
    assert!(
        troubles(&report).contains("collect: probe@host (decoding): the stage's time-out passed"),
        "{report}"
    );
    before.comes_back("at the end", || State::now(&lab).without_bundles());
}

#[test]
fn a_probe_that_does_not_start_is_trouble_with_its_last_words() {
    let Some(_turn) = turn("stages::a_probe_that_does_not_start_is_trouble_with_its_last_words") else {
        return;
    };
    let lab = Lab::new();
    let probe = probe_that(&lab, "echo no luck today >&2; exit 1");
    let output = lab.run_with(&probe, &["--scenario", "sensitive-read", "--json"]).output().unwrap();
    code(&output, 2);
    assert!(troubles(&report(&output)).contains("no luck today"), "{}", report(&output));
}

#[test]
fn a_probe_that_hangs_has_lost_and_is_no_failure_of_the_actor() {
    let Some(_turn) = turn("stages::a_probe_that_hangs_has_lost_and_is_no_failure_of_the_actor") else {
        return;
    };
    let lab = Lab::new();
    lab.edit("profiles/base/host.toml", "settle = \"10s\"", "settle = \"4s\"");
    // Stops itself for good when it hears of the end marker.
    let script = r#"[ $1 = record ] || exec $PROBE "$@"
while read -r line; do
  case "$line" in *-end-*) exec sleep 600 ;; *) echo "$line" ;; esac
done | $PROBE "$@""#;
    let probe = probe_that(&lab, script);
    let output = lab.run_with(&probe, &["--scenario", "sensitive-read", "--json"]).output().unwrap();
    code(&output, 3);
    let report = report(&output);
    assert_eq!(report["scenarios"][0]["troubles"].as_array().map(Vec::len), Some(0), "{report}");
    assert!(report["scenarios"][0]["doubts"].to_string().contains("time-out"), "{report}");
}
