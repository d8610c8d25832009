//! The report as Markdown and as GitHub's annotations.

use lab_model::{ActKind, RunOutcome, Verdict};
use lab_report::{github, markdown};

use crate::{
    samples::{EVIL, Sample, fires, hostile, judged, record, same},
    shown::shown,
};

fn drifted() -> Sample {
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    now.verdicts[1].reasons = vec!["no open of \"/etc/shadow\" in pass 2".into()];
    now.tree[0].fact.sightings.truncate(1);
    now.tree[0].fact.unseen_by = ["strace@host".into()].into();
    Sample::new(record(), now, Some(&judged()))
}

#[test]
fn whole() {
    shown("pass.md", &markdown(&same().report(RunOutcome::Pass)));
    shown("drift.md", &markdown(&drifted().report(RunOutcome::Drift)));
    shown("none-yet.md", &markdown(&Sample::new(record(), judged(), None).report(RunOutcome::Drift)));
}

#[test]
fn detections_are_told() {
    let [mut blessed, mut now] = [judged(), judged()];
    fires(&mut blessed, "Shadow read", &[Some(1)]);
    fires(&mut blessed, "Gone", &[Some(1)]);
    fires(&mut now, "Shadow read", &[Some(1)]);
    fires(&mut now, "New `one`", &[Some(1)]);
    fires(&mut now, "Too eager", &[Some(1), Some(2)]);
    let sample = Sample::new(record(), now, Some(&blessed));
    let text = markdown(&sample.report(RunOutcome::Drift));
    let told = "\n**Detections**\n\n- ``sigma \"New `one`\"`` on act 1: **extra**\n- `sigma \"Shadow read\"` on act 1\n\
                - `sigma \"Too eager\"` on act 1, twin 2: **a benign twin**\n- `sigma \"Gone\"` **does not fire any more**\n\n";
    assert!(text.contains(told), "{text}");
    let text = github(&sample.report(RunOutcome::Drift));
    let twin = "::error file=scenarios/sensitive-read.toml,line=1,title=Sightline detection/on-twin::\
                sensitive-read: sigma \"Too eager\" fired on twin 2, a benign twin\n";
    assert!(text.contains(twin), "{text}");
}

#[test]
fn annotations_whole() {
    assert_eq!(github(&same().report(RunOutcome::Pass)), "");
    shown("drift.github.txt", &github(&drifted().report(RunOutcome::Drift)));
}

#[test]
fn commands_are_escaped_as_github_says() {
    let mut sample = drifted();
    sample.judged.doubts = vec!["50% :: of, it\r\n::error file=x::y".into()];
    let text = github(&sample.report(RunOutcome::Drift));
    let doubt = text.lines().find(|line| line.contains("run/doubt")).unwrap();
    assert_eq!(
        doubt,
        "::warning file=scenarios/sensitive-read.toml,line=1,title=Sightline run/doubt::\
         sensitive-read: 50%25 :: of, it\\r\\n::error file=x::y"
    );
    sample.judged.head.name = "a,line=9::b%".into();
    let text = github(&sample.report(RunOutcome::Drift));
    let doubt = text.lines().find(|line| line.contains("run/doubt")).unwrap();
    assert!(doubt.starts_with("::warning file=scenarios/a%2Cline=9%3A%3Ab%25.toml,line=1,"), "{doubt}");
}

#[test]
fn no_more_annotations_than_github_shows() {
    let mut sample = same();
    sample.judged.doubts = (0..30).map(|n| format!("doubt {n}")).collect();
    let text = github(&sample.report(RunOutcome::Inconclusive));
    assert_eq!(text.lines().count(), 10);
    assert!(text.ends_with("::warning title=Sightline::21 more; the step summary has them all\n"), "{text}");
}

/// Every line that begins outside of fences, its code spans taken out as CommonMark 0.31 (section 6.1) finds them.
fn outside_code(text: &str) -> String {
    let (mut out, mut fence) = (String::new(), None::<String>);
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() > 2 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => out.push_str(&(without_spans(line) + "\n")),
        }
    }
    assert_eq!(fence, None, "an open fence in {text}");
    out
}

fn without_spans(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let ticks = rest[at..].chars().take_while(|c| *c == '`').count();
        let inner = &rest[at + ticks..];
        let mut from = 0;
        let end = loop {
            let start =
                inner[from..].find('`').unwrap_or_else(|| panic!("an open code span in {line}")) + from;
            let run = inner[start..].chars().take_while(|c| *c == '`').count();
            if run == ticks {
                break start + run;
            }
            from = start + run;
        };
        rest = &inner[end..];
    }
    out + rest
}

proptest::proptest! {
    #[test]
    fn any_string_stays_in_code(text in "[`|\\\\<>a@\\[\n\r*: ~]{0,24}|\\PC*") {
        let sample = hostile(&format!("@@evil{text}@@evil"));
        for text in [markdown(&sample.report(RunOutcome::Trouble)), markdown(&Sample::new(
            sample.record.clone(), sample.judged.clone(), None).report(RunOutcome::Trouble))] {
            let outside = outside_code(&text);
            assert!(!outside.contains("evil"), "{outside}");
            let rows = text.lines().filter(|line| line.starts_with("| act") || line.starts_with("| twin"));
            for row in rows {
                let pipes = row.match_indices('|').filter(|(at, _)| *at == 0 || row.as_bytes()[at - 1] != b'\\');
                assert_eq!(pipes.count(), 7, "{row}");
            }
        }
    }

    #[test]
    fn any_string_is_one_annotation(text: String) {
        let sample = hostile(&text);
        let told = github(&sample.report(RunOutcome::Trouble));
        assert!(told.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")), "{told}");
        assert!(!told.contains('\r'));
    }
}

#[test]
fn nothing_invisible_is_left() {
    let mut sample = hostile(EVIL);
    sample.judged.acts[1].kind = ActKind::Read { path: EVIL.into() };
    for text in [markdown(&sample.report(RunOutcome::Trouble)), github(&sample.report(RunOutcome::Trouble))] {
        // the sign in the title has a variation selector, which is none of the hostile ones
        assert_eq!(lab_report::escape_lines(&text), text);
    }
}
