//! Which rules fired in a scenario, on what, and how that stands to its golden.

use lab_golden::Difference;
use lab_model::{Detection, Judged, Role};

use crate::ScenarioReport;

/// One rule that fired, or that the golden says should have.
#[derive(Debug)]
pub(crate) struct Fired<'a> {
    /// `sigma "title"`, as a golden has it; not escaped
    pub(crate) label: String,
    /// `act 1`, `twin 4`; empty if it fired on no act, or not at all
    pub(crate) on: Vec<String>,
    /// the benign twins among them
    pub(crate) twins: Vec<String>,
    /// it did not fire in this run
    pub(crate) silent: bool,
    /// how that differs from the golden; `None` if it does not, or if there is no golden
    pub(crate) difference: Option<&'a Difference>,
}

impl Fired<'_> {
    /// `act 1, act 2`, in words.
    pub(crate) fn on_words(&self) -> String {
        if self.on.is_empty() { "no act".to_owned() } else { self.on.join(", ") }
    }

    /// The hits of it, with their number among all; several where rules of the same title fired.
    pub(crate) fn hits<'j>(&self, judged: &'j Judged) -> impl Iterator<Item = (usize, &'j Detection)> {
        let rules = judged.detections.iter().enumerate();
        rules.filter(|(_, rule)| format!("{} {}", rule.source, lab_golden::quoted(&rule.title)) == self.label)
    }
}

/// Those that fired, then those that the golden has and the run has not.
pub(crate) fn fired<'a>(scenario: &'a ScenarioReport<'_>) -> Vec<Fired<'a>> {
    let difference = |label: &str| {
        let key = format!("detections / {label}");
        scenario.drift.differences.iter().find(|difference| difference.key.to_string() == key)
    };
    let rows = scenario.golden.detections.iter().map(|detection| {
        let label = detection.to_string();
        let twins = detection.acts.iter().filter(|act| act.role == Role::Twin);
        Fired {
            on: detection.acts.iter().map(ToString::to_string).collect(),
            twins: twins.map(ToString::to_string).collect(),
            silent: false,
            difference: difference(&label),
            label,
        }
    });
    let mut rows: Vec<Fired<'a>> = rows.collect();
    let silent = scenario.drift.differences.iter().filter_map(|difference| {
        let key = difference.key.to_string();
        let label = key.strip_prefix("detections / ")?.to_owned();
        let known = rows.iter().any(|row| row.label == label);
        (!known).then(|| Fired {
            label,
            on: Vec::new(),
            twins: Vec::new(),
            silent: true,
            difference: Some(difference),
        })
    });
    let silent: Vec<_> = silent.collect();
    rows.extend(silent);
    rows
}
