//! The report as JSON.

use lab_model::{LossCause, RunOutcome, Verdict};
use lab_report::json;
use serde_json::json;

use crate::samples::{Sample, judged, kill, lose, record, same};

#[test]
fn says_what_the_terminal_says() {
    let (mut record, mut now) = (record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    now.verdicts[3].verdict = Verdict::Blind;
    let value = json(&Sample::new(record, now, Some(&judged())).report(RunOutcome::Inconclusive));
    assert_eq!((&value["outcome"], &value["exit_code"]), (&json!("inconclusive"), &json!(3)));
    assert_eq!(value["head"], "5ca1ab1e");
    let scenario = &value["scenarios"][0];
    assert_eq!(scenario["name"], "sensitive-read");
    assert_eq!(scenario["sensors"], json!(["probe", "strace"]));
    assert_eq!(scenario["verdicts"].as_array().unwrap().len(), 4);
    assert_eq!(scenario["verdicts"][3]["verdict"], "blind");
    assert_eq!(scenario["proofs"][0]["families"], json!(["receipt", "outside", "kernel"]));
    assert_eq!(
        scenario["passes"][0]["instances"][0]["sum"],
        json!({ "produced": 1812, "received": 96, "filtered": 1709, "in_flight": 0, "lost": { "reserve-failed": 7 } })
    );
    let golden = &scenario["golden"];
    assert_eq!(golden["state"], "drift");
    assert_eq!(golden["differences"].as_array().unwrap().len(), 1, "{golden}");
    assert!(golden["diff"].as_str().unwrap().contains("\n-"), "{golden}");
}

#[test]
fn states_of_a_golden() {
    let state =
        |sample: &Sample| json(&sample.report(RunOutcome::Pass))["scenarios"][0]["golden"]["state"].clone();
    assert_eq!(state(&same()), "as-blessed");
    assert_eq!(state(&Sample::new(record(), judged(), None)), "none-yet");
}

#[test]
fn a_killed_instance_has_no_sum() {
    let mut sample = same();
    kill(&mut sample.record.passes[0].instances[0]);
    let value = json(&sample.report(RunOutcome::Inconclusive));
    assert_eq!(value["scenarios"][0]["passes"][0]["instances"][0]["sum"], json!(null));
}
