//! Two runs held against each other: what happened otherwise, and what they were made from.

mod changes;
mod json;
mod terminal;

use lab_golden::Drift;
use lab_model::RunOutcome;

use crate::{RunReport, ScenarioReport};

pub use json::comparison_json;
pub use terminal::comparison;

/// Something that is otherwise in the second run, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// what: `kernel`, `act 1 in pass 2`
    pub what: String,
    /// as the first run has it; `None` if it has not
    pub old: Option<String>,
    /// as the second run has it
    pub new: Option<String>,
}

/// A scenario that both runs have.
#[derive(Clone, Debug)]
pub struct ScenarioComparison<'a> {
    /// its name
    pub name: &'a str,
    /// facts, verdicts and detections: how the second differs from the first, as if that were its golden
    pub drift: Drift,
    /// proofs, losses, doubts and how it ended
    pub changes: Vec<Change>,
}

impl ScenarioComparison<'_> {
    /// True if nothing differs.
    pub fn is_same(&self) -> bool {
        self.drift.is_empty() && self.changes.is_empty()
    }
}

/// What is otherwise in the second of two runs.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// the first run, and what a person types for it
    pub old: (&'a RunReport<'a>, &'a str),
    /// the second run
    pub new: (&'a RunReport<'a>, &'a str),
    /// what they were made from, and how they ended
    pub changes: Vec<Change>,
    /// scenarios that both have, in the order of the second
    pub both: Vec<ScenarioComparison<'a>>,
    /// names of those that the first alone has
    pub only_old: Vec<&'a str>,
    /// names of those that the second alone has
    pub only_new: Vec<&'a str>,
}

impl<'a> Comparison<'a> {
    /// Compares; `outcome` says how a scenario of a run ended.
    pub fn new(
        old: &'a RunReport<'a>,
        new: &'a RunReport<'a>,
        outcome: impl Fn(&ScenarioReport<'_>) -> RunOutcome,
    ) -> Self {
        // Two folders of one name are told apart by where they are.
        let label =
            |run: &'a RunReport<'a>| if old.run == new.run { run.bundle.as_str() } else { run.run.as_str() };
        let both = new.scenarios.iter().filter_map(|now| {
            let before = find(old, name(now))?;
            let mut drift = lab_golden::compare(Some(before.golden), now.golden);
            drift.file = format!("{}/{}", label(old), name(now));
            let changes = changes::of_scenario((before, outcome(before)), (now, outcome(now)));
            Some(ScenarioComparison { name: name(now), drift, changes })
        });
        let only = |run: &'a RunReport<'a>, other: &RunReport<'_>| {
            run.scenarios.iter().map(name).filter(|name| find(other, name).is_none()).collect()
        };
        Self {
            old: (old, label(old)),
            new: (new, label(new)),
            changes: changes::of_run(old, new),
            both: both.collect(),
            only_old: only(old, new),
            only_new: only(new, old),
        }
    }

    /// True if nothing differs: times, process ids and counts of events do not count.
    pub fn is_same(&self) -> bool {
        let no_other = self.only_old.is_empty() && self.only_new.is_empty();
        no_other && self.changes.is_empty() && self.both.iter().all(ScenarioComparison::is_same)
    }

    /// The texts of a scenario's facts, verdicts and detections as a unified diff; empty if they are the same.
    fn text_diff(&self, scenario: &ScenarioComparison<'_>) -> String {
        let new_name = format!("{}/{}", self.new.1, scenario.name);
        scenario.drift.text_diff_between(&scenario.drift.file, &new_name)
    }
}

fn name<'a>(scenario: &ScenarioReport<'a>) -> &'a str {
    &scenario.judged.head.name
}

fn find<'r, 'a>(run: &'r RunReport<'a>, wanted: &str) -> Option<&'r ScenarioReport<'a>> {
    run.scenarios.iter().find(|scenario| name(scenario) == wanted)
}
