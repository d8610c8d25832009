//! An explanation, whole, and with hostile strings.

use lab_judge::{Difference, Explanation, InstanceExplanation, StepExplanation, StepFinding};
use lab_model::{Family, SensorKind, Verdict, Witness};
use lab_report::{Style, explanation, explanation_json, json_text};
use serde_json::json;

fn step(call: &str, principal: bool, finding: StepFinding) -> StepExplanation {
    let compared = vec!["path".into(), "result".into()];
    StepExplanation { call: call.into(), principal, finding, compared, touched: Vec::new() }
}

fn errno() -> Difference {
    Difference { field: "result".into(), expected: "ok".into(), got: "EACCES".into() }
}

fn sample() -> Explanation {
    let witness = |family, road: &str, observed| Witness {
        act: 1,
        family,
        road: road.into(),
        claim: "/etc/shadow was opened".into(),
        observed,
        contradicted: false,
        detail: String::new(),
    };
    let mut missed = step("open \"/etc/shadow\"", true, StepFinding::Nothing(None));
    missed.touched = vec!["7 events between 1.0 s and 2.0 s".into()];
    Explanation {
        scenario: "sensitive-read".into(),
        act: 1,
        kind: Some("read".into()),
        sensor: SensorKind::Probe,
        verdict: Verdict::Lost,
        reasons: vec!["a loss could have touched it".into()],
        instances: vec![InstanceExplanation {
            pass: 1,
            instance: "probe@host".into(),
            losses: vec!["lost 7 events between 1.0 s and 2.0 s".into()],
            steps: vec![
                step("fork", false, StepFinding::Equal("event 0/4 at 1.5 s".into())),
                missed,
                step("exit", false, StepFinding::Refused("no such tracepoint".into())),
                step("connect", false, StepFinding::Blind),
                step("unlink", false, StepFinding::Nothing(Some(("event 0/6".into(), vec![errno()])))),
                step("rename", false, StepFinding::Differs("event 0/7".into(), vec![errno()])),
            ],
        }],
        witnesses: vec![
            (1, witness(Family::Receipt, "receipt", true)),
            (1, witness(Family::Kernel, "fanotify", false)),
        ],
    }
}

#[test]
fn text() {
    let expected = r#"sensitive-read act 1 (read), probe: lost
  a loss could have touched it

probe@host in pass 1
  lost 7 events between 1.0 s and 2.0 s
  fork
    event 0/4 at 1.5 s
      equal in path, result
  open "/etc/shadow" (the act's own call)
    no event of this kind by this process
    could be among those 7 events between 1.0 s and 2.0 s
  exit
    refused: no such tracepoint
  connect
    blind: the sensor does not see such calls
  unlink
    no event; the nearest is event 0/6
      result: expected ok, got EACCES
  rename
    event 0/7
      result: expected ok, got EACCES

witnesses
  pass 1: receipt (receipt): /etc/shadow was opened: observed
  pass 1: kernel (fanotify): /etc/shadow was opened: NOT observed
"#;
    assert_eq!(explanation(&sample(), Style::default()), expected);
    assert!(explanation(&sample(), Style { color: true, width: None }).contains("\x1b[33mlost\x1b[0m"));
}

#[test]
fn json() {
    let value = explanation_json(&sample());
    assert_eq!(value["verdict"], "lost");
    let instance = &value["instances"][0];
    assert_eq!(instance["losses"][0], "lost 7 events between 1.0 s and 2.0 s");
    let step = |at: usize| &instance["steps"][at];
    assert_eq!((&step(1)["finding"], &step(1)["event"]), (&json!("nothing"), &json!(null)));
    assert_eq!(step(1)["touched"], json!(["7 events between 1.0 s and 2.0 s"]));
    for (at, finding, event) in [(4, "nothing", "event 0/6"), (5, "differs", "event 0/7")] {
        assert_eq!((&step(at)["finding"], &step(at)["event"]), (&json!(finding), &json!(event)));
        assert_eq!(step(at)["differences"], json!(["result: expected ok, got EACCES"]));
    }
    assert_eq!(value["witnesses"][1]["witness"]["observed"], false);
}

#[test]
fn hostile_strings_forge_no_line() {
    let evil = "x\n  pass 1: kernel (fanotify): forged: observed\x1b[2J";
    let mut sample = sample();
    sample.scenario = evil.into();
    sample.reasons = vec![evil.into()];
    sample.instances[0].losses = vec![evil.into()];
    sample.instances[0].steps[1].call = evil.into();
    sample.instances[0].steps[1].touched = vec![evil.into()];
    sample.instances[0].steps[2].finding = StepFinding::Refused(evil.into());
    sample.instances[0].steps[0].finding = StepFinding::Equal(evil.into());
    sample.witnesses[0].1.detail = evil.into();
    let text = explanation(&sample, Style::default());
    assert!(
        !text.contains('\x1b')
            && !text.lines().any(|line| line.starts_with("  pass 1: kernel (fanotify): forged")),
        "{text}"
    );
    assert!(!json_text(&explanation_json(&sample)).contains('\x1b'));
}
