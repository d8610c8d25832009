//! What other tools report that is no system call: packets, names, API requests, alerts, their own messages.

use serde::{Deserialize, Serialize};

use crate::{Address, Text};

/// What carries a flow's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the protocols' own")]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
    Icmp,
    Icmpv6,
    Other,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: &'static [Self] =
        &[Self::Tcp, Self::Udp, Self::Sctp, Self::Icmp, Self::Icmpv6, Self::Other];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::Icmp => "icmp",
            Self::Icmpv6 => "icmpv6",
            Self::Other => "other",
        }
    }
}

/// Bytes went, or were to go, from one address to another; a protocol without ports has port 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// what carries them
    pub protocol: Protocol,
    /// who sent
    pub source: Address,
    /// to whom
    pub destination: Address,
    /// they were not let through
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// A name was asked for, or an answer came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// the name in question, without its last dot
    pub name: Text,
    /// types of record in question (`A`, `AAAA`)
    pub kinds: Vec<Text>,
    /// the answer's code, 0 for success; `None` is the question itself
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<u16>,
}

/// A server was asked to do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// verb as the server has it (`create`, `get`)
    pub verb: Text,
    /// what it is about, as asked
    pub uri: Text,
    /// who asked
    pub user: Text,
    /// status of the response, if there was one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// A rule of the sensor's own fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// its name
    pub rule: Text,
    /// how grave, in the sensor's words; empty if it does not say
    pub priority: Text,
}

/// A record that stands for none of the other actions: what the sensor, or a program through it, had to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// the sensor's word for records of this kind
    pub kind: Text,
}
