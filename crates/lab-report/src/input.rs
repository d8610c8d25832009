//! What a report is made from: records and judgements, and a few words on the run as a whole.

use std::path::Path;

use lab_golden::{Cost, Drift, Golden};
use lab_model::{Judged, RunOutcome, ScenarioRecord, StageRecord};
use lab_store::{Bundle, Manifest};

/// What in the environment is another in each run, or after each start of a machine.
pub(crate) const NEVER_THE_SAME: &[&str] = &[BOOT_ID, ID, BEGAN];
const BOOT_ID: &str = "boot id";
const ID: &str = "id";
const BEGAN: &str = "began";

/// One run.
#[derive(Clone, Debug)]
pub struct RunReport<'a> {
    /// what a person types for it: the name of its bundle's folder
    pub run: String,
    /// profile
    pub profile: String,
    /// kernel release
    pub kernel: String,
    /// when it began, for people
    pub began: String,
    /// where the bundle is, for people
    pub bundle: String,
    /// head of its hash chain; `None` if it was never sealed
    pub chain_head: Option<String>,
    /// stages of the run as a whole
    pub stages: &'a [StageRecord],
    /// scenarios in the order of the profile
    pub scenarios: Vec<ScenarioReport<'a>>,
    /// what went wrong outside of any scenario
    pub troubles: Vec<String>,
    /// how it ended
    pub outcome: RunOutcome,
    /// somebody interrupted it
    pub interrupted: bool,
    /// it was made in a virtual machine, whose console the bundle has
    pub in_machine: bool,
    /// what it was made from: (kind, name, value), those of a kind beside each other
    pub environment: Vec<(&'static str, String, String)>,
}

impl<'a> RunReport<'a> {
    /// The report of the bundle in `dir`; `scenarios` are made from its records, in its order.
    pub fn new(
        dir: &Path,
        bundle: &'a Bundle,
        scenarios: Vec<ScenarioReport<'a>>,
        outcome: RunOutcome,
    ) -> Self {
        let manifest = &bundle.manifest;
        Self {
            run: dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned(),
            profile: manifest.profile.clone(),
            kernel: manifest.kernel.clone(),
            began: manifest.created.clone(),
            bundle: dir.to_string_lossy().into_owned(),
            chain_head: bundle.head.clone(),
            stages: &manifest.stages,
            scenarios,
            troubles: Vec::new(),
            outcome,
            interrupted: manifest.interrupted,
            in_machine: manifest.vm.is_some(),
            environment: environment(manifest),
        }
    }

    /// The word for how it ended, and the exit code.
    pub fn ending(&self) -> (&'static str, u8) {
        if self.interrupted { ("interrupted", 130) } else { (self.outcome.word(), self.outcome.exit_code()) }
    }
}

/// All that the manifest knows of what the run was made from.
fn environment(manifest: &Manifest) -> Vec<(&'static str, String, String)> {
    let format = manifest.format.to_string();
    let facts = [
        ("machine", "kernel", &manifest.kernel),
        ("machine", "architecture", &manifest.machine),
        ("machine", "environment", &manifest.environment),
        ("machine", "distribution", &manifest.distribution),
        ("machine", BOOT_ID, &manifest.boot_id),
        ("run", ID, &manifest.id),
        ("run", BEGAN, &manifest.created),
        ("run", "profile", &manifest.profile),
        ("run", "Sightline", &manifest.tool),
        ("run", "bundle's format", &format),
        ("run", "SHA-256 of the plan", &manifest.plan),
    ];
    let facts = facts.into_iter().map(|(kind, name, value)| (kind, name.to_owned(), value.clone()));
    let sensors = manifest.sensors.iter().map(|(name, version)| ("sensor", name.clone(), version.clone()));
    let inputs = manifest.inputs.iter().map(|(path, hash)| ("input, SHA-256", path.clone(), hash.clone()));
    facts.chain(sensors).chain(inputs).collect()
}

/// One scenario of a run.
#[derive(Clone, Debug)]
pub struct ScenarioReport<'a> {
    /// what was recorded
    pub record: &'a ScenarioRecord,
    /// what the judge made of it
    pub judged: &'a Judged,
    /// what a golden of it would say
    pub golden: &'a Golden,
    /// how that differs from the golden there is
    pub drift: &'a Drift,
}

impl ScenarioReport<'_> {
    /// How many events the sensors recorded, in all passes.
    pub(crate) fn events(&self) -> usize {
        self.record.passes.iter().flat_map(|pass| &pass.instances).map(|instance| instance.events.len()).sum()
    }

    /// What the golden holds fast, of how much: `13 of 14 lines strict, 57 events`.
    pub(crate) fn cost(&self) -> String {
        let Cost { strict, lines } = self.drift.cost();
        format!("{strict} of {lines} lines strict, {} events", self.events())
    }

    /// Why it can't be blessed; empty if it can.
    pub(crate) fn never_blessed(&self) -> Vec<String> {
        lab_golden::never_blessed(self.golden, self.judged).iter().map(ToString::to_string).collect()
    }
}
