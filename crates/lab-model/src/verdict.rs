//! What is said of an act and a sensor, and of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{SensorKind, Seq};

/// Per act and sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// every field that the sensor can know equals the receipt's
    Seen,
    /// a field differs
    Wrong,
    /// not seen, and nothing was lost
    Missed,
    /// a loss could have touched it
    Lost,
    /// seen after the end marker's deadline
    Late,
    /// the sensor cannot see such acts, and says so in the catalogue
    Blind,
    /// the kernel or the tool would not attach it
    Refused,
    /// the sensor was not deployed
    Absent,
    /// from a recorded stream
    Replayed,
}

impl Verdict {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Wrong => "wrong",
            Self::Missed => "missed",
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Blind => "blind",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Replayed => "replayed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRow {
    /// scenario
    pub scenario: String,
    /// act
    pub act: u32,
    /// sensor
    pub sensor: SensorKind,
    /// verdict
    pub verdict: Verdict,
    /// why, in sentences a person understands; empty for a plain `seen`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// the events it rests on
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Seq>,
}

/// How a whole run ended; the highest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// as the goldens say
    Pass,
    /// something differs from a golden, or there is none yet
    Drift,
    /// an act unproven, or a loss that could have touched something
    Inconclusive,
    /// a step failed
    Trouble,
}

impl RunOutcome {
    /// Exit code of `lab run`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Drift => 1,
            Self::Trouble => 2,
            Self::Inconclusive => 3,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Drift => "drift",
            Self::Inconclusive => "inconclusive",
            Self::Trouble => "trouble",
        }
    }
}
