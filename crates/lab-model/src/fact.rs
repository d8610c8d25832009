//! What happened, once, whoever saw it.
//!
//! A tree may have a million facts: what most of them have none or one of takes no memory of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use crate::{Freedom, Ids, ObjectClass, Payload, Seq};

/// The events by which one instance saw a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// instance
    pub instance: Arc<str>,
    /// its events
    pub events: SmallVec<[Seq; 1]>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// action, object, result: the union of what the sensors know
    pub payload: Payload,
    /// ids of the process then, where a sensor knows
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
    /// acts that anchor here
    pub acts: ThinVec<u32>,
    /// class under which `count` facts like this are folded
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<ObjectClass>,
    /// how many (1 unless folded, or at most so many are one)
    pub count: u32,
    /// what the scenario leaves free about it
    #[serde(default, skip_serializing_if = "Freedom::is_none")]
    pub free: Freedom,
    /// who saw it
    pub sightings: SmallVec<[Sighting; 1]>,
    /// instances that were there, should have seen it and did not
    #[serde(default, skip_serializing_if = "ThinVec::is_empty")]
    pub unseen_by: ThinVec<Arc<str>>,
}

/// A fact with what happened under it. Children stand below an `exec` (its image's doings) or a `fork` (the doings of
/// a child that has not executed anything yet).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactNode {
    /// the fact
    pub fact: Fact,
    /// in the order in which they happened
    #[serde(default, skip_serializing_if = "ThinVec::is_empty")]
    pub children: ThinVec<FactNode>,
}
