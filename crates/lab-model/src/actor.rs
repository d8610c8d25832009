//! What the lab and a resident actor say to each other: one JSON object a line, over the actor's stdio.

use serde::{Deserialize, Serialize};

use crate::{Act, Address, Receipt, Stamp};

/// To the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// Open `path` for reading (it does not exist): a mark that every sensor of files can see. Answered by `Marked`.
    Mark {
        /// path, with the marker's name in it
        path: String,
    },
    /// Perform an act (variables bound). Answered by `Listening` (kind `serve` only), then `Held`.
    Perform {
        /// the act
        act: Box<Act>,
        /// key for hashes of content, hexadecimal
        key: String,
    },
    /// Let the processes of the act end. Answered by `Done`.
    Release,
    /// End. Answered by the end of the stream.
    Stop,
}

/// From the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// First of all: who it is.
    Hello {
        /// the resident process
        stamp: Stamp,
        /// version of the binary
        version: String,
    },
    /// The mark is made.
    Marked {
        /// its path
        path: String,
    },
    /// The act waits for a connection.
    Listening {
        /// where
        address: Address,
    },
    /// The act is done as far as it goes; its processes are still alive and wait for `Release`, so that witnesses
    /// can look at them. (What has no process of ours, such as a shell command, has ended already.)
    Held {
        /// what was done until now
        receipt: Receipt,
    },
    /// The act's processes have ended.
    Done {
        /// the whole receipt, exits included
        receipt: Receipt,
    },
    /// The order could not be carried out.
    Failed {
        /// why: a lowercase fragment that reads well after "failed to"
        message: String,
    },
}
