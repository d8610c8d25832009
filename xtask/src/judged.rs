//! A bundle with what the judge and the goldens say of it: what `lab run`, `report` and `golden` have in common.

use std::path::Path;

use anyhow::{Context, Result};
use lab_golden::{Drift, Golden};
use lab_model::{Judged, RunOutcome};
use lab_store::Bundle;

use crate::root::Folders;

/// One scenario of a run, judged and compared.
pub(crate) struct JudgedScenario {
    pub(crate) judged: Judged,
    /// what a golden of this run would say
    pub(crate) golden: Golden,
    pub(crate) drift: Drift,
}

/// A run, judged.
pub(crate) struct JudgedRun {
    pub(crate) bundle: Bundle,
    pub(crate) scenarios: Vec<JudgedScenario>,
}

/// Reads a bundle, judges it and compares it with the goldens.
pub(crate) fn judge(dir: &Path, folders: &Folders) -> Result<JudgedRun> {
    let bundle =
        lab_store::read(dir).with_context(|| format!("failed to read the bundle {}", dir.display()))?;
    let mut scenarios = Vec::new();
    for record in &bundle.scenarios {
        let judged = lab_judge::judge(record);
        let path = folders.golden(&judged.head.name);
        let blessed = Golden::load(&path)?;
        let golden = lab_golden::render(&judged);
        let drift = lab_golden::compare(blessed.as_ref(), &golden);
        scenarios.push(JudgedScenario { judged, golden, drift });
    }
    Ok(JudgedRun { bundle, scenarios })
}

impl JudgedRun {
    /// The highest of what its scenarios say.
    pub(crate) fn outcome(&self) -> RunOutcome {
        let of = |scenario: &JudgedScenario| {
            let drift = if scenario.drift.is_empty() { RunOutcome::Pass } else { RunOutcome::Drift };
            lab_judge::outcome(&scenario.judged).max(drift)
        };
        let run = if self.bundle.manifest.stages.iter().any(|stage| stage.error.is_some()) {
            RunOutcome::Trouble
        } else {
            RunOutcome::Pass
        };
        self.scenarios.iter().map(of).max().unwrap_or(RunOutcome::Pass).max(run)
    }
}
