//! What the README says of exit codes, verdicts and kinds is what the code has.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use lab_model::{ActKind, RunOutcome, Verdict};

use crate::tree::read;

#[test]
fn exit_codes() {
    for file in ["README.md", "docs/ci.md"] {
        let text = read(file);
        for outcome in [RunOutcome::Pass, RunOutcome::Drift, RunOutcome::Trouble, RunOutcome::Inconclusive] {
            let row = format!("| {} | {} |", outcome.exit_code(), outcome.word());
            assert!(text.contains(&row), "{file} has no row {row}");
        }
    }
}

#[test]
fn verdicts() {
    use Verdict::{Absent, Blind, Late, Lost, Missed, Refused, Replayed, Seen, Wrong};
    let readme = read("README.md");
    for verdict in [Seen, Wrong, Missed, Lost, Late, Blind, Refused, Absent, Replayed] {
        assert!(readme.contains(&format!("\n| `{verdict}` | ")), "README.md does not explain {verdict}");
    }
}

#[test]
fn what_each_sensor_knows_and_is_blind_to() {
    let page = read("docs/sensors.md");
    let (page, _) = page.split_once("\n### ").expect("docs/sensors.md tells how sensors are run");
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let named: Vec<&str> = sections.iter().filter_map(|section| section.lines().next()).collect();
    assert_eq!(named, lab_model::CATALOGUE.iter().map(|entry| entry.word).collect::<Vec<_>>());
    for (entry, section) in lab_model::CATALOGUE.iter().zip(sections) {
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        let known = entry.knows.iter().map(|known| {
            let fields: Vec<String> =
                known.fields.iter().map(|field| format!("{field:?}").to_lowercase()).collect();
            format!("| {} | {} |", known.action, fields.join(", "))
        });
        assert_eq!(rows, known.collect::<Vec<_>>(), "docs/sensors.md: {}", entry.word);
        let blind: Vec<&str> = section.lines().filter(|line| line.starts_with("- ")).collect();
        let declared = entry.blind.iter().map(|(what, why)| format!("- {what}: {why}."));
        assert_eq!(blind, declared.collect::<Vec<_>>(), "docs/sensors.md: {}", entry.word);
    }
}

#[test]
fn kinds_of_act() {
    let readme = read("README.md");
    let (_, kinds) = readme.split_once("Kinds of act: ").expect("README.md lists the kinds of act");
    let kinds = kinds.split_once('.').map_or(kinds, |(kinds, _)| kinds);
    let named: Vec<&str> = kinds.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, ActKind::WORDS);
}

#[test]
fn variables() {
    let readme = read("README.md");
    for variable in lab_profile::VARIABLES {
        assert!(readme.contains(&format!("`${{{variable}}}`")), "README.md does not name ${{{variable}}}");
    }
}

#[test]
fn the_scenario_that_it_shows_is_one() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```toml\n").expect("README.md shows a scenario");
    let (example, _) = rest.split_once("```").expect("the block ends");
    let files = BTreeMap::from([("scenarios/example.toml".to_owned(), example.as_bytes().to_vec())]);
    let read = lab_profile::load_scenario(&files, "example");
    let scenario = read.unwrap_or_else(|error| panic!("the scenario in README.md: {error}"));
    assert_eq!(scenario.acts.len(), 2, "an act and its twin");
}

/// The commands (`lab run`, `explain`) that a document names.
fn commands(text: &str) -> BTreeSet<Vec<&str>> {
    let after = text.split("cargo xtask ").skip(1);
    let words = after.map(|rest| {
        let line = rest.split(['`', '\n', '#']).next().unwrap_or_default();
        let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
        line.split_whitespace().take_while(is_word).take(2).collect()
    });
    words.filter(|words: &Vec<&str>| !words.is_empty()).collect()
}

#[test]
fn commands_exist() {
    let texts = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(read);
    let named: BTreeSet<Vec<&str>> = texts.iter().flat_map(|text| commands(text)).collect();
    assert!(named.contains(&vec!["lab", "run"]) && named.contains(&vec!["test"]), "{named:?}");
    for command in named {
        let help = Command::new(env!("CARGO_BIN_EXE_xtask")).args(&command).arg("--help").output();
        let help = help.expect("xtask was built for this test");
        assert!(help.status.success(), "a document names `cargo xtask {}`", command.join(" "));
    }
}

#[test]
fn ci_runs_the_command_that_the_readme_names() {
    assert!(read("README.md").contains("\ncargo xtask test "));
    assert!(read(".ci/run").lines().any(|line| line == "exec cargo xtask test"));
}
