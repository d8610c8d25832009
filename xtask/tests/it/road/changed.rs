//! A changed copy of a scenario is drift, and the diff names the line; an actor that lies proves nothing.

use super::{Lab, code, program, report, stdout, turn};

/// Runs one scenario of a changed lab; the report's text must hold each of these.
#[track_caller]
fn drifts(lab: &Lab, scenario: &str, wanted: &[&str]) {
    let output = lab.run(&["--scenario", scenario]).output().unwrap();
    code(&output, 1);
    for piece in wanted {
        assert!(stdout(&output).contains(piece), "{piece:?} is not in\n{}", stdout(&output));
    }
}

#[test]
fn an_act_dropped() {
    let Some(_turn) = turn("changed::an_act_dropped") else { return };
    let lab = Lab::new();
    lab.edit(
        "scenarios/sensitive-read.toml",
        r#"[[act]]
kind = "read"
path = "/etc/shadow.${nonce}"
via = [{ name = "cat", argv = ["cat", "/etc/shadow.${nonce}"] }]
expect = "ENOENT"
"#,
        "",
    );
    drifts(
        &lab,
        "sensitive-read",
        &[
            r#"missing: open "/etc/shadow.<nonce>" read -> ENOENT"#,
            r#"-  exec "<bin>/cat" ["cat","/etc/shadow.<nonce>"]"#,
        ],
    );
}

#[test]
fn one_more_open_inside_an_interest() {
    let Some(_turn) = turn("changed::one_more_open_inside_an_interest") else { return };
    let lab = Lab::new();
    let path = lab.path("scenarios/file-tamper.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let more = "\n[[twin]]\nkind = \"read\"\npath = \"/etc/hostname\"\n";
    std::fs::write(&path, text + more).unwrap();
    drifts(&lab, "file-tamper", &[r#"open "/etc/hostname" read"#]);
}

#[test]
fn an_errno_changed() {
    let Some(_turn) = turn("changed::an_errno_changed") else { return };
    let lab = Lab::new();
    lab.edit(
        "scenarios/sensitive-read.toml",
        r#"path = "/etc/shadow.${nonce}""#,
        r#"path = "/etc/hosts/${nonce}""#,
    );
    lab.edit("scenarios/sensitive-read.toml", r#"expect = "ENOENT""#, r#"expect = "ENOTDIR""#);
    drifts(&lab, "sensitive-read", &["-> ENOENT", "-> ENOTDIR"]);
}

#[test]
fn a_lying_actor_proves_nothing() {
    let Some(_turn) = turn("changed::a_lying_actor_proves_nothing") else { return };
    let lab = Lab::new();
    let liar = program("lab-liar").to_str().unwrap();
    let output = lab.run(&["--json", "--actor", liar]).output().unwrap();
    code(&output, 3);
    let report = report(&output);
    let mut acts = 0;
    for scenario in report["scenarios"].as_array().unwrap() {
        for proof in scenario["proofs"].as_array().unwrap() {
            acts += 1;
            assert_eq!(proof["proven"], false, "{} {proof}", scenario["name"]);
        }
    }
    assert!(acts > 20, "{acts}");
}
