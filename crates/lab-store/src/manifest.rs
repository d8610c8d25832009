//! What a bundle says of itself.

use std::collections::BTreeMap;

use lab_model::{Counters, PlannedPass, ScenarioHead, StageRecord, VmNote};
use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes, and the only one that it reads.
pub const FORMAT: u32 = 3;

/// A scenario of a run and its passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioEntry {
    /// name and meaning
    pub head: ScenarioHead,
    /// passes that were to be
    pub planned: Vec<PlannedPass>,
    /// numbers of the passes that were, from 1
    pub passes: Vec<u32>,
}

/// `manifest.json`: by what, where, when and from what a run was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// version of the bundle's format, [`FORMAT`]
    pub format: u32,
    /// version of Sightline
    pub tool: String,
    /// profile
    pub profile: String,
    /// the run's id
    pub id: String,
    /// when the bundle was begun: RFC 3339, UTC
    pub created: String,
    /// the kernel's release, as `uname -r` gives it
    pub kernel: String,
    /// the machine, as `uname -m` gives it
    pub machine: String,
    /// where the subjects ran: `host`
    #[serde(default)]
    pub environment: String,
    /// `ID-VERSION_ID` of /etc/os-release there; empty if it does not say
    #[serde(default)]
    pub distribution: String,
    /// the kernel's boot id: process keys are unique inside one
    pub boot_id: String,
    /// SHA-256 of every input file, by the path under which it was read
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 of the printed plan
    pub plan: String,
    /// scenarios in the order of the profile
    pub scenarios: Vec<ScenarioEntry>,
    /// version of each instance, as it gave it
    pub sensors: BTreeMap<String, String>,
    /// last counters of each instance, by `scenario/pass-N/instance`; an instance that was killed has none
    #[serde(default)]
    pub counters: BTreeMap<String, Counters>,
    /// stages of the run as a whole, with the errors that ended them; those of a pass stand in the pass
    pub stages: Vec<StageRecord>,
    /// the run was ended from outside before its time
    #[serde(default)]
    pub interrupted: bool,
    /// the virtual machine that it was made in
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<VmNote>,
}
