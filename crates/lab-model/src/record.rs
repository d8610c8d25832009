//! The record of one scenario in one run, as the store keeps it and the judge reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Act, Cost, Counters, Detection, Event, FactNode, Family, Receipt, Refusal, SensorKind, Stamp, VerdictRow,
    Witness,
};

/// What a scenario is called and stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioHead {
    /// name, as its file is called
    pub name: String,
    /// one line for people
    pub summary: String,
    /// MITRE ATT&CK techniques
    pub attack: Vec<String>,
}

/// One stage of a pass: how long it took and what went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRecord {
    /// attach, deploy, exercise, settle, collect, cleanup
    pub stage: String,
    /// boot clock at its start
    pub began_ns: u64,
    /// how long it took
    pub took_ns: u64,
    /// the error that ended it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What one instance recorded in one pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// sensor and place, `probe@host`
    pub instance: String,
    /// sensor
    pub sensor: SensorKind,
    /// version as the sensor gave it
    pub version: String,
    /// SHA-256 of what it loads into the kernel, if it does
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// what it could not see
    pub refused: Vec<Refusal>,
    /// boot clock at which the start marker was seen; `None` if it never was
    pub start_marker_ns: Option<u64>,
    /// the same for the end marker
    pub end_marker_ns: Option<u64>,
    /// counters at its end; `None` if it was killed before
    pub counters: Option<Counters>,
    /// what its process used, where that is known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// why it ended early, if so
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// its events; on disk a file of their own
    #[serde(skip)]
    pub events: Vec<Event>,
}

/// One exercise of a scenario under one set of sensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRecord {
    /// number within the scenario, from 1
    pub pass: u32,
    /// the resident actor
    pub actor: Option<Stamp>,
    /// the subject's cgroup v2 id
    pub cgroup: Option<u64>,
    /// values of the scenario's variables in this pass (`work`, `sink`, ...): what masks are made from
    pub variables: BTreeMap<String, String>,
    /// stages in order
    pub stages: Vec<StageRecord>,
    /// acts with variables bound; on disk a file of their own, as are the two below
    #[serde(skip)]
    pub acts: Vec<Act>,
    /// receipts
    #[serde(skip)]
    pub receipts: Vec<Receipt>,
    /// witnesses
    #[serde(skip)]
    pub witnesses: Vec<Witness>,
    /// instances
    pub instances: Vec<InstanceRecord>,
}

/// A pass as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPass {
    /// number within the scenario, from 1
    pub pass: u32,
    /// sensors
    pub sensors: Vec<SensorKind>,
}

/// Everything recorded of one scenario in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// name and meaning
    pub head: ScenarioHead,
    /// the passes that were to be; one without a record did not happen
    pub planned: Vec<PlannedPass>,
    /// its passes
    pub passes: Vec<PassRecord>,
}

/// Whether an act is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// act
    pub act: u32,
    /// pass
    pub pass: u32,
    /// at least two families observed all that they had to
    pub proven: bool,
    /// the families that did
    pub families: Vec<Family>,
    /// what was missing, in sentences
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// What the judge makes of a scenario's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// name and meaning
    pub head: ScenarioHead,
    /// the acts, variables unbound where they differ by pass: those of the first pass
    pub acts: Vec<Act>,
    /// sensors of the run in the order of the catalogue
    pub sensors: Vec<SensorKind>,
    /// facts inside the interest of an act, over all passes and sensors
    pub tree: Vec<FactNode>,
    /// act x sensor
    pub verdicts: Vec<VerdictRow>,
    /// rules that fired, by title
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detections: Vec<Detection>,
    /// per act and pass
    pub proofs: Vec<Proof>,
    /// losses that touched no act but a closed interval, and other reasons to doubt, in sentences
    pub doubts: Vec<String>,
    /// steps that failed, in sentences
    pub troubles: Vec<String>,
}
