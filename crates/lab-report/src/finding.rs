//! What is wrong with a run, each with the file and line that a person would look at: for SARIF and for annotations.

use lab_golden::DifferenceKind;
use lab_model::{Act, Judged, Verdict};

use crate::{RunReport, ScenarioReport, detection::fired, escape};

/// Which rule is broken. Ids are stable: tools that track findings from run to run know them by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Trouble,
    Interrupted,
    ActUnproven,
    DetectionOnTwin,
    VerdictLost,
    Doubt,
    GoldenNone,
    DriftMissing,
    DriftExtra,
    DriftChanged,
    DriftMoved,
    DriftSeenByFewer,
    DriftSeenByMore,
    DriftText,
}

impl Rule {
    /// Every rule, the most urgent first.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Trouble,
        Self::Interrupted,
        Self::ActUnproven,
        Self::DetectionOnTwin,
        Self::VerdictLost,
        Self::Doubt,
        Self::GoldenNone,
        Self::DriftMissing,
        Self::DriftExtra,
        Self::DriftChanged,
        Self::DriftMoved,
        Self::DriftSeenByFewer,
        Self::DriftSeenByMore,
        Self::DriftText,
    ];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Trouble => "run/trouble",
            Self::Interrupted => "run/interrupted",
            Self::ActUnproven => "act/unproven",
            Self::DetectionOnTwin => "detection/on-twin",
            Self::VerdictLost => "verdict/lost",
            Self::Doubt => "run/doubt",
            Self::GoldenNone => "golden/none-yet",
            Self::DriftMissing => "drift/missing",
            Self::DriftExtra => "drift/extra",
            Self::DriftChanged => "drift/changed",
            Self::DriftMoved => "drift/moved",
            Self::DriftSeenByFewer => "drift/seen-by-fewer",
            Self::DriftSeenByMore => "drift/seen-by-more",
            Self::DriftText => "drift/text",
        }
    }

    /// One sentence for people.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Trouble => "A step of the run failed.",
            Self::Interrupted => "The run was interrupted.",
            Self::ActUnproven => "Fewer than two families of witness observed the act.",
            Self::DetectionOnTwin => "A rule fired on a benign twin.",
            Self::VerdictLost => {
                "A loss could have touched the act, so nobody knows whether the sensor saw it."
            }
            Self::Doubt => "Something about the run could not be known.",
            Self::GoldenNone => "The scenario has no golden yet.",
            Self::DriftMissing => "The golden has a line that the run has not.",
            Self::DriftExtra => "The run has a line that the golden has not.",
            Self::DriftChanged => "A line of the golden has other fields in the run.",
            Self::DriftMoved => "A line of the golden stands in another place in the run.",
            Self::DriftSeenByFewer => "A sensor that saw a fact does not see it any more.",
            Self::DriftSeenByMore => "A sensor sees a fact that it did not see before.",
            Self::DriftText => "The golden's text differs from the run's.",
        }
    }

    fn of(kind: &DifferenceKind) -> Self {
        match kind {
            DifferenceKind::Missing => Self::DriftMissing,
            DifferenceKind::Extra => Self::DriftExtra,
            DifferenceKind::Changed { .. } => Self::DriftChanged,
            DifferenceKind::Moved | DifferenceKind::MovedBelow { .. } => Self::DriftMoved,
            DifferenceKind::SeenByFewer => Self::DriftSeenByFewer,
            DifferenceKind::SeenByMore => Self::DriftSeenByMore,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    /// escaped, on one line
    pub(crate) message: String,
    /// (path from the root of the lab, line from 1)
    pub(crate) place: Option<(String, usize)>,
    /// what stays the same when lines of the file move
    pub(crate) key: String,
}

/// Everything that keeps the run from a pass, the most urgent first; empty if it passed.
pub(crate) fn findings(report: &RunReport<'_>) -> Vec<Finding> {
    let failed = report.stages.iter().filter_map(|stage| Some((&stage.stage, stage.error.as_ref()?)));
    let failed = failed.map(|(stage, error)| format!("{stage}: failed to {error}"));
    let mut found: Vec<Finding> =
        failed.chain(report.troubles.iter().cloned()).map(|text| plain(Rule::Trouble, &text)).collect();
    if report.interrupted {
        found.push(plain(Rule::Interrupted, "the run was interrupted"));
    }
    for scenario in &report.scenarios {
        found.extend(of_record(scenario));
        found.extend(of_golden(scenario));
    }
    found.sort_by_key(|finding| finding.rule);
    found
}

fn plain(rule: Rule, text: &str) -> Finding {
    Finding { rule, message: escape(text), place: None, key: text.to_owned() }
}

/// What the judge and the rules say: it belongs to the scenario's own file.
fn of_record(scenario: &ScenarioReport<'_>) -> Vec<Finding> {
    let judged = scenario.judged;
    let name = &judged.head.name;
    let role =
        |id| judged.acts.iter().find(|act| act.id == id).map_or("act".to_owned(), |act| act.role.to_string());
    let finding = |rule, key: String, why: &[String]| {
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        Finding {
            rule,
            message: escape(&format!("{name}: {key}{why}")),
            place: Some((scenario_file(judged), 1)),
            key: format!("{name} / {key}"),
        }
    };
    let troubles = judged.troubles.iter().map(|text| finding(Rule::Trouble, text.clone(), &[]));
    let doubts = judged.doubts.iter().map(|text| finding(Rule::Doubt, text.clone(), &[]));
    let unproven = judged.proofs.iter().filter(|proof| !proof.proven).map(|proof| {
        let key = format!("{} {} in pass {} is unproven", role(proof.act), proof.act, proof.pass);
        finding(Rule::ActUnproven, key, &proof.missing)
    });
    let lost = judged.verdicts.iter().filter(|row| row.verdict == Verdict::Lost).map(|row| {
        let key = format!("{} {} is lost to {}", role(row.act), row.act, row.sensor);
        finding(Rule::VerdictLost, key, &row.reasons)
    });
    let fired = fired(scenario);
    let on_twin = fired.iter().filter(|rule| !rule.twins.is_empty()).map(|rule| {
        let key = format!("{} fired on {}, a benign twin", rule.label, rule.twins.join(", "));
        finding(Rule::DetectionOnTwin, key, &[])
    });
    troubles.chain(unproven).chain(on_twin).chain(lost).chain(doubts).collect()
}

fn of_golden(scenario: &ScenarioReport<'_>) -> Vec<Finding> {
    let (drift, name) = (scenario.drift, &scenario.judged.head.name);
    if drift.is_empty() {
        return Vec::new();
    }
    let finding = |rule, text: &str, key: String, place| Finding {
        rule,
        message: escape(&format!("{name}: {text}")),
        place: Some(place),
        key: format!("{name} / {key}"),
    };
    if drift.new {
        let place = (scenario_file(scenario.judged), 1);
        return vec![finding(Rule::GoldenNone, "there is no golden yet", "golden".into(), place)];
    }
    let found = drift.differences.iter().map(|difference| {
        let place = (drift.file_of(&difference.file).to_owned(), difference.line.max(1));
        finding(Rule::of(&difference.kind), &difference.to_string(), difference.key.to_string(), place)
    });
    let mut found: Vec<Finding> = found.collect();
    if found.is_empty() {
        let place = (drift.file.clone(), 1);
        found.push(finding(Rule::DriftText, "the golden's text differs", "golden".into(), place));
    }
    found
}

/// Where a finding about a scenario belongs: its file, or the golden of an observed program, which has no file.
fn scenario_file(judged: &Judged) -> String {
    let name = &judged.head.name;
    if judged.acts.iter().any(Act::is_observed) {
        format!("golden/{name}.golden")
    } else {
        format!("scenarios/{name}.toml")
    }
}
