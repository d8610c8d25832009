//! No record can steer the terminal of whoever reads its report.

use lab_model::{ActKind, LossCause, Refusal, RunOutcome, Verdict};
use lab_report::{Comparison, Style, json, json_text, terminal};

use crate::samples::{judged, lose, record, report};

const EVIL: &str = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\u{200b}\u{2061}\u{2060}\r\n\u{7f}";

#[test]
fn every_string_is_escaped() {
    let (mut record, mut judged) = (record(), judged());
    for head in [&mut record.head, &mut judged.head] {
        head.name = EVIL.into();
        head.summary = EVIL.into();
        head.attack = vec![EVIL.into()];
    }
    judged.acts[0].kind = ActKind::Read { path: EVIL.into() };
    judged.acts[1].kind = ActKind::Shell { command: EVIL.into() };
    judged.verdicts[0].verdict = Verdict::Wrong;
    judged.verdicts[0].reasons = vec![EVIL.into()];
    judged.proofs[0].proven = false;
    judged.proofs[0].missing = vec![EVIL.into()];
    judged.doubts = vec![EVIL.into()];
    judged.troubles = vec![EVIL.into()];
    record.passes[0].stages[0].error = Some(EVIL.into());
    record.passes[0].stages[1].stage = EVIL.into();
    lose(&mut record.passes[0].instances[0], LossCause::Gap, 1);
    let instance = &mut record.passes[0].instances[0];
    instance.instance = EVIL.into();
    instance.error = Some(EVIL.into());
    instance.refused = vec![Refusal { action: lab_model::Action::Open, reason: EVIL.into() }];
    let stages = record.passes[0].stages.clone();
    for golden in [
        Comparison::Drift { diff: format!("-{EVIL}\n+{EVIL}\n") },
        Comparison::Missing { would_bless: EVIL.into() },
        Comparison::Not { reason: EVIL.into() },
    ] {
        let mut report = report(&record, &judged, golden, RunOutcome::Drift);
        for field in
            [&mut report.run, &mut report.profile, &mut report.kernel, &mut report.began, &mut report.bundle]
        {
            *field = EVIL.into();
        }
        report.chain_head = Some(EVIL.into());
        report.troubles = vec![EVIL.into()];
        report.stages = &stages;
        for width in [None, Some(60)] {
            harmless(&terminal(&report, Style { color: false, width }));
        }
        harmless(&lab_report::stage_table(Style::default(), &stages, [&record]));
        let text = json_text(&json(&report));
        harmless(&text);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["kernel"], EVIL, "escaping keeps the value");
    }
}

fn harmless(text: &str) {
    for c in text.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !"\u{202e}\u{200b}\u{2060}\u{2061}".contains(c), "{c:?} in {text:?}");
    }
}
