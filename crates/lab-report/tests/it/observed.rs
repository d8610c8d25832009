//! What is observed is said to be observed, in every form, and nowhere to be proven or unproven.

use lab_model::{ActKind, Judged, Origin, RunOutcome};
use lab_report::{Style, github, html, json, json_text, junit, markdown, sarif, terminal};

use crate::samples::{Sample, judged, record};

fn observed() -> Judged {
    let mut now = judged();
    now.head.attack.clear();
    now.proofs.clear();
    now.acts.truncate(1);
    now.verdicts.retain(|row| row.act == 1);
    now.acts[0].origin = Origin::Observed;
    now.acts[0].kind = ActKind::Observe {
        program: "/usr/bin/make".into(),
        argv: vec!["make".into(), "test".into()],
        directory: "/src".into(),
    };
    now
}

#[test]
fn in_every_form() {
    let sample = Sample::new(record(), observed(), Some(&observed()));
    let report = sample.report(RunOutcome::Pass);
    let text = terminal(&report, Style::default());
    assert!(text.contains("act 1  observe  make test  observed  seen   seen\n"), "{text}");
    let forms = [
        text,
        html(&report),
        junit(&report),
        markdown(&report),
        github(&report),
        json_text(&json(&report)),
        json_text(&sarif(&report)["runs"][0]["results"]),
    ];
    for text in forms {
        assert!(!text.contains("unproven") && !text.contains("proof in pass"), "{text}");
        assert!(!text.contains(": proven") && !text.contains("proven\": true"), "{text}");
    }
}

#[test]
fn a_finding_about_it_belongs_to_its_golden() {
    let sample = Sample::new(record(), observed(), None);
    let results = json_text(&sarif(&sample.report(RunOutcome::Drift))["runs"][0]["results"]);
    assert!(results.contains("golden/sensitive-read.golden"), "{results}");
    assert!(!results.contains("scenarios/"), "{results}");
}
