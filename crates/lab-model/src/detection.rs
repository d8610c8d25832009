//! A rule's hit: which rule fired, on which acts, and the events that made it fire.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Seq;

/// What one rule fired on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// whose rule: `sigma`, or a sensor's word
    pub source: String,
    /// the rule's id
    pub rule: String,
    /// its title
    pub title: String,
    /// its tags, as it has them (`attack.t1059.004`)
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// what it fired on, by pass, act and instance
    pub hits: Vec<Hit>,
}

/// The events of one instance, in one pass, on which a rule fired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hit {
    /// pass
    pub pass: u32,
    /// the act whose processes the events are of; `None` for processes of no act
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<u32>,
    /// instance
    pub instance: String,
    /// its events
    pub events: Vec<Seq>,
}

impl Detection {
    /// The acts on which the rule fired.
    pub fn acts(&self) -> BTreeSet<u32> {
        self.hits.iter().filter_map(|hit| hit.act).collect()
    }
}
