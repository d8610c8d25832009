//! No record can steer the terminal of whoever reads its report, nor break the forms that programs read.

use lab_model::{ActKind, Action, Judged, LossCause, Payload, Refusal, RunOutcome, Verdict};
use lab_report::{
    Style, escape, escape_lines, github, json, json_text, junit, markdown, sarif, stage_table, terminal,
};

use crate::{
    events,
    junit::counted,
    samples::{EVIL, Sample, WORST, hostile, judged, lose, record},
    sarif::checked,
    schema,
};

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

/// An event with a path of more than 4 KiB, bytes that are no UTF-8, control characters and markup, in every form.
#[test]
fn the_worst_strings_leave_every_form_valid() {
    let mut documents = Vec::new();
    for text in WORST {
        let mut sample = hostile(&format!("{text}{}", "x".repeat(4096)));
        sample.record = events::hostile(text);
        let mut report = sample.report(RunOutcome::Trouble);
        (report.run, report.profile) = (text.to_string(), text.to_string());
        report.troubles = vec![text.to_string()];
        let document = sarif(&report);
        let told: Vec<&str> =
            checked(&document).iter().map(|result| result["message"]["text"].as_str().unwrap()).collect();
        assert!(told.contains(&escape(text).as_str()), "{told:?}");
        harmless(&json_text(&document));
        for text in [markdown(&report), github(&report), terminal(&report, Style::default())] {
            assert_eq!(escape_lines(&text), text);
        }
        let xml = junit(&report);
        counted(&xml);
        documents.push(xml);
    }
    schema::junit("the_worst_strings_leave_every_form_valid", &documents);
}

#[test]
fn trees_deep_and_wide_leave_every_form_valid() {
    let mut documents = Vec::new();
    // A tree so deep is not cloned: that would be a call inside of a call for each line.
    let trees: [fn() -> Judged; 2] = [|| events::deep(5000), || events::wide(200_000)];
    for tree in trees {
        for blessed in [None, Some(&judged())] {
            let sample = Sample::new(record(), tree(), blessed);
            let report = sample.report(RunOutcome::Drift);
            assert!(!checked(&sarif(&report)).is_empty());
            for text in [markdown(&report), github(&report)] {
                assert!(text.len() < 1 << 20, "{} bytes are more than GitHub takes", text.len());
                assert_eq!(escape_lines(&text), text);
            }
            let xml = junit(&report);
            counted(&xml);
            documents.push(xml);
        }
    }
    schema::junit("trees_deep_and_wide_leave_every_form_valid", &documents);
}
