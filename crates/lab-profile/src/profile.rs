//! A profile: one lab, resolved from its file and what that inherits.

use std::{collections::BTreeMap, fmt, time::Duration};

use lab_model::{CATALOGUE, SensorKind};

use crate::{
    diagnostic::{Diagnostics, Sink},
    fields::{Fields, integer, no_repeats, string, strings, table, word},
    files::{Files, Input, toml_names},
    inherit::{self, Merged},
    machines::{self, Machines},
    pins::{self, PINS},
    place::{Location, Place, Sourced},
    probe::{ProbeSettings, probe},
    stage::Stage,
    suggest::{did_you_mean, expected},
    timeout,
};

/// Where subjects run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvironmentKind {
    /// on this machine, in a cgroup
    Host,
    /// in a virtual machine for each kernel that the profile names
    Vm,
}

const ENVIRONMENTS: &[(&str, EnvironmentKind)] =
    &[("host", EnvironmentKind::Host), ("vm", EnvironmentKind::Vm)];

impl fmt::Display for EnvironmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Host => "host",
            Self::Vm => "vm",
        })
    }
}

/// One lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// its file's name without number and ending
    pub name: String,
    /// its file, below the project's root
    pub path: String,
    /// its place in the blueprint
    pub phase: Sourced<u32>,
    /// one line for people
    pub summary: Sourced<String>,
    /// where subjects run
    pub environment: Sourced<EnvironmentKind>,
    /// sensors, as listed
    pub sensors: Vec<Sourced<SensorKind>>,
    /// names of scenarios, as listed; each has a file
    pub scenarios: Vec<Sourced<String>>,
    /// how long each stage may take
    pub timeouts: BTreeMap<Stage, Sourced<Duration>>,
    /// the probe's settings
    pub probe: ProbeSettings,
    /// the set of pins that it uses
    pub pins: Option<Sourced<String>>,
    /// the virtual machines, if that is the environment
    pub machines: Option<Machines>,
    /// every file that was read, by path
    pub inputs: Vec<Input>,
}

/// A profile's place among the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileName {
    /// `host` of `01-host.toml`
    pub name: String,
    /// 1 of `01-host.toml`
    pub phase: u32,
    /// `profiles/01-host.toml`
    pub path: String,
}

/// All profiles, by file name.
///
/// # Errors
/// The folder cannot be listed, or a file in it is not called `NN-name.toml`.
pub fn list_profiles(root: &(impl Files + ?Sized)) -> Result<Vec<ProfileName>, Diagnostics> {
    let mut sink = Sink::default();
    let profiles = profile_names(root, &mut sink);
    sink.finish(Some(profiles))
}

fn profile_names(root: &(impl Files + ?Sized), sink: &mut Sink) -> Vec<ProfileName> {
    let mut profiles = Vec::new();
    for stem in toml_names(root, "profiles", sink) {
        let path = format!("profiles/{stem}.toml");
        let parts = stem.split_once('-').filter(|(number, name)| number.len() == 2 && !name.is_empty());
        match parts.and_then(|(number, name)| Some((number.parse().ok()?, name))) {
            Some((phase, name)) => profiles.push(ProfileName { name: name.to_owned(), phase, path }),
            None => sink.push(Location::file(&path), "no profile's file name, expected `NN-name.toml`"),
        }
    }
    profiles
}

/// Loads a profile by name (`host`), phase (`1`) or both (`01-host`).
///
/// # Errors
/// Every mistake in the profile and in what it inherits.
pub fn load_profile(root: &(impl Files + ?Sized), wanted: &str) -> Result<Profile, Diagnostics> {
    let mut sink = Sink::default();
    let profile = find(root, wanted, &mut sink).and_then(|found| {
        let merged = inherit::load(root, &found.path, &mut sink)?;
        read(root, found, merged, &mut sink)
    });
    sink.finish(profile)
}

fn find(root: &(impl Files + ?Sized), wanted: &str, sink: &mut Sink) -> Option<ProfileName> {
    let profiles = profile_names(root, sink);
    let phase: Option<u32> = wanted.parse().ok();
    let stem = |profile: &ProfileName| format!("{:02}-{}", profile.phase, profile.name);
    let fits = |profile: &&ProfileName| {
        Some(profile.phase) == phase || profile.name == wanted || stem(profile) == wanted
    };
    match profiles.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [one] => Some((*one).clone()),
        [] => {
            let names = || profiles.iter().map(|profile| profile.name.as_str());
            let message = format!("unknown profile `{wanted}`, {}", expected(names()));
            sink.push_hint(None, message, did_you_mean(wanted, names()));
            None
        }
        several => {
            let stems: Vec<_> = several.iter().map(|profile| stem(profile)).collect();
            let message =
                format!("`{wanted}` stands for several profiles, {}", expected(stems.iter().map(|s| &**s)));
            sink.push(None, message);
            None
        }
    }
}

const KEYS: &[&str] = &[
    "phase",
    "summary",
    "inherit",
    "environment",
    "pins",
    "sensors",
    "scenarios",
    "timeouts",
    "probe",
    "vm",
];

fn read(
    root: &(impl Files + ?Sized),
    found: ProfileName,
    merged: Merged,
    sink: &mut Sink,
) -> Option<Profile> {
    let ProfileName { name, phase: number, path } = found;
    let whole = Location::file(&path);
    let fields = Fields::new(&merged.table, "a profile", &whole, KEYS, sink).whole(merged.whole);

    let phase = fields.required("phase", sink, |node, key, sink| integer(node, key, 1..=99, sink));
    if let Some(Sourced { value, place: Place::Written(at) }) = &phase
        && *value != number
    {
        sink.push(
            at.clone(),
            format!("`phase` is {value}, expected {number} as in the file's name `{path}`"),
        );
    }
    let summary = fields.required("summary", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        one_line(text, &node.at, key, sink)
    });
    let environment = fields.required("environment", sink, |node, key, sink| {
        word(string(node, key, sink)?, &node.at, "environment", ENVIRONMENTS, sink)
    });
    let sensors = fields.required("sensors", sink, |node, key, sink| {
        let words: Vec<_> = CATALOGUE.iter().map(|entry| (entry.word, entry.kind)).collect();
        let sensors = not_empty(strings(node, key, sink)?, key, &node.at, sink)?;
        no_repeats(sensors.iter().copied(), "sensor", sink);
        let sensor = |(text, at): (&str, &Location)| {
            Some(Sourced {
                value: word(text, at, "sensor", &words, sink)?,
                place: Place::Written(at.clone()),
            })
        };
        Some(sensors.into_iter().filter_map(sensor).collect::<Vec<_>>())
    });
    let scenarios = fields.required("scenarios", sink, |node, key, sink| {
        let known = toml_names(root, "scenarios", sink);
        let known: Vec<_> = known.iter().map(|name| (name.as_str(), ())).collect();
        let scenarios = not_empty(strings(node, key, sink)?, key, &node.at, sink)?;
        no_repeats(scenarios.iter().copied(), "scenario", sink);
        let scenario = |(text, at): (&str, &Location)| {
            word(text, at, "scenario", &known, sink)?;
            Some(Sourced { value: text.to_owned(), place: Place::Written(at.clone()) })
        };
        Some(scenarios.into_iter().filter_map(scenario).collect::<Vec<_>>())
    });
    let timeouts = timeouts(&fields, sink);
    let probe = probe(&fields, sink);
    let machines = machines::machines(&fields, environment.as_ref(), &whole, sink);
    let mut inputs = merged.inputs;
    let pins = fields.optional("pins", sink, |node, key, sink| {
        let set = string(node, key, sink)?;
        let pins = pins::load(root, Some(&node.at), sink)?;
        let known: Vec<_> = pins.sets.keys().map(|name| (name.as_str(), ())).collect();
        word(set, &node.at, "set of pins", &known, sink)?;
        inputs.push(Input { path: PINS.into(), sha256: pins.sha256.clone() });
        Some(set.to_owned())
    });
    inputs.sort();
    Some(Profile {
        name,
        path,
        phase: phase?,
        summary: summary?,
        environment: environment?,
        sensors: sensors?.value,
        scenarios: scenarios?.value,
        timeouts,
        probe,
        machines,
        pins,
        inputs,
    })
}

/// The items of a list, of which there must be one.
pub(crate) fn not_empty<'t>(
    list: Vec<(&'t str, &'t Location)>,
    key: &str,
    at: &Location,
    sink: &mut Sink,
) -> Option<Vec<(&'t str, &'t Location)>> {
    if list.is_empty() {
        sink.push(at.clone(), format!("`{key}` is empty, expected at least one"));
        return None;
    }
    Some(list)
}

/// A text of one line that says something.
pub(crate) fn one_line(text: &str, at: &Location, key: &str, sink: &mut Sink) -> Option<String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        sink.push(at.clone(), format!("`{key}` is {text:?}, expected one line of text"));
        return None;
    }
    Some(text.to_owned())
}

fn timeouts(fields: &Fields<'_>, sink: &mut Sink) -> BTreeMap<Stage, Sourced<Duration>> {
    let default = |stage: Stage| (stage, Sourced::default(stage.default_timeout()));
    let mut timeouts: BTreeMap<_, _> = Stage::ALL.into_iter().map(default).collect();
    let Some(entry) = fields.get("timeouts") else { return timeouts };
    let Some(table) = table(&entry.node, "timeouts", sink) else { return timeouts };
    let words = Stage::ALL.map(Stage::word);
    let fields = Fields::new(table, "`timeouts`", &entry.key_at, &words, sink);
    for stage in Stage::ALL {
        let read = fields.optional(stage.word(), sink, |node, key, sink| {
            let text = string(node, key, sink)?;
            let length = timeout::parse(text);
            if length.is_none() {
                let message =
                    format!("timeout `{key}` is {text:?}, expected a length such as `500ms`, `5s` or `2m`, at most an hour");
                sink.push(node.at.clone(), message);
            }
            length
        });
        timeouts.extend(read.map(|length| (stage, length)));
    }
    timeouts
}
