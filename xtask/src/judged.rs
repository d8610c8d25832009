//! A bundle with what the judge and the goldens say of it: what `lab run`, `report` and `golden` have in common.

use std::path::Path;

use anyhow::{Context, Result};
use lab_golden::{Composed, Drift, Golden, Setting};
use lab_model::{Judged, Role, RunOutcome, SensorKind};
use lab_store::{Bundle, Manifest};

use crate::{root::Folders, rules};

/// One scenario of a run, judged and compared.
pub(crate) struct JudgedScenario {
    pub(crate) judged: Judged,
    /// what a golden of this run would say
    pub(crate) golden: Golden,
    /// the golden in git, with the overrides that hold where the run was made
    pub(crate) blessed: Option<Composed>,
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
    let setting = setting(&bundle.manifest);
    let mut scenarios = Vec::new();
    for record in &bundle.scenarios {
        let mut judged = lab_judge::judge(record);
        judged.detections = lab_judge::detect(record, &rules);
        let blessed = lab_golden::compose(&folders.goldens(), &judged.head.name, &setting)?;
        let golden = lab_golden::render(&judged);
        let drift = match &blessed {
            Some(blessed) => blessed.compare(&golden)?,
            None => lab_golden::compare(None, &golden),
        };
        scenarios.push(JudgedScenario { judged, golden, blessed, drift });
    }
    Ok(JudgedRun { bundle, scenarios })
}

/// True if a rule fired on a benign twin. No golden can make that right, not even one that says so.
fn fires_on_twin(scenario: &JudgedScenario) -> bool {
    scenario.golden.detections.iter().flat_map(|hit| &hit.acts).any(|act| act.role == Role::Twin)
}

/// Where and with what a run was made, as overrides may speak of it.
pub(crate) fn setting(manifest: &Manifest) -> Setting {
    let tools = manifest.sensors.iter().filter_map(|(instance, version)| {
        Some((instance.split('@').next()?.parse::<SensorKind>().ok()?, version.clone()))
    });
    Setting {
        environment: manifest.environment.clone(),
        distribution: manifest.distribution.clone(),
        architecture: manifest.machine.clone(),
        kernel: manifest.kernel.clone(),
        tools: tools.collect(),
    }
}

impl JudgedRun {
    /// Exit code of a command that reports this run.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.bundle.manifest.interrupted { 130 } else { self.outcome().exit_code() }
    }

    /// The highest of what its scenarios say.
    pub(crate) fn outcome(&self) -> RunOutcome {
        let drifted =
            self.scenarios.iter().any(|scenario| !scenario.drift.is_empty() || fires_on_twin(scenario));
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
