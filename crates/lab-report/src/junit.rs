//! The report as JUnit XML: a suite per scenario, a test case per act and sensor, per act and pass for its proof, per
//! rule that fired or should have, and one each for the golden and for the record.
//!
//! The shape is that of the schema which Jenkins publishes for its xUnit plugin (junit-10.xsd). A *failure* is what
//! differs from the golden, or a rule that fires on a benign twin; an *error* is what could not be known or done. Both
//! are absent exactly if the run passed.

use std::fmt::Write as _;

use lab_model::{Act, Judged, Proof, SensorKind, StageRecord, Verdict};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::{
    RunReport, ScenarioReport,
    detection::{Fired, fired},
    escape, escape_lines,
    matrix::summary,
};

/// Longest text of a case in bytes; a diff may be longer, and is then cut.
const LONGEST_BODY: usize = 64 << 10;

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Skipped { message: String },
    Failed { kind: &'static str, message: String, body: String },
    Errored { kind: &'static str, message: String, body: String },
}

struct Case {
    name: String,
    /// nanoseconds
    took_ns: Option<u64>,
    ended: Ended,
}

struct Suite {
    name: String,
    took_ns: u64,
    cases: Vec<Case>,
}

/// The report as a JUnit document. Whatever the record holds, it is well-formed XML 1.0. Ends with a line break.
pub fn junit(report: &RunReport<'_>) -> String {
    let mut suites = vec![run_suite(report)];
    suites.extend(report.scenarios.iter().map(scenario_suite));
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory cannot fail, and all names are ours.
    write(&mut writer, report, &suites).expect("memory takes all");
    String::from_utf8_lossy(&writer.into_inner()).into_owned() + "\n"
}

fn run_suite(report: &RunReport<'_>) -> Suite {
    let mut cases: Vec<Case> = report.stages.iter().map(stage_case).collect();
    let troubles = report.troubles.iter().map(|trouble| Case {
        name: "trouble".to_owned(),
        took_ns: None,
        ended: errored("trouble", trouble, String::new()),
    });
    cases.extend(troubles);
    let ended = if report.interrupted {
        errored("interrupted", "the run was interrupted", String::new())
    } else {
        Ended::Passed
    };
    cases.push(Case { name: "ran to its end".to_owned(), took_ns: None, ended });
    Suite { name: "run".to_owned(), took_ns: took(report.stages), cases }
}

fn stage_case(stage: &StageRecord) -> Case {
    let ended = match &stage.error {
        Some(error) => errored("trouble", &format!("failed to {error}"), String::new()),
        None => Ended::Passed,
    };
    Case { name: format!("stage {}", escape(&stage.stage)), took_ns: Some(stage.took_ns), ended }
}

fn scenario_suite(scenario: &ScenarioReport<'_>) -> Suite {
    let judged = scenario.judged;
    let mut cases = Vec::new();
    for act in &judged.acts {
        let proofs = judged.proofs.iter().filter(|proof| proof.act == act.id);
        cases.extend(proofs.map(|proof| proof_case(scenario, act, proof)));
        cases.extend(judged.sensors.iter().map(|sensor| Case {
            name: format!("{} {}: {} {}: {sensor}", act.role, act.id, act.kind.word(), summary(act)),
            took_ns: None,
            ended: cell(scenario, act, *sensor),
        }));
    }
    cases.extend(fired(scenario).iter().map(detection_case));
    cases.push(Case { name: "golden".to_owned(), took_ns: None, ended: golden(scenario) });
    cases.push(Case { name: "record".to_owned(), took_ns: None, ended: record(judged) });
    let took_ns =
        scenario.record.passes.iter().fold(0, |sum: u64, pass| sum.saturating_add(took(&pass.stages)));
    Suite { name: escape(&judged.head.name), took_ns, cases }
}

fn proof_case(scenario: &ScenarioReport<'_>, act: &Act, proof: &Proof) -> Case {
    let receipts = scenario.record.passes.iter().filter(|pass| pass.pass == proof.pass);
    let receipt = receipts.flat_map(|pass| &pass.receipts).find(|receipt| receipt.act == act.id);
    let ended = match (proof.proven, proof.missing.as_slice()) {
        (true, _) => Ended::Passed,
        (false, []) => errored("unproven", "no reason given", String::new()),
        (false, [first, ..]) => errored("unproven", first, lines(&proof.missing)),
    };
    Case {
        name: format!("{} {}: proof in pass {}", act.role, act.id, proof.pass),
        took_ns: receipt.map(|receipt| receipt.ended_ns.saturating_sub(receipt.began_ns)),
        ended,
    }
}

/// A cell of the matrix. What the golden accepts is no failure, but it is no success either.
fn cell(scenario: &ScenarioReport<'_>, act: &Act, sensor: SensorKind) -> Ended {
    let row = scenario.judged.verdicts.iter().find(|row| row.act == act.id && row.sensor == sensor);
    let verdict = row.map_or(Verdict::Absent, |row| row.verdict);
    let reasons = row.map_or(&[][..], |row| &row.reasons);
    let message = match reasons.first() {
        Some(reason) => format!("{verdict}: {}", escape(reason)),
        None => verdict.to_string(),
    };
    let says_nothing =
        matches!(verdict, Verdict::Blind | Verdict::Refused | Verdict::Absent | Verdict::Replayed);
    if verdict == Verdict::Seen {
        Ended::Passed
    } else if verdict == Verdict::Lost {
        Ended::Errored { kind: "lost", message, body: lines(reasons) }
    } else if as_blessed(scenario, act, sensor) || (scenario.drift.new && says_nothing) {
        Ended::Skipped { message }
    } else {
        Ended::Failed { kind: verdict.word(), message, body: lines(reasons) }
    }
}

/// A rule: whether it fires where the golden says, and nowhere else. On a twin nobody wants it, whatever the golden says.
fn detection_case(fired: &Fired<'_>) -> Case {
    let failed =
        |kind, message: String| Ended::Failed { kind, message: escape(&message), body: String::new() };
    let ended = match fired.difference {
        _ if !fired.twins.is_empty() => {
            failed("on-twin", format!("fired on {}, a benign twin", fired.twins.join(", ")))
        }
        Some(_) if fired.silent => failed("silent", "does not fire any more".to_owned()),
        Some(difference) => failed("drift", format!("fired on {}: {difference}", fired.on_words())),
        None => Ended::Passed,
    };
    Case { name: format!("detection: {}", escape(&fired.label)), took_ns: None, ended }
}

/// True if the golden has this very verdict.
fn as_blessed(scenario: &ScenarioReport<'_>, act: &Act, sensor: SensorKind) -> bool {
    let row = format!("table / {} {}", act.role, act.id);
    let keys = [format!("{row} / {sensor}"), row, format!("table / {sensor}")];
    let differs =
        scenario.drift.differences.iter().any(|difference| keys.contains(&difference.key.to_string()));
    !scenario.drift.new && !differs
}

fn golden(scenario: &ScenarioReport<'_>) -> Ended {
    let drift = scenario.drift;
    if drift.is_empty() {
        return Ended::Passed;
    }
    if drift.new {
        let body = lines(&scenario.never_blessed());
        return Ended::Failed { kind: "none-yet", message: "there is no golden yet".to_owned(), body };
    }
    let count = drift.differences.len();
    let message = format!("{count} difference{}", if count == 1 { "" } else { "s" });
    let mut body = String::new();
    for difference in &drift.differences {
        if body.len() > LONGEST_BODY {
            break;
        }
        let place = format!("{}:{}", drift.file_of(&difference.file), difference.line);
        let _ = writeln!(body, "{}: {}", escape(&place), escape(&difference.to_string()));
    }
    body.push_str(&escape_lines(&drift.text_diff()));
    Ended::Failed { kind: "drift", message, body: cut(body) }
}

fn record(judged: &Judged) -> Ended {
    let all: Vec<String> = judged.troubles.iter().chain(&judged.doubts).cloned().collect();
    let kind = if judged.troubles.is_empty() { "doubt" } else { "trouble" };
    all.first().map_or(Ended::Passed, |first| errored(kind, first, lines(&all)))
}

fn errored(kind: &'static str, message: &str, body: String) -> Ended {
    Ended::Errored { kind, message: escape(message), body }
}

fn lines(texts: &[String]) -> String {
    cut(texts.iter().map(|text| escape(text) + "\n").collect())
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST_BODY {
        text.truncate(text.floor_char_boundary(LONGEST_BODY));
        text.push_str("\n... cut here; `cargo xtask report` prints all of it\n");
    }
    text
}

fn took(stages: &[StageRecord]) -> u64 {
    stages.iter().fold(0, |sum, stage| sum.saturating_add(stage.took_ns))
}

fn seconds(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000_000_000, ns / 1_000_000 % 1000)
}

/// Number of cases, failures, errors, skipped.
fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> [usize; 4] {
    let mut counts = [0; 4];
    for case in cases {
        counts[0] += 1;
        match case.ended {
            Ended::Passed => {}
            Ended::Failed { .. } => counts[1] += 1,
            Ended::Errored { .. } => counts[2] += 1,
            Ended::Skipped { .. } => counts[3] += 1,
        }
    }
    counts
}

fn write(writer: &mut Writer<Vec<u8>>, report: &RunReport<'_>, suites: &[Suite]) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let [tests, failures, errors, _] =
        counts(suites.iter().flat_map(|suite| &suite.cases)).map(|n| n.to_string());
    let took_ns = suites.iter().fold(0, |sum: u64, suite| sum.saturating_add(suite.took_ns));
    let (name, time) = (escape(&report.run), seconds(took_ns));
    let attributes =
        [("name", &name), ("tests", &tests), ("failures", &failures), ("errors", &errors), ("time", &time)];
    let element = writer
        .create_element("testsuites")
        .with_attributes(attributes.map(|(key, value)| (key, value.as_str())));
    element.write_inner_content(|writer| suites.iter().try_for_each(|suite| write_suite(writer, suite)))?;
    Ok(())
}

fn write_suite(writer: &mut Writer<Vec<u8>>, suite: &Suite) -> std::io::Result<()> {
    let [tests, failures, errors, skipped] = counts(suite.cases.iter()).map(|n| n.to_string());
    let time = seconds(suite.took_ns);
    let attributes = [
        ("name", suite.name.as_str()),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", &errors),
        ("skipped", &skipped),
        ("time", &time),
    ];
    let element = writer.create_element("testsuite").with_attributes(attributes);
    element.write_inner_content(|writer| {
        suite.cases.iter().try_for_each(|case| write_case(writer, &suite.name, case))
    })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, suite: &str, case: &Case) -> std::io::Result<()> {
    let time = case.took_ns.map(seconds);
    let element =
        writer.create_element("testcase").with_attributes([("classname", suite), ("name", &case.name)]);
    let element = element.with_attributes(time.as_deref().map(|time| ("time", time)));
    let (tag, kind, message, body) = match &case.ended {
        Ended::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        Ended::Skipped { message } => ("skipped", None, message, ""),
        Ended::Failed { kind, message, body } => ("failure", Some(*kind), message, body.as_str()),
        Ended::Errored { kind, message, body } => ("error", Some(*kind), message, body.as_str()),
    };
    element.write_inner_content(|writer| {
        let inner = writer.create_element(tag).with_attributes(kind.map(|kind| ("type", kind)));
        let inner = inner.with_attribute(("message", message.as_str()));
        if body.is_empty() {
            inner.write_empty()?
        } else {
            inner.write_text_content(BytesText::new(body))?
        };
        Ok(())
    })?;
    Ok(())
}
