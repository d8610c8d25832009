//! `golden stability`: many runs, counted, and nothing of them left behind.

use super::{Lab, code, program, report, stdout, turn};

fn stability(lab: &Lab, args: &[&str]) -> std::process::Command {
    let mut command = lab.xtask(&["golden", "stability", "host", "sensitive-read", "--no-install"]);
    command.arg("--probe").arg(program("lab-probe")).arg("--actor").arg(program("lab-actor")).args(args);
    command
}

#[test]
fn runs_are_counted_and_removed() {
    let Some(_turn) = turn("stability::runs_are_counted_and_removed") else { return };
    let lab = Lab::new();
    let output = stability(&lab, &["--runs", "3", "--json", "--load"]).output().unwrap();
    code(&output, 0);
    let found = report(&output);
    let scenario = &found["scenarios"][0];
    assert_eq!((&found["runs"], &scenario["scenario"]), (&3.into(), &"sensitive-read".into()));
    for count in ["stable", "as_golden"] {
        assert_eq!((&scenario[count]["held"], &scenario[count]["of"]), (&3.into(), &3.into()), "{count}");
    }
    assert!(found["busy_processes"].as_u64().unwrap() > 0);
    assert!(!lab.path("runs").exists(), "a bundle was left");
}

#[test]
fn bundles_are_kept_on_request_and_a_liar_is_inconclusive() {
    let Some(_turn) = turn("stability::bundles_are_kept_on_request_and_a_liar_is_inconclusive") else {
        return;
    };
    let lab = Lab::new();
    let mut command = lab.xtask(&["golden", "stability", "host", "sensitive-read", "--no-install", "--keep"]);
    command.args(["--runs", "1", "--probe"]).arg(program("lab-probe"));
    let output = command.arg("--actor").arg(program("lab-liar")).output().unwrap();
    code(&output, 3);
    assert!(stdout(&output).contains("sensitive-read"), "{}", stdout(&output));
    assert!(lab.bundle().join("manifest.json").exists());
}
