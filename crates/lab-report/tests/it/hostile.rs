//! No record can steer the terminal of whoever reads its report.

use lab_model::{ActKind, Action, LossCause, Payload, Refusal, RunOutcome, Verdict};
use lab_report::{Style, json, json_text, stage_table, terminal};

use crate::samples::{EVIL, Sample, judged, lose, record};

#[test]
fn every_string_is_escaped() {
    let (mut record, mut now) = (record(), judged());
    for head in [&mut record.head, &mut now.head] {
        head.name = EVIL.into();
        head.summary = EVIL.into();
        head.attack = vec![EVIL.into()];
    }
    now.acts[0].kind = ActKind::Read { path: EVIL.into() };
    now.acts[1].kind = ActKind::Shell { command: EVIL.into() };
    for path in now.tree.iter_mut().filter_map(|node| match &mut node.fact.payload {
        Payload::Open(open) => Some(&mut open.path),
        _ => None,
    }) {
        *path = EVIL.into();
    }
    let blessable = Sample::new(record.clone(), now.clone(), None);
    let drifted = Sample::new(record.clone(), now.clone(), Some(&judged()));
    now.verdicts[0].verdict = Verdict::Wrong;
    now.verdicts[0].reasons = vec![EVIL.into()];
    now.proofs[0].proven = false;
    now.proofs[0].missing = vec![EVIL.into()];
    now.doubts = vec![EVIL.into()];
    now.troubles = vec![EVIL.into()];
    record.passes[0].stages[0].error = Some(EVIL.into());
    record.passes[0].stages[1].stage = EVIL.into();
    let instance = &mut record.passes[0].instances[0];
    lose(instance, LossCause::Gap, 1);
    instance.instance = EVIL.into();
    instance.error = Some(EVIL.into());
    instance.refused = vec![Refusal { action: Action::Open, reason: EVIL.into() }];
    let stages = record.passes[0].stages.clone();
    let worst = Sample::new(record, now, None);
    for sample in [blessable, drifted, worst] {
        let mut report = sample.report(RunOutcome::Drift);
        let fields =
            [&mut report.run, &mut report.profile, &mut report.kernel, &mut report.began, &mut report.bundle];
        for field in fields {
            *field = EVIL.into();
        }
        report.chain_head = Some(EVIL.into());
        report.troubles = vec![EVIL.into()];
        report.stages = &stages;
        for width in [None, Some(60)] {
            harmless(&terminal(&report, Style { color: false, width }));
        }
        harmless(&stage_table(Style::default(), &stages, [&sample.record]));
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
