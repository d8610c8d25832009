//! A bundle with what the judge and the goldens say of it: what `lab run`, `report` and `golden` have in common.

use std::path::Path;

use anyhow::{Context, Result};
use lab_golden::{Drift, Golden, GoldenText};
use lab_model::{Judged, RunOutcome};
use lab_store::Bundle;

use crate::{root::Folders, rules};

/// One scenario of a run, judged and compared.
pub(crate) struct JudgedScenario {
    pub(crate) judged: Judged,
    /// what a golden of this run would say
    pub(crate) golden: Golden,
    /// the golden in git
    pub(crate) blessed: Option<GoldenText>,
    pub(crate) drift: Drift,
}

/// A run, judged.
pub(crate) struct JudgedRun {
    pub(crate) bundle: Bundle,
    pub(crate) scenarios: Vec<JudgedScenario>,
}

/// Reads a bundle that is as its chain says.
pub(crate) fn open(dir: &Path) -> Result<Bundle> {
    lab_store::verify(dir, None).with_context(|| format!("failed to verify the bundle {}", dir.display()))?;
    lab_store::read(dir).with_context(|| format!("failed to read the bundle {}", dir.display()))
}

/// Reads a bundle, judges it and compares it with the goldens.
pub(crate) fn judge(dir: &Path, folders: &Folders) -> Result<JudgedRun> {
    let bundle = open(dir)?;
    let rules = rules::load(folders)?;
    let mut scenarios = Vec::new();
    for record in &bundle.scenarios {
        let mut judged = lab_judge::judge(record);
        judged.detections = lab_judge::detect(record, &rules);
        let path = folders.golden(&judged.head.name);
        let blessed = GoldenText::load(&path)?;
        let golden = lab_golden::render(&judged);
        let drift = lab_golden::compare_texts(blessed.clone(), GoldenText::of(&golden))?;
        scenarios.push(JudgedScenario { judged, golden, blessed, drift });
    }
    Ok(JudgedRun { bundle, scenarios })
}

impl JudgedRun {
    /// Exit code of a command that reports this run.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.bundle.manifest.interrupted { 130 } else { self.outcome().exit_code() }
    }

    /// The highest of what its scenarios say.
    pub(crate) fn outcome(&self) -> RunOutcome {
        let drifted = self.scenarios.iter().any(|scenario| !scenario.drift.is_empty());
        self.record_outcome().max(if drifted { RunOutcome::Drift } else { RunOutcome::Pass })
    }

    /// The same whatever the goldens say.
    pub(crate) fn record_outcome(&self) -> RunOutcome {
        let run = if self.bundle.manifest.stages.iter().any(|stage| stage.error.is_some()) {
            RunOutcome::Trouble
        } else {
            RunOutcome::Pass
        };
        self.scenarios
            .iter()
            .map(|scenario| lab_judge::outcome(&scenario.judged))
            .max()
            .unwrap_or(RunOutcome::Pass)
            .max(run)
    }
}
