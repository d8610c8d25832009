//! What the lab and a resident actor say to each other: one JSON object a line, over the actor's stdio.

use serde::{Deserialize, Serialize};

use crate::{Act, Address, Receipt, Stamp, Text};

/// To the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// Open `path` for reading (it does not exist): a mark that every sensor of files can see. Answered by `Marked`.
    Mark {
        /// path, with the marker's name in it
        path: String,
        /// to ask as well, for sensors that see packets alone
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Question>,
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
    /// Start a program of the person's own and wait for its end. Answered by `Done`.
    Launch {
        /// what and how
        launch: Box<Launch>,
    },
    /// Send a signal to the program that was started, if it still runs. Not answered.
    Signal {
        /// its number
        number: i32,
    },
    /// End. Answered by the end of the stream.
    Stop,
}

/// A question to the lab's resolver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `IP:PORT`
    pub resolver: String,
    /// the name whose A record is asked for
    pub name: String,
}

/// A program of the person's own.
///
/// Its standard streams and its cgroup are the resident actor's to pass on: it finds them as the descriptors named by
/// [`LAUNCH_VARIABLE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// the act, of kind `observe`
    pub act: Act,
    /// its environment, `NAME=VALUE` each
    pub environment: Vec<Text>,
    /// as whom; `None`: as who the actor is
    pub user: Option<Login>,
    /// process group that it joins, so that the terminal's keys reach it
    pub group: i32,
}

/// The resident actor's environment variable with four descriptors, `IN,OUT,ERR,PROCS`: the standard streams of the
/// program that is started, and the file by which it enters its cgroup.
pub const LAUNCH_VARIABLE: &str = "SIGHTLINE_LAUNCH";

/// As whom a program runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// user
    pub uid: u32,
    /// first group
    pub gid: u32,
    /// all groups
    pub groups: Vec<u32>,
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
