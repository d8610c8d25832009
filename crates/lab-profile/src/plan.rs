//! The plan: the whole expansion of a profile and its scenarios, before anything is made.

use std::time::Duration;

use lab_model::SensorKind;

use crate::{
    diagnostic::{Diagnostics, Sink},
    files::{Files, Input, sha256},
    machines::Machines,
    place::{Place, Sourced},
    plan_text,
    probe::ProbeSettings,
    profile::{EnvironmentKind, Profile, load_profile},
    scenario::{Scenario, load_scenario},
    stage::Stage,
    suggest::{did_you_mean, expected},
};

/// What a run does: every scenario in its passes, every pass in its stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// name of the profile
    pub profile: String,
    /// its file
    pub path: String,
    /// its phase
    pub phase: Sourced<u32>,
    /// its summary
    pub summary: Sourced<String>,
    /// where subjects run
    pub environment: Sourced<EnvironmentKind>,
    /// the probe's settings
    pub probe: ProbeSettings,
    /// the set of pins that it uses
    pub pins: Option<Sourced<String>>,
    /// the virtual machines, if that is the environment
    pub machines: Option<Machines>,
    /// scenarios in order
    pub scenarios: Vec<ScenarioPlan>,
    /// every file that the plan rests on, by path
    pub inputs: Vec<Input>,
}

/// One scenario of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioPlan {
    /// the scenario
    pub scenario: Scenario,
    /// where the profile names it
    pub place: Place,
    /// its passes, in order
    pub passes: Vec<PassPlan>,
}

/// One exercise of a scenario under one set of sensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassPlan {
    /// number within the scenario, from 1
    pub pass: u32,
    /// what records, in the order of the catalogue
    pub instances: Vec<InstancePlan>,
    /// all stages, in order
    pub stages: Vec<StagePlan>,
}

/// One running sensor of a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstancePlan {
    /// sensor and place, `probe@host`
    pub instance: String,
    /// sensor
    pub sensor: SensorKind,
    /// where the profile names it
    pub place: Place,
}

/// One stage of a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlan {
    /// stage
    pub stage: Stage,
    /// how long it may take
    pub timeout: Sourced<Duration>,
}

impl Plan {
    /// The expansion of `profile` with `scenarios`, in their order.
    pub fn new(profile: &Profile, scenarios: &[Scenario]) -> Self {
        let passes = passes(profile);
        let plan = |scenario: &Scenario| {
            let listed = profile.scenarios.iter().find(|name| name.value == scenario.head.name);
            ScenarioPlan {
                scenario: scenario.clone(),
                place: listed.map_or(Place::Default, |name| name.place.clone()),
                passes: passes.clone(),
            }
        };
        let mut inputs = profile.inputs.clone();
        inputs.extend(scenarios.iter().map(|scenario| scenario.input.clone()));
        inputs.sort();
        Self {
            profile: profile.name.clone(),
            path: profile.path.clone(),
            phase: profile.phase.clone(),
            summary: profile.summary.clone(),
            environment: profile.environment.clone(),
            probe: profile.probe.clone(),
            machines: profile.machines.clone(),
            pins: profile.pins.clone(),
            scenarios: scenarios.iter().map(plan).collect(),
            inputs,
        }
    }

    /// Makes every stage's timeout `times` as long: for a machine that is so much slower.
    pub fn be_patient(&mut self, times: u32) {
        let passes = self.scenarios.iter_mut().flat_map(|scenario| &mut scenario.passes);
        for stage in passes.flat_map(|pass| &mut pass.stages) {
            stage.timeout.value *= times;
        }
    }

    /// Keeps the scenarios named, in the plan's order; the files of the others are inputs no more.
    ///
    /// # Errors
    /// Every name that is no scenario of this plan.
    pub fn only(mut self, names: &[impl AsRef<str>]) -> Result<Self, Diagnostics> {
        let mut sink = Sink::default();
        let known = || self.scenarios.iter().map(|plan| plan.scenario.head.name.as_str());
        for name in names.iter().map(AsRef::as_ref) {
            if !known().any(|other| other == name) {
                let message =
                    format!("unknown scenario `{name}` in profile `{}`, {}", self.profile, expected(known()));
                sink.push_hint(None, message, did_you_mean(name, known()));
            }
        }
        let wanted = |plan: &ScenarioPlan| names.iter().any(|name| name.as_ref() == plan.scenario.head.name);
        let (kept, dropped): (Vec<_>, Vec<_>) = self.scenarios.into_iter().partition(wanted);
        self.inputs.retain(|input| !dropped.iter().any(|plan| plan.scenario.input == *input));
        self.scenarios = kept;
        sink.finish(Some(self))
    }

    /// The plan as text: every value with the file and line that it came from.
    pub fn to_text(&self) -> String {
        plan_text::text(self)
    }

    /// SHA-256 of [`Plan::to_text`], hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(self.to_text().as_bytes())
    }
}

/// Loads a profile and all its scenarios.
///
/// # Errors
/// Every mistake in all the files.
pub fn load_plan(root: &(impl Files + ?Sized), profile: &str) -> Result<Plan, Diagnostics> {
    let profile = load_profile(root, profile)?;
    let mut sink = Sink::default();
    let mut scenarios = Vec::new();
    for name in &profile.scenarios {
        match load_scenario(root, name) {
            Ok(scenario) => scenarios.push(scenario),
            Err(mistakes) => sink.extend(mistakes),
        }
    }
    sink.finish(Some(Plan::new(&profile, &scenarios)))
}

/// One pass for all sensors that do not perturb, then one for each that does.
pub(crate) fn passes(profile: &Profile) -> Vec<PassPlan> {
    let mut sensors: Vec<_> = profile.sensors.iter().collect();
    sensors.sort_by_key(|sensor| lab_model::CATALOGUE.iter().position(|entry| entry.kind == sensor.value));
    let (alone, together): (Vec<_>, Vec<_>) = sensors.into_iter().partition(|sensor| sensor.entry().perturbs);
    let groups = std::iter::once(together).chain(alone.into_iter().map(|sensor| vec![sensor]));
    let instance = |sensor: &Sourced<SensorKind>| InstancePlan {
        instance: format!("{}@{}", sensor.value, profile.environment.value),
        sensor: sensor.value,
        place: sensor.place.clone(),
    };
    let stage = |stage: Stage| StagePlan {
        stage,
        timeout: profile.timeouts.get(&stage).cloned().unwrap_or(Sourced::default(stage.default_timeout())),
    };
    let pass = |(group, number): (Vec<&Sourced<SensorKind>>, u32)| PassPlan {
        pass: number,
        instances: group.into_iter().map(instance).collect(),
        stages: Stage::ALL.into_iter().map(stage).collect(),
    };
    groups.filter(|group| !group.is_empty()).zip(1..).map(pass).collect()
}
