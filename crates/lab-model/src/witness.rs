//! Evidence of an act that shares nothing with any sensor.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where evidence comes from; an act is proven by at least two of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// the actor's own account
    Receipt,
    /// somebody else saw the effect
    Outside,
    /// the kernel, by a road that no sensor uses
    Kernel,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receipt => "receipt",
            Self::Outside => "outside",
            Self::Kernel => "kernel",
        })
    }
}

/// One witness's word on one act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// the act
    pub act: u32,
    /// family
    pub family: Family,
    /// by which road: `receipt`, `sink`, `canary`, `fanotify`, `proc`, ...
    pub road: String,
    /// what had to be observed of the object
    pub claim: String,
    /// it was
    pub observed: bool,
    /// it was not, and not because nobody could look: something else was seen, or nothing where something must have been
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contradicted: bool,
    /// what was seen instead, or the evidence in short
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
