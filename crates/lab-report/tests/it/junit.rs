//! The report as JUnit: whole, and read back by an XML parser.

use lab_model::{Judged, LossCause, RunOutcome, StageRecord, Verdict};
use lab_report::junit;
use roxmltree::{Document, Node};

use crate::{
    samples::{Sample, fires, hostile, judged, lose, record, same},
    schema,
    shown::shown,
};

#[test]
fn a_pass_whole() {
    shown("pass.junit.xml", &junit(&same().report(RunOutcome::Pass)));
}

#[test]
fn what_failed_is_a_failure_and_what_is_unknown_an_error() {
    let (mut record, mut now) = (record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    now.verdicts[0].verdict = Verdict::Lost;
    now.verdicts[0].reasons = vec!["7 events were lost".into()];
    now.verdicts[1].verdict = Verdict::Missed;
    now.proofs[3].proven = false;
    now.proofs[3].missing = vec!["kernel: no <close>".into(), "outside: nothing".into()];
    now.doubts = vec!["a loss".into()];
    let text = junit(&Sample::new(record, now, Some(&judged())).report(RunOutcome::Inconclusive));
    let document = Document::parse(&text).unwrap();
    assert_eq!(
        told(&document),
        [
            r#"act 1: read "/etc/shadow": probe: error lost: lost: 7 events were lost"#,
            r#"act 1: read "/etc/shadow": strace: failure missed: missed"#,
            "twin 2: proof in pass 2: error unproven: kernel: no <close>",
            "golden: failure drift: 2 differences",
            "record: error doubt: a loss",
        ]
    );
    let error = document.descendants().find(|node| node.attribute("type") == Some("unproven")).unwrap();
    assert_eq!(error.text(), Some("kernel: no <close>\noutside: nothing\n"));
}

/// The cases that did not pass, with what is said of them.
fn told(document: &Document<'_>) -> Vec<String> {
    let elements = document
        .descendants()
        .filter(|node| ["failure", "error", "skipped"].contains(&node.tag_name().name()));
    let told = elements.map(|node| {
        let name = node.parent().and_then(|case| case.attribute("name")).unwrap();
        let kind = node.attribute("type").map(|kind| format!(" {kind}")).unwrap_or_default();
        format!("{name}: {}{kind}: {}", node.tag_name().name(), node.attribute("message").unwrap())
    });
    told.collect()
}

#[test]
fn what_the_golden_accepts_is_skipped_and_not_passed() {
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    now.verdicts[3].verdict = Verdict::Blind;
    let sample = Sample::new(record(), now.clone(), Some(&now));
    let text = junit(&sample.report(RunOutcome::Pass));
    let document = Document::parse(&text).unwrap();
    assert_eq!(
        told(&document),
        [
            r#"act 1: read "/etc/shadow": strace: skipped: missed"#,
            r#"twin 2: read "/etc/hostname": strace: skipped: blind"#
        ]
    );
}

#[test]
fn a_missing_golden_fails_as_such() {
    let text = junit(&Sample::new(record(), judged(), None).report(RunOutcome::Drift));
    assert_eq!(told(&Document::parse(&text).unwrap()), ["golden: failure none-yet: there is no golden yet"]);
}

#[test]
fn failures_and_errors_are_there_exactly_if_the_run_did_not_pass() {
    type Spoil = fn(&mut Judged);
    let spoil: [(RunOutcome, Spoil); 7] = [
        (RunOutcome::Pass, |_| ()),
        (RunOutcome::Drift, |now| now.verdicts[1].verdict = Verdict::Missed),
        (RunOutcome::Drift, |now| now.tree.truncate(1)),
        (RunOutcome::Inconclusive, |now| now.verdicts[1].verdict = Verdict::Lost),
        (RunOutcome::Inconclusive, |now| now.proofs[0].proven = false),
        (RunOutcome::Inconclusive, |now| now.doubts.push("d".into())),
        (RunOutcome::Trouble, |now| now.troubles.push("t".into())),
    ];
    let mut documents = Vec::new();
    for (outcome, spoil) in spoil {
        let mut now = judged();
        spoil(&mut now);
        let text = junit(&Sample::new(record(), now, Some(&judged())).report(outcome));
        let document = counted(&text);
        let bad =
            document.descendants().filter(|node| ["failure", "error"].contains(&node.tag_name().name()));
        assert_eq!(bad.count() == 0, outcome == RunOutcome::Pass, "{outcome:?}: {text}");
        documents.push(text);
    }
    let (sample, stage) =
        (same(), StageRecord { stage: "set-up".into(), began_ns: 0, took_ns: 1, error: Some("do".into()) });
    let stages = [stage];
    let mut report = sample.report(RunOutcome::Trouble);
    (report.stages, report.interrupted) = (&stages, true);
    let text = junit(&report);
    assert_eq!(
        told(&Document::parse(&text).unwrap()),
        [
            "stage set-up: error trouble: failed to do",
            "ran to its end: error interrupted: the run was interrupted"
        ]
    );
    documents.push(text);
    schema::junit("failures_and_errors_are_there_exactly_if_the_run_did_not_pass", &documents);
}

#[test]
fn a_rule_is_a_case_and_on_a_twin_a_failure() {
    let [mut blessed, mut now] = [judged(), judged()];
    fires(&mut blessed, "Shadow read", &[Some(1)]);
    fires(&mut blessed, "Gone <quiet>", &[Some(1)]);
    fires(&mut now, "Shadow read", &[Some(1)]);
    fires(&mut now, "Too eager", &[Some(1), Some(2)]);
    fires(&mut now, "Not known", &[None]);
    let text = junit(&Sample::new(record(), now.clone(), Some(&blessed)).report(RunOutcome::Drift));
    let document = counted(&text);
    assert_eq!(
        told(&document),
        [
            "detection: sigma \"Not known\": failure drift: fired on no act: extra: sigma \"Not known\"  [T1003.008]",
            "detection: sigma \"Too eager\": failure on-twin: fired on twin 2, a benign twin",
            "detection: sigma \"Gone \\u003cquiet>\": failure silent: does not fire any more",
            "golden: failure drift: 3 differences",
        ]
    );
    let good = "detection: sigma \"Shadow read\"";
    assert!(document.descendants().any(|node| node.attribute("name") == Some(good) && !node.has_children()));
    let accepted = junit(&Sample::new(record(), now.clone(), Some(&now)).report(RunOutcome::Pass));
    let on_twin = "detection: sigma \"Too eager\": failure on-twin: fired on twin 2, a benign twin";
    assert_eq!(told(&counted(&accepted)), [on_twin], "no golden makes it good");
}

/// Panics unless a document is well-formed and its counts are those of what is counted.
pub(crate) fn counted(text: &str) -> Document<'_> {
    let document = Document::parse(text).unwrap();
    for node in document.descendants().filter(Node::is_element) {
        let counted =
            [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")];
        for (attribute, element) in counted {
            if let Some(count) = node.attribute(attribute) {
                let found = node.descendants().filter(|inner| inner.has_tag_name(element)).count();
                assert_eq!(count.parse(), Ok(found), "{attribute} of {node:?}");
            }
        }
    }
    document
}

proptest::proptest! {
    #[test]
    fn any_string_gives_well_formed_xml(text: String) {
        let sample = hostile(&text);
        let mut report = sample.report(RunOutcome::Trouble);
        report.run = text.clone();
        report.troubles = vec![text];
        counted(&junit(&report));
    }
}

#[test]
fn what_xml_forbids_is_shown() {
    let mut documents = Vec::new();
    for text in ["]]>", "<![CDATA[", "&#0;", "\0\u{1b}[31m", "\u{fffe}\u{ffff}", "</failure>", "\"'\r\n"] {
        let xml = junit(&hostile(text).report(RunOutcome::Trouble));
        let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let wrong = document.descendants().find(|node| node.attribute("type") == Some("wrong")).unwrap();
        assert_eq!(wrong.text().unwrap(), lab_report::escape(text) + "\n");
        documents.push(xml);
    }
    schema::junit("what_xml_forbids_is_shown", &documents);
}
