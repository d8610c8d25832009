//! `lab compare`: two runs of the same are the same; what was changed between them is named.

use serde_json::{Value, json};

use super::{Lab, code, stdout, turn};

/// The names of a lab's runs, oldest first.
fn runs(lab: &Lab) -> Vec<String> {
    let entries = std::fs::read_dir(lab.path("runs")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_changed_between_two_runs_is_named() {
    let Some(_turn) = turn("compare::what_was_changed_between_two_runs_is_named") else { return };
    let lab = Lab::new();
    let both = ["--scenario", "sensitive-read", "--scenario", "file-tamper"];
    code(&lab.run(&both).output().unwrap(), 0);
    code(&lab.run(&both).output().unwrap(), 0);
    let again = runs(&lab);
    let output = lab.xtask(&["lab", "compare", &again[0], &again[1]]).output().unwrap();
    code(&output, 0);
    assert!(stdout(&output).ends_with("\nsame (exit code 0)\n"), "{}", stdout(&output));

    lab.edit(
        "scenarios/sensitive-read.toml",
        r#"path = "/etc/shadow.${nonce}""#,
        r#"path = "/etc/hosts/${nonce}""#,
    );
    lab.edit("scenarios/sensitive-read.toml", r#"expect = "ENOENT""#, r#"expect = "ENOTDIR""#);
    code(&lab.run(&["--scenario", "sensitive-read"]).output().unwrap(), 1);
    let third = runs(&lab).into_iter().find(|name| !again.contains(name)).expect("a third run");
    let output = lab.xtask(&["lab", "compare", &again[0], &third]).output().unwrap();
    code(&output, 1);
    let old = format!("--- {}/sensitive-read", again[0]);
    for piece in [
        "=> open \"/etc/hosts/<nonce>\" read -> ENOTDIR",
        "scenarios/sensitive-read.toml",
        "file-tamper\n  only in ",
        &old,
    ] {
        assert!(stdout(&output).contains(piece), "{piece:?} is not in\n{}", stdout(&output));
    }

    let output = lab.xtask(&["lab", "compare", &again[0], &third, "--json"]).output().unwrap();
    code(&output, 1);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["same"], &value["only_old"]), (&json!(false), &json!(["file-tamper"])));
    let changed: Vec<&Value> =
        value["changes"].as_array().unwrap().iter().map(|change| &change["what"]).collect();
    // The plan is another as its text says where each value came from, and the one scenario is another.
    assert_eq!(
        changed,
        ["SHA-256 of the plan", "scenarios/file-tamper.toml", "scenarios/sensitive-read.toml"]
    );
    let kinds = value["scenarios"][0]["differences"].as_array().unwrap().iter();
    let fields: Vec<&Value> =
        kinds.filter(|one| one["kind"] == "changed").map(|one| &one["fields"]).collect();
    assert!(fields.contains(&&json!(["path", "result"])), "{value:#}");
}
