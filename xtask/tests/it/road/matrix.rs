//! The matrix: five scenarios, every act proven, and seen by each sensor that is not blind to it, nothing lost; once, again,
//! and two at a time.

use serde_json::Value;

use super::{Lab, code, report, state::State, turn};

/// What tcpdump can see: the acts that speak to an address, by what a connection or a datagram to it tells.
const PACKETS: [(&str, u64); 4] =
    [("network-beacon", 1), ("network-beacon", 2), ("network-beacon", 4), ("network-beacon", 5)];

/// What bpftrace is not asked for: an accept, and changes of ids.
const NOT_ASKED: [(&str, u64); 5] = [
    ("network-beacon", 3),
    ("privilege-change", 1),
    ("privilege-change", 2),
    ("privilege-change", 4),
    ("privilege-change", 5),
];

fn expected(scenario: &Value, verdict: &Value) -> &'static str {
    let act = (scenario.as_str().expect("a name"), verdict["act"].as_u64().expect("a number"));
    let blind = match verdict["sensor"].as_str() {
        Some("tcpdump") => !PACKETS.contains(&act),
        Some("bpftrace") => NOT_ASKED.contains(&act),
        _ => false,
    };
    if blind { "blind" } else { "seen" }
}

/// Scenario, act and sensor of every verdict that is not as expected, and every act that is not proven.
fn short(report: &Value) -> Vec<String> {
    let mut short = Vec::new();
    for scenario in report["scenarios"].as_array().expect("scenarios") {
        let name = &scenario["name"];
        for verdict in scenario["verdicts"].as_array().expect("verdicts") {
            if verdict["verdict"] != expected(name, verdict) {
                short.push(format!("{name} {verdict}"));
            }
        }
        for proof in scenario["proofs"].as_array().expect("proofs") {
            if proof["proven"] != true {
                short.push(format!("{name} {proof}"));
            }
        }
        assert!(scenario["verdicts"].as_array().is_some_and(|rows| rows.len() >= 4), "{scenario}");
        assert_eq!(scenario["doubts"], Value::Array(vec![]));
    }
    short
}

#[test]
fn every_act_is_proven_and_seen_twice_in_a_row() {
    let Some(_turn) = turn("matrix::every_act_is_proven_and_seen_twice_in_a_row") else { return };
    let lab = Lab::new();
    let before = State::now(&lab).without_bundles();
    for _ in 0..2 {
        let output = lab.run(&["--json"]).output().unwrap();
        code(&output, 0);
        let report = report(&output);
        assert_eq!(report["scenarios"].as_array().map(Vec::len), Some(5));
        assert_eq!(short(&report), Vec::<String>::new());
    }
    before.comes_back("at the end", || State::now(&lab).without_bundles());
    // Accepting such a run changes nothing.
    let golden = |lab: &Lab| {
        let mut files: Vec<_> = std::fs::read_dir(lab.path("golden"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let accepted = golden(&lab);
    code(&lab.xtask(&["golden", "bless"]).output().unwrap(), 0);
    assert_eq!(golden(&lab), accepted);
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let Some(_turn) = turn("matrix::two_at_once_do_not_disturb_each_other") else { return };
    let (one, other) = (Lab::new(), Lab::new());
    let before = State::now(&one).without_bundles();
    let runs = [&one, &other].map(|lab| {
        let mut run = lab.run(&["--json"]);
        run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    });
    for run in runs {
        let output = run.wait_with_output().unwrap();
        code(&output, 0);
        assert_eq!(short(&report(&output)), Vec::<String>::new());
    }
    before.comes_back("at the end", || State::now(&one).without_bundles());
}
