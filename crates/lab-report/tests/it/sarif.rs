//! The report as SARIF: whole, and by its published schema.

use lab_model::{LossCause, RunOutcome, Verdict};
use lab_report::{json_text, sarif};
use serde_json::Value;

use crate::{
    samples::{Sample, hostile, judged, lose, record, same},
    schema,
    shown::shown,
};

/// Checks a whole document by the schema, and what the schema does not say; gives its results.
pub(crate) fn checked(document: &Value) -> &Vec<Value> {
    schema::sarif(document);
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let mut prints = std::collections::HashSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(prints.insert(result["partialFingerprints"]["sightlineKey/v1"].as_str().unwrap()));
        for location in result["locations"].as_array().into_iter().flatten() {
            let artifact = &location["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
            assert!(run["originalUriBaseIds"][artifact["uriBaseId"].as_str().unwrap()].is_object());
        }
    }
    results
}

#[test]
fn drift_stands_at_the_line_of_the_golden() {
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    now.tree.truncate(1);
    let sample = Sample::new(record(), now, Some(&judged()));
    let report = sample.report(RunOutcome::Drift);
    let document = sarif(&report);
    let results = checked(&document);
    let drift = report.scenarios[0].drift;
    assert_eq!(results.len(), drift.differences.len());
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "golden/sensitive-read.golden");
        let line = place["region"]["startLine"].as_u64().unwrap() as usize;
        let text = result["message"]["text"].as_str().unwrap();
        assert!(drift.differences.iter().any(|d| d.line == line && text.contains(&d.to_string())), "{text}");
    }
    let missing = results.iter().find(|result| result["ruleId"] == "drift/missing").unwrap();
    let line = missing["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() as usize;
    assert!(drift.old_text.lines().nth(line - 1).unwrap().contains("/etc/hostname"));
    shown("drift.sarif.json", &(json_text(&document) + "\n"));
}

#[test]
fn a_pass_has_no_results() {
    assert!(checked(&sarif(&same().report(RunOutcome::Pass))).is_empty());
}

#[test]
fn what_nobody_can_know_is_a_warning() {
    let (mut record, mut now) = (record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    now.verdicts[0].verdict = Verdict::Lost;
    now.proofs[0].proven = false;
    now.doubts = vec!["same".into(), "same".into()];
    let document = sarif(&Sample::new(record, now, None).report(RunOutcome::Inconclusive));
    let told: Vec<_> = checked(&document)
        .iter()
        .map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap()))
        .collect();
    let rules = ["act/unproven", "verdict/lost", "run/doubt", "run/doubt", "golden/none-yet"];
    assert_eq!(told, rules.map(|rule| (rule, "warning")));
}

#[test]
fn a_fingerprint_outlives_moved_lines() {
    let print = |judged: &lab_model::Judged, blessed: &lab_model::Judged| {
        let document = sarif(&Sample::new(record(), judged.clone(), Some(blessed)).report(RunOutcome::Drift));
        let results = checked(&document);
        let line = results[0]["locations"][0]["physicalLocation"]["region"]["startLine"].clone();
        (results[0]["partialFingerprints"].clone(), line)
    };
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    let (print_short, line_short) = print(&now, &judged());
    let (mut longer, mut longer_now) = (judged(), now);
    for judged in [&mut longer, &mut longer_now] {
        let copy = judged.tree[0].clone();
        judged.tree.insert(0, copy);
    }
    let (print_long, line_long) = print(&longer_now, &longer);
    assert_eq!(print_short, print_long);
    assert_ne!(line_short, line_long);
}

proptest::proptest! {
    #[test]
    fn any_string_gives_valid_sarif(text: String) {
        let sample = hostile(&text);
        let mut report = sample.report(RunOutcome::Trouble);
        report.profile = text.clone();
        report.troubles = vec![text];
        checked(&sarif(&report));
    }
}
