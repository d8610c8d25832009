//! Questions to a run that the lab recorded here.

use std::collections::BTreeMap;

use lab_model::{Outcome, Payload, Verdict};
use serde_json::Value;

use super::{Lab, code, stderr, stdout, turn};

#[path = "../../../../crates/lab-query/tests/it/duckdb.rs"]
mod duckdb;

#[test]
fn the_documented_questions_are_answered_as_the_record_says() {
    const NAME: &str = "query::the_documented_questions_are_answered_as_the_record_says";
    let Some(_turn) = turn(NAME) else { return };
    let Some(python) = duckdb::python(&format!("road::{NAME}")) else { return };
    let lab = Lab::new();
    code(&lab.run(&[]).output().unwrap(), 0);
    let dir = lab.bundle();
    let bundle = lab_store::read(&dir).unwrap();
    let events = || {
        let passes = bundle.scenarios.iter().flat_map(|scenario| &scenario.passes);
        passes.flat_map(|pass| &pass.instances).flat_map(|instance| &instance.events)
    };

    let ask = |sql: &str| -> Vec<Value> {
        let output = lab.xtask(&["query", "--no-install", "--json", sql]).output().unwrap();
        code(&output, 0);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let answers: BTreeMap<&str, Vec<Value>> =
        duckdb::questions().into_iter().map(|(question, sql)| (question, ask(sql))).collect();
    let answer = |begins: &str| {
        let found = answers.iter().find(|(question, _)| question.starts_with(begins));
        found.unwrap_or_else(|| panic!("no question begins with {begins:?}")).1
    };

    // Events of each action.
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for event in events() {
        *counts.entry((event.instance.clone(), event.payload.action().to_string())).or_default() += 1;
    }
    let answered = answer("How many events of each action").iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        ((text("instance"), text("action")), row["events"].as_u64().unwrap())
    });
    assert_eq!(answered.collect::<BTreeMap<_, _>>(), counts);

    // Opens that failed.
    let failed = |payload: &Payload| matches!(payload, Payload::Open(open) if matches!(open.result, Outcome::Errno(_)));
    let failures = events().filter(|event| failed(&event.payload)).count() as u64;
    let answered: u64 = answer("Which opens failed").iter().map(|row| row["times"].as_u64().unwrap()).sum();
    assert!(failures > 0 && answered <= failures, "{answered} of {failures}");
    assert!(answer("Which opens failed").len() == 20 || answered == failures, "{answered} of {failures}");

    // Acts not seen by who can: none in a run that is as blessed.
    assert!(
        bundle.verdicts.iter().flatten().all(|row| matches!(row.verdict, Verdict::Seen | Verdict::Blind))
    );
    assert!(answer("Which acts did a sensor not see").is_empty());

    // Events of each executable: every event of the probe, once.
    let probe = events()
        .filter(|event| event.instance.starts_with("probe@") && !matches!(event.payload, Payload::Loss(_)));
    let by_executable = answer("How many events did each executable");
    let sum: u64 = by_executable.iter().map(|row| row["events"].as_u64().unwrap()).sum();
    assert_eq!(sum, probe.count() as u64);
    let named = by_executable.iter().any(|row| row["executable"].as_str().unwrap().ends_with("/id"));
    assert!(named, "{by_executable:?}");

    // The process that lived longest.
    let lived = |event: &&lab_model::Event| match event.payload {
        Payload::Exit(_) => event.image.start_ns.map(|start| event.time.ns - start),
        _ => None,
    };
    let longest = events().filter_map(|event| lived(&event)).max();
    assert_eq!(answer("Which process lived longest")[0]["lived_ns"].as_u64(), longest);
    assert!(!answer("Which addresses").is_empty());

    // DuckDB's own client, without us.
    let files = format!("{}/*/pass-*/events/*.parquet", dir.display());
    let theirs = duckdb::client(
        python,
        &format!("select instance, action, count(*) as events from '{files}' group by all order by all"),
    );
    let ours: String =
        counts.iter().map(|((instance, action), n)| format!("{instance},{action},{n}\n")).collect();
    assert_eq!(theirs, format!("instance,action,events\n{ours}"));

    // Mistakes.
    let output = lab.xtask(&["query", "latest", "drop table events"]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("error: query: DROP refused"), "{}", stderr(&output));
    let output = lab.xtask(&["query", "select * from evnts"]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("near names: events"), "{}", stderr(&output));
    assert!(stderr(&output).contains("hint: cargo xtask query \"show tables\""), "{}", stderr(&output));
    let output = lab.xtask(&["query", "nosuchrun", "select 1"]).output().unwrap();
    code(&output, 2);
    let output = lab.xtask(&["query", "select action from events order by action limit 1"]).output().unwrap();
    assert_eq!(stdout(&output).lines().next(), Some("action"));
}
