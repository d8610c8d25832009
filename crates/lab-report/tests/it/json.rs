//! The report as JSON.

use lab_model::{LossCause, RunOutcome};
use lab_report::{Comparison, json};
use serde_json::json;

use crate::samples::{judged, lose, record, report};

#[test]
fn says_what_the_terminal_says() {
    let (mut record, judged) = (record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    let golden = Comparison::Drift { diff: "--- golden\n+++ run\n-a\n+b\n+c\n".into() };
    let value = json(&report(&record, &judged, golden, RunOutcome::Inconclusive));
    assert_eq!((&value["outcome"], &value["exit_code"]), (&json!("inconclusive"), &json!(3)));
    assert_eq!(value["head"], "5ca1ab1e");
    let scenario = &value["scenarios"][0];
    assert_eq!(scenario["name"], "sensitive-read");
    assert_eq!(scenario["sensors"], json!(["probe", "strace"]));
    assert_eq!(scenario["verdicts"].as_array().unwrap().len(), 4);
    assert_eq!(scenario["verdicts"][3]["verdict"], "seen");
    assert_eq!(scenario["proofs"][0]["families"], json!(["receipt", "outside", "kernel"]));
    assert_eq!(
        scenario["passes"][0]["instances"][0]["sum"],
        json!({ "produced": 1812, "received": 96, "filtered": 1709, "in_flight": 0, "lost": { "reserve-failed": 7 } })
    );
    let golden = &scenario["golden"];
    assert_eq!(
        (&golden["state"], &golden["removed"], &golden["added"]),
        (&json!("drift"), &json!(1), &json!(2))
    );
}

#[test]
fn a_killed_instance_has_no_sum() {
    let (mut record, judged) = (record(), judged());
    crate::samples::kill(&mut record.passes[0].instances[0]);
    let value = json(&report(&record, &judged, Comparison::Same, RunOutcome::Inconclusive));
    assert_eq!(value["scenarios"][0]["passes"][0]["instances"][0]["sum"], json!(null));
}
