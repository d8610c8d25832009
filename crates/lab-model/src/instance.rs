//! What an instance says of itself while it runs: ready, markers, counters, done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Action, LossCause};

/// An action that the kernel or the tool would not let a sensor see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// action
    pub action: Action,
    /// reason as given
    pub reason: String,
}

/// What one program (or stream) made, and where it went: `produced = received + filtered + in_flight + lost`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// counted first, before any branch
    pub produced: u64,
    /// arrived in the spool
    pub received: u64,
    /// out of scope
    pub filtered: u64,
    /// calls that had begun and not returned when the sensor ended
    #[serde(default)]
    pub in_flight: u64,
    /// lost, by cause
    #[serde(default)]
    pub lost: BTreeMap<LossCause, u64>,
}

impl Balance {
    /// Sum of the losses.
    pub fn lost_total(&self) -> u64 {
        self.lost.values().sum()
    }

    /// True if nothing is unaccounted for.
    pub fn holds(&self) -> bool {
        self.produced == self.received + self.filtered + self.in_flight + self.lost_total()
    }
}

/// What an instance's process used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// processor time until its start marker, of its first thread
    pub start_ns: u64,
    /// processor time from its start to its end, user and system
    pub cpu_ns: u64,
    /// the most memory that was resident at a marker
    pub resident_bytes: u64,
}

/// Counters at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// by program or stream
    pub programs: BTreeMap<String, Balance>,
    /// secrets masked before anything was written
    #[serde(default)]
    pub redacted: u64,
}

impl Counters {
    /// Sum of all losses.
    pub fn lost_total(&self) -> u64 {
        self.programs.values().map(Balance::lost_total).sum()
    }
}

/// One line of an instance's standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum Report {
    /// attached: whatever happens from now on is recorded
    Ready {
        /// version of the sensor, and of what it loads
        version: String,
        /// SHA-256 of what it has loaded into the kernel
        #[serde(default)]
        object: Option<String>,
        /// what it cannot see here
        refused: Vec<Refusal>,
    },
    /// it looks out for a marker: what is done from now on will not be overlooked
    Watching {
        /// its name
        name: String,
    },
    /// a marker act was seen
    Marker {
        /// its name
        name: String,
        /// boot clock of the event
        ns: u64,
    },
    /// last counters
    Counters {
        /// the counters
        counters: Counters,
    },
    /// all is written
    Done,
    /// it could not go on
    Failed {
        /// why: a lowercase fragment
        message: String,
    },
}
