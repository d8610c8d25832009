//! The plan for a program of the person's own: one scenario that no file holds, with one act that is observed.

use std::time::Duration;

use lab_model::{Act, ActKind, Expectation, Origin, Role, ScenarioHead, SensorKind};

use crate::{
    act::default_interest,
    diagnostic::{Diagnostics, Sink},
    files::{Files, Input, sha256},
    place::{Place, Sourced},
    plan::{PassPlan, Plan, ScenarioPlan, passes},
    profile::load_profile,
    scenario::{Places, Scenario, list_scenarios},
    stage::Stage,
    suggest::{did_you_mean, expected},
};

/// How long a program may take where nobody says: as good as without end.
const WITHOUT_END: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a person wants to have observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observe {
    /// what its record and its golden are called
    pub name: String,
    /// file that is executed
    pub program: String,
    /// its arguments, the zeroth included
    pub argv: Vec<String>,
    /// folder in which it is started
    pub directory: String,
    /// how long it may take, if not as long as it likes
    pub timeout: Option<Duration>,
    /// only these sensors of the profile; none: those that `all_passes` says
    pub sensors: Vec<SensorKind>,
    /// also the sensors that perturb: the program is run once more for each of them
    pub all_passes: bool,
}

/// A name for the record of a program: its file's, in the letters that names have. `None` if none of it can stay.
pub fn observed_name(program: &str) -> Option<String> {
    let file = program.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words: Vec<&str> = file.split(|c| !plain(c)).filter(|word| !word.is_empty()).collect();
    Some(words.join("-")).filter(|name| !name.is_empty())
}

/// The plan that observes it under the sensors of a profile.
///
/// # Errors
/// Every mistake in the profile's files, a name that cannot be had, a sensor that the profile does not have.
pub fn observe_plan(
    root: &(impl Files + ?Sized),
    profile: &str,
    observe: &Observe,
) -> Result<Plan, Diagnostics> {
    let profile = load_profile(root, profile)?;
    let mut sink = Sink::default();
    match list_scenarios(root) {
        Ok(scenarios) => check_name(&observe.name, &scenarios, &mut sink),
        Err(mistakes) => sink.extend(mistakes),
    }
    let known: Vec<SensorKind> = profile.sensors.iter().map(|sensor| sensor.value).collect();
    for sensor in observe.sensors.iter().filter(|sensor| !known.contains(sensor)) {
        let words = || known.iter().map(|sensor| sensor.word());
        let message = format!(
            "the profile `{}` does not have the sensor `{sensor}`, {}",
            profile.name,
            expected(words())
        );
        sink.push_hint(None, message, did_you_mean(sensor.word(), words()));
    }
    let passes = wanted(passes(&profile), observe);
    if passes.is_empty() {
        let message = format!("each sensor of the profile `{}` perturbs what it observes", profile.name);
        sink.push_hint(None, message, Some("observe under them all the same with --all-passes".to_owned()));
    }
    let input = Input { path: "the command line".into(), sha256: sha256(observe.argv.join("\0").as_bytes()) };
    let mut plan = Plan::new(&profile, &[]);
    plan.inputs.push(input.clone());
    plan.inputs.sort();
    plan.scenarios = vec![ScenarioPlan { scenario: scenario(observe, input), place: Place::Default, passes }];
    sink.finish(Some(plan))
}

fn check_name(name: &str, scenarios: &[String], sink: &mut Sink) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 60 || name.starts_with('-') || !name.chars().all(plain) {
        let message = format!("{name:?} is no name, expected up to 60 of `a-z`, `0-9` and `-`");
        sink.push_hint(None, message, Some("give it one with --name".to_owned()));
    } else if scenarios.iter().any(|scenario| scenario == name) {
        let message = format!("`{name}` is a scenario's name, and its golden is that scenario's");
        sink.push_hint(None, message, Some("give it another with --name".to_owned()));
    }
}

/// The passes with the wanted sensors alone, numbered anew, with as much time as the program may take.
fn wanted(passes: Vec<PassPlan>, observe: &Observe) -> Vec<PassPlan> {
    let wants = |sensor: SensorKind| match observe.sensors.as_slice() {
        [] => observe.all_passes || !sensor.entry().perturbs,
        listed => listed.contains(&sensor),
    };
    let keep = |mut pass: PassPlan| {
        pass.instances.retain(|instance| wants(instance.sensor));
        for stage in pass.stages.iter_mut().filter(|stage| stage.stage == Stage::Exercise) {
            stage.timeout = Sourced::default(observe.timeout.unwrap_or(WITHOUT_END));
        }
        pass
    };
    let kept = passes.into_iter().map(keep).filter(|pass| !pass.instances.is_empty());
    kept.zip(1..).map(|(pass, number)| PassPlan { pass: number, ..pass }).collect()
}

fn scenario(observe: &Observe, input: Input) -> Scenario {
    let Observe { name, program, argv, directory, .. } = observe;
    let act = Act {
        id: 1,
        role: Role::Act,
        origin: Origin::Observed,
        kind: ActKind::Observe { program: program.clone(), argv: argv.clone(), directory: directory.clone() },
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest: default_interest(),
        nonce: String::new(),
    };
    let head = ScenarioHead {
        name: name.clone(),
        summary: format!("Observed: {}", argv.join(" ").replace(char::is_control, " ")),
        attack: Vec::new(),
    };
    Scenario {
        head,
        files: Vec::new(),
        images: Vec::new(),
        acts: vec![act],
        input,
        places: Places::default(),
    }
}
