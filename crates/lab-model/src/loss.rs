//! What a sensor lost: how many events, when, and why.

use serde::{Deserialize, Serialize};

use crate::Action;

/// Why events were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossCause {
    /// no room in the ring buffer
    ReserveFailed,
    /// no room to keep a call's arguments until it returns
    StateFull,
    /// a call returned whose start was not seen
    ExitWithoutEnter,
    /// a call began whose end was not seen, though its thread went on
    EnterWithoutExit,
    /// the program was already running on this CPU
    Recursion,
    /// the sensor ended before it was told to
    Killed,
    /// a gap in sequence numbers that no counter explains
    Gap,
    /// a record that could not be read
    Unreadable,
    /// the record could not be written
    WriteFailed,
    /// no room in a queue between the kernel and the record
    QueueFull,
    /// the sensor held back because there was too much
    Throttled,
}

/// Events that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// how many; `None` if nobody can know
    pub count: Option<u64>,
    /// earliest moment on the boot clock
    pub first_ns: u64,
    /// latest moment; `None` is without bound
    pub last_ns: Option<u64>,
    /// CPU, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// cause
    pub cause: LossCause,
    /// the only action it can have touched, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Action>,
}
