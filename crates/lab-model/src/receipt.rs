//! What the actor says it did.

use serde::{Deserialize, Serialize};

use crate::{Payload, Stamp};

/// One call of an act, as the process that made it saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// who made it (for an exec that succeeded: the new image)
    pub process: Stamp,
    /// boot clock just before, in nanoseconds
    pub began_ns: u64,
    /// boot clock just after
    pub ended_ns: u64,
    /// what was done and how it ended: the very type that sensors report
    pub payload: Payload,
    /// keyed hash (HMAC-SHA-256, hexadecimal) of the content read, written, sent or received, where there is one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The actor's account of one act, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// the act
    pub act: u32,
    /// boot clock when the order was taken
    pub began_ns: u64,
    /// boot clock when the last process had ended
    pub ended_ns: u64,
    /// every call that belongs to the act: forks, execs, the calls of the kind itself, exits
    pub steps: Vec<Step>,
    /// index in `steps` of the call whose result the scenario's expectation is about
    pub principal: Option<usize>,
    /// why it could not be performed, if so
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
