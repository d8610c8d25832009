//! The Sigma rules on the real kernel: each fires on the act of its scenario and stays silent on the twin beside it.

use std::{fs, process::Output};

use serde_json::Value;

use super::{Lab, code, stderr, stdout, turn};

const SCENARIOS: [&str; 5] =
    ["shell-spawn", "sensitive-read", "file-tamper", "network-beacon", "privilege-change"];

/// `rules test` over the lab's only bundle.
fn test(lab: &Lab, args: &[&str]) -> Output {
    let bundle = lab.bundle();
    let mut command = lab.xtask(&["rules", "test", bundle.to_str().unwrap()]);
    command.args(args).output().unwrap()
}

#[track_caller]
fn has(output: &Output, wanted: &str) {
    let (out, err) = (stdout(output), stderr(output));
    assert!(out.contains(wanted) || err.contains(wanted), "{wanted:?} is not in\n{out}\n{err}");
}

#[test]
fn each_rule_fires_on_its_act_and_not_on_the_twin() {
    let Some(_turn) = turn("rules::each_rule_fires_on_its_act_and_not_on_the_twin") else { return };
    let lab = Lab::new();
    let output = lab.run(&[]).output().unwrap();
    code(&output, 0);

    let output = test(&lab, &["--json"]);
    code(&output, 0);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["idle"], Value::Array(Vec::new()), "each rule has its act");
    let scenarios = value["runs"][0]["scenarios"].as_array().unwrap();
    let names: Vec<&str> = scenarios.iter().map(|scenario| scenario["name"].as_str().unwrap()).collect();
    assert_eq!(names, SCENARIOS);
    for scenario in scenarios {
        let acts = scenario["acts"].as_array().unwrap();
        let fired = |act: &Value| !act["fired"].as_array().unwrap().is_empty();
        assert!(acts.iter().any(|act| act["role"] == "act" && fired(act)), "nothing fires: {scenario}");
        assert!(acts.iter().any(|act| act["role"] == "twin"), "no twin: {scenario}");
        assert!(!acts.iter().any(|act| act["role"] == "twin" && fired(act)), "fires on a twin: {scenario}");
    }

    // From here on rules change, and the stored bundle says what that does.
    lab.edit("rules/log-file-removed.yml", "TargetFilename|endswith: .log", "TargetFilename|endswith: .lag");
    let output = test(&lab, &[]);
    code(&output, 1);
    has(&output, r#"no longer fires: "Log file removed" on act 4 of file-tamper"#);
    has(&output, "fires on nothing here: Log file removed");
    assert!(!stdout(&output).contains("no longer fires: \"Decoy"), "{}", stdout(&output));

    lab.edit(
        "rules/decoy-file-written.yml",
        "TargetFilename|contains: /canary/",
        "TargetFilename|contains: /",
    );
    let output = test(&lab, &[]);
    code(&output, 1);
    has(&output, r#"fires on a benign twin: "Decoy file written" on twin 5 of file-tamper"#);
    let output = lab.xtask(&["golden", "bless"]).output().unwrap();
    code(&output, 2);
    has(&output, "fired on twin 5, a benign twin");

    // A rule that is gone is one that no longer fires.
    fs::remove_file(lab.path("rules/password-file-access.yml")).unwrap();
    has(
        &test(&lab, &[]),
        r#"no longer fires: "Access to the shadow password file" on act 2 of sensitive-read"#,
    );
}

#[test]
fn a_golden_that_accepts_a_detection_on_a_twin_does_not_make_it_right() {
    let Some(_turn) = turn("rules::a_golden_that_accepts_a_detection_on_a_twin_does_not_make_it_right")
    else {
        return;
    };
    let lab = Lab::new();
    code(&lab.run(&["--scenario", "file-tamper"]).output().unwrap(), 0);
    lab.edit(
        "rules/decoy-file-written.yml",
        "TargetFilename|contains: /canary/",
        "TargetFilename|contains: /",
    );
    lab.edit(
        "golden/file-tamper.golden",
        "sigma \"Decoy file written\"  act 1, act 2",
        "sigma \"Decoy file written\"  act 1, act 2, twin 5",
    );
    let bundle = lab.bundle();
    let bundle = bundle.to_str().unwrap();
    code(&lab.xtask(&["golden", "diff", "--run", bundle]).output().unwrap(), 0);
    let output = lab.xtask(&["report", bundle]).output().unwrap();
    code(&output, 1);
    has(&output, "twin 5");
}

#[test]
fn acts_and_twins_swapped_fail() {
    let Some(_turn) = turn("rules::acts_and_twins_swapped_fail") else { return };
    let lab = Lab::new();
    for scenario in SCENARIOS {
        let path = lab.path(&format!("scenarios/{scenario}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let swapped = text.replace("[[act]]", "[[other]]").replace("[[twin]]", "[[act]]");
        fs::write(&path, swapped.replace("[[other]]", "[[twin]]")).unwrap();
    }
    let output = lab.run(&[]).output().unwrap();
    code(&output, 1);
    let output = test(&lab, &["--json"]);
    code(&output, 1);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failures = value["failures"].as_array().unwrap();
    for scenario in SCENARIOS {
        let on_twin = |failure: &&Value| {
            let text = failure.as_str().unwrap();
            text.starts_with("fires on a benign twin: ") && text.ends_with(&format!(" of {scenario}"))
        };
        assert!(failures.iter().any(|failure| on_twin(&failure)), "{scenario}: {failures:?}");
    }
    let output = lab.xtask(&["golden", "bless"]).output().unwrap();
    code(&output, 2);
    has(&output, ", a benign twin");
}

#[test]
fn bad_rules_are_named_by_file_and_line() {
    let lab = Lab::new();
    code(&lab.xtask(&["rules", "lint"]).output().unwrap(), 0);
    lab.edit("rules/decoy-file-written.yml", "TargetFilename|contains", "TargetFilename|holds");
    lab.edit("rules/decoy-file-renamed.yml", "SourceFilename|contains", "SourceFile|contains");
    fs::copy(lab.path("rules/log-file-removed.yml"), lab.path("rules/zz.yml")).unwrap();
    for (command, place) in [(["rules", "lint"], 1), (["rules", "test"], 2), (["lab", "run"], 2)] {
        let output = lab.xtask(&command).output().unwrap();
        code(&output, 2);
        let text = if place == 1 { stdout(&output) } else { stderr(&output) };
        for wanted in [
            "rules/decoy-file-written.yml:19: unknown modifier 'holds'",
            "rules/decoy-file-renamed.yml:18: no sensor knows field `SourceFile` of file_rename, expected one of",
            "rules/zz.yml:2: id `",
            "rules/zz.yml:1: title `Log file removed` is that of rules/log-file-removed.yml, too",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
    }
    assert!(!lab.path("runs").exists(), "it ran with bad rules");
}

#[test]
fn rules_are_listed() {
    let lab = Lab::new();
    let output = lab.xtask(&["rules", "list", "--json"]).output().unwrap();
    code(&output, 0);
    let rules: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rules.as_array().unwrap().len(), fs::read_dir(lab.path("rules")).unwrap().count());
    let output = lab.xtask(&["rules", "list"]).output().unwrap();
    assert!(stdout(&output).contains("T1059.004"), "{}", stdout(&output));
}
