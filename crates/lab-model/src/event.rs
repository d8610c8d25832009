//! One normalised record from one instance.

use serde::{Deserialize, Serialize};

use crate::{Payload, ProcessRef};

/// Where an event's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// the kernel's boot clock, read in the event
    Kernel,
    /// the sensor's wall clock, moved to the boot clock
    SensorWall,
    /// the moment it was received
    Received,
}

/// When, on the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// nanoseconds since boot, at the end of the call
    pub ns: u64,
    /// the same at its start, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_ns: Option<u64>,
    /// bound of the error in nanoseconds
    pub error_ns: u64,
    /// source
    pub source: TimeSource,
}

/// Place in an instance's stream: without gaps from 0 in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seq {
    /// stream (a CPU for the probe, 0 for a single file)
    pub stream: u32,
    /// number in it
    pub n: u64,
}

/// Links to other records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refs {
    /// nonce of the act whose trace it carries
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// One normalised record. In a bundle one row of `events/<instance>.parquet` (docs/bundle.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// sensor and place, `probe@host`
    pub instance: String,
    /// place in its stream
    pub seq: Seq,
    /// when
    pub time: Time,
    /// the subject it belongs to, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// who
    pub image: ProcessRef,
    /// what
    pub payload: Payload,
    /// links
    #[serde(default)]
    pub refs: Refs,
    /// fields of a foreign record that have no place here
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub raw: serde_json::Map<String, serde_json::Value>,
}
