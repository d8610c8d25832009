//! What the poller says, one JSON object a line. A process is told with the interval in which it changed.

use lab_model::{Ids, Text};
use serde::Serialize;

use crate::process::{Image, Seen};

/// One line. Moments are nanoseconds of the boot clock: `from`, it was not so yet; `to`, it was so.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub(crate) enum Line<'a> {
    /// the first round is over: who was there was told, and whatever lives through an interval from now on will be
    Ready {
        interval_ns: u64,
    },
    /// a process that was not there in the round before; without `from` it was there before the first one
    New {
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
        to: u64,
        process: &'a Seen,
        /// what its parent executes, if that one is not in the cgroup
        #[serde(skip_serializing_if = "Option::is_none")]
        parent_image: Option<Image>,
    },
    /// it executes something else than in the round before
    Exec {
        from: u64,
        to: u64,
        process: &'a Seen,
    },
    /// its ids are others
    Ids {
        from: u64,
        to: u64,
        before: Ids,
        process: &'a Seen,
    },
    /// it is not there any more
    Gone {
        from: u64,
        to: u64,
        pid: u32,
        start: u64,
    },
    /// a process that was not there before went before it was read
    Unread {
        from: u64,
        to: u64,
        pid: u32,
    },
    /// a whole round lies behind this mark; it began at `ns`
    Mark {
        name: &'a Text,
        ns: u64,
    },
    End {
        rounds: u64,
        median_ns: u64,
        longest_ns: u64,
        unread: u64,
    },
}
