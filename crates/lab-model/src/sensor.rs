//! What the catalogue says of a sensor: what it can know, is blind to, and costs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Action, CATALOGUE, Transport};

/// A kind of telemetry source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SensorKind {
    /// our eBPF
    Probe,
    /// Debian's strace
    Strace,
    /// the kernel's audit subsystem with its daemon
    Auditd,
    /// Debian's bpftrace with a script of ours
    Bpftrace,
    /// Debian's tcpdump
    Tcpdump,
    /// our poller of `/proc`
    Proc,
}

impl SensorKind {
    /// Its entry in the catalogue.
    pub fn entry(self) -> &'static SensorEntry {
        match self {
            Self::Probe => &CATALOGUE[0],
            Self::Strace => &CATALOGUE[1],
            Self::Auditd => &CATALOGUE[2],
            Self::Bpftrace => &CATALOGUE[3],
            Self::Tcpdump => &CATALOGUE[4],
            Self::Proc => &CATALOGUE[5],
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        self.entry().word
    }
}

impl fmt::Display for SensorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A word that is no sensor's.
#[derive(Debug, thiserror::Error)]
#[error("unknown sensor `{0}`")]
pub struct UnknownSensor(String);

impl FromStr for SensorKind {
    type Err = UnknownSensor;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let entry = CATALOGUE.iter().find(|entry| entry.word == word);
        entry.map(|entry| entry.kind).ok_or_else(|| UnknownSensor(word.to_owned()))
    }
}

/// A field of an event that a sensor may or may not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the payloads' field names")]
pub enum Field {
    Path,
    Argv,
    Exe,
    Flags,
    Directory,
    From,
    To,
    Address,
    Peer,
    Call,
    Requested,
    Before,
    After,
    Mode,
    Owner,
    Group,
    Length,
    Device,
    Backlog,
    Questions,
    Request,
    Target,
    Effective,
    Permitted,
    Inheritable,
    Name,
    Operation,
    Persona,
    Type,
    Unmount,
    Parameters,
    Command,
    Offset,
    File,
    Protection,
    Child,
    Code,
    Signal,
    Result,
    /// ids of the process that acted
    Ids,
    /// start of the process, to the clock tick
    Start,
    /// parent of the process
    Parent,
}

/// What a sensor knows of one action.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge {
    /// action
    pub action: Action,
    /// fields; the process itself (its pid) is always one, if the sensor knows processes at all
    pub fields: &'static [Field],
    /// of such calls it sees those of this transport alone; `None`: all
    pub only: Option<Transport>,
}

/// How exact a sensor's account of its losses is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossExactness {
    /// counted, with the interval
    Ranges,
    /// a total for the run
    Total,
    /// nobody knows
    Unknown,
}

/// One sensor in the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct SensorEntry {
    /// kind
    pub kind: SensorKind,
    /// word in profiles
    pub word: &'static str,
    /// one line for people
    pub about: &'static str,
    /// it changes what it observes (timing, signals): it gets a pass of its own
    pub perturbs: bool,
    /// it knows which process acted; of one that does not, events are brought to calls by object and time
    pub process: bool,
    /// account of losses
    pub loss: LossExactness,
    /// what it knows; an action that is not here it is blind to
    pub knows: &'static [Knowledge],
    /// what it is blind to and why, for people
    pub blind: &'static [(&'static str, &'static str)],
}

#[cfg(test)]
mod tests {
    use super::SensorKind;
    use crate::CATALOGUE;

    #[test]
    fn each_entry_is_found_by_its_kind_and_word() {
        for entry in CATALOGUE {
            assert_eq!(entry.kind.entry().word, entry.word);
            assert_eq!(entry.word.parse::<SensorKind>().unwrap(), entry.kind);
        }
    }
}
