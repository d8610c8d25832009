//! The composite action's own step on a real run: it keeps the lab's exit code, and everything is written.

use std::{fs, path::Path};

use super::{Lab, program, turn};
use crate::ci::step;

#[test]
fn a_drift_is_reported_whole_and_its_code_is_kept() {
    const NAME: &str = "action::a_drift_is_reported_whole_and_its_code_is_kept";
    let Some(_turn) = turn(NAME) else { return };
    if std::process::Command::new("jq").arg("--version").output().is_err() {
        return println!("SKIP road::{NAME}: jq is not installed");
    }
    program("lab-actor");
    let lab = Lab::new();
    lab.edit("golden/sensitive-read.golden", "-> ENOENT", "-> EACCES");
    let folder = lab.dir.path().to_str().unwrap();
    let step = step::run("Lab", &[("PROFILE", "host"), ("SCENARIOS", "sensitive-read"), ("FOLDER", folder)]);
    let (said, wrong) = (step.stdout(), String::from_utf8_lossy(&step.output.stderr).into_owned());
    assert!(step.output.status.success(), "{said}\n{wrong}");
    let output =
        |name: &str| step.outputs.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", step.outputs));
    assert_eq!((output("exit-code").as_str(), output("outcome").as_str()), ("1", "drift"));
    assert_eq!(Path::new(output("bundle")), lab.bundle());
    assert_eq!(output("head").len(), 64);
    assert!(output("artifact").starts_with("sightline-2"), "{}", output("artifact"));
    let reports = Path::new(output("reports"));
    for (file, piece) in [
        ("report.html", "<html"),
        ("report.md", "drift"),
        ("report.json", "\"exit_code\": 1"),
        ("junit.xml", "<testsuites"),
        ("report.sarif", "\"2.1.0\""),
    ] {
        let text = fs::read_to_string(reports.join(file)).unwrap();
        assert!(text.contains(piece), "{piece:?} is not in {file}");
    }
    assert!(
        said.contains("drift (exit code 1)")
            && said.contains("\n::error file=golden/sensitive-read.golden,line="),
        "{said}"
    );
    assert_eq!(step.summary, fs::read_to_string(reports.join("report.md")).unwrap());
}
