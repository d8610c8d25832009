//! What happened: the closed list of actions, each with its object and result.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Address, Alert, Bpf, Capability, Chmod, Chown, Dns, Errno, Executable, FileId, Flow, HardLink, Ids,
    IoUring, Keyctl, Listen, Loss, Memfd, Message, Mkdir, Mknod, Module, Mount, Namespace, OpenFlags, Opened,
    Personality, ProcessVm, Ptrace, Read, Request, Seccomp, Send, SetIdCall, Signal, Symlink, Text, Truncate,
    Write,
    argument::{Part, Value},
};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It returned this.
    Ok(i64),
    /// It failed.
    Errno(Errno),
}

impl Outcome {
    /// From a system call's return value, where -4095..-1 is an error.
    pub fn from_ret(ret: i64) -> Self {
        match ret {
            -4095..=-1 => Self::Errno(Errno(-(ret as i32))),
            ret => Self::Ok(ret),
        }
    }

    /// The same success or the same error; descriptor numbers and pids do not count.
    pub fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Ok(_), Self::Ok(_)) => true,
            (Self::Errno(a), Self::Errno(b)) => a == b,
            _ => false,
        }
    }
}

/// A new image was, or was to be, executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// path as the caller gave it
    pub path: Text,
    /// arguments; absent if unknown
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<Text>>,
    /// the arguments were longer than the sensor keeps
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub argv_truncated: bool,
    /// the executable after links and interpreters, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Text>,
    /// its identity
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// what else the kernel says of it, where the sensor asks
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<Box<Executable>>,
    /// result
    pub result: Outcome,
}

/// A process (not a thread) was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// the child's pid in the init namespace
    pub child: u32,
    /// the child's start on the boot clock in nanoseconds, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_start_ns: Option<u64>,
}

/// A process (its last thread) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// exit status 0..255, if it ended by itself
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// the signal that ended it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

/// A user or group id was, or was to be, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetId {
    /// which call
    pub call: SetIdCall,
    /// its arguments in order; `None` is -1 (leave alone)
    pub requested: Vec<Option<u32>>,
    /// ids before
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Ids>,
    /// ids after
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Ids>,
    /// result
    pub result: Outcome,
}

/// A file was, or was to be, opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// path as the caller gave it
    pub path: Text,
    /// flags
    pub flags: OpenFlags,
    /// the path was read after the call returned, when its page could not be read before
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late_path: bool,
    /// what was opened, where the sensor asks the kernel
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Box<Opened>>,
    /// result: the descriptor, or the error
    pub result: Outcome,
}

/// A name was, or was to be, removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlink {
    /// path as the caller gave it
    pub path: Text,
    /// it was to be a directory
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub directory: bool,
    /// result
    pub result: Outcome,
}

/// A name was, or was to be, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// old path
    pub from: Text,
    /// new path
    pub to: Text,
    /// result
    pub result: Outcome,
}

/// A socket was, or was to be, connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connect {
    /// peer
    pub address: Address,
    /// how it ended after the call had returned `EINPROGRESS`, where known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<Outcome>,
    /// result of the call
    pub result: Outcome,
}

/// A socket was, or was to be, bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// local address as the caller gave it
    pub address: Address,
    /// result
    pub result: Outcome,
}

/// A connection was, or was to be, accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// peer, if the caller asked for it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Address>,
    /// result
    pub result: Outcome,
}

macro_rules! payloads {
    (@held $name:ident) => { $name };
    (@held $name:ident $held:ident) => { $held<$name> };
    ($($(#[doc = $doc:literal])* $name:ident $(in $held:ident)? = $word:literal,)*) => {
        /// One action with its object and result; in JSON tagged by `action`. What is large stands in a box, for there
        /// may be a million.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "action")]
        #[non_exhaustive]
        pub enum Payload {
            $($(#[doc = $doc])* #[serde(rename = $word)] $name(payloads!(@held $name $($held)?)),)*
        }

        /// The word for an action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[doc = $doc])* #[serde(rename = $word)] $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }

        impl Payload {
            /// Which action it is.
            pub fn action(&self) -> Action {
                match self { $(Self::$name(_) => Action::$name),* }
            }
        }

        $(impl From<$name> for Payload {
            fn from(payload: $name) -> Self {
                Self::$name(payload.into())
            }
        })*
    };
}

payloads! {
    /// exec
    Exec in Box = "exec",
    /// fork
    Fork = "fork",
    /// exit
    Exit = "exit",
    /// set-id
    SetId in Box = "setid",
    /// open
    Open = "open",
    /// unlink
    Unlink = "unlink",
    /// rename
    Rename = "rename",
    /// connect
    Connect = "connect",
    /// bind
    Bind = "bind",
    /// accept
    Accept = "accept",
    /// mkdir
    Mkdir = "mkdir",
    /// link
    HardLink = "link",
    /// symlink
    Symlink = "symlink",
    /// chmod
    Chmod = "chmod",
    /// chown
    Chown = "chown",
    /// truncate
    Truncate = "truncate",
    /// mknod
    Mknod = "mknod",
    /// listen
    Listen = "listen",
    /// send
    Send = "send",
    /// ptrace
    Ptrace = "ptrace",
    /// process-vm
    ProcessVm = "process-vm",
    /// capability
    Capability = "capability",
    /// namespace
    Namespace = "namespace",
    /// memfd
    Memfd = "memfd",
    /// signal
    Signal = "signal",
    /// seccomp
    Seccomp = "seccomp",
    /// personality
    Personality = "personality",
    /// mount
    Mount in Box = "mount",
    /// module
    Module = "module",
    /// bpf
    Bpf = "bpf",
    /// keyctl
    Keyctl = "keyctl",
    /// io-uring
    IoUring = "io-uring",
    /// read
    Read in Box = "read",
    /// write
    Write in Box = "write",
    /// loss
    Loss in Box = "loss",
    /// flow
    Flow in Box = "flow",
    /// dns
    Dns = "dns",
    /// request
    Request in Box = "request",
    /// alert
    Alert = "alert",
    /// message
    Message = "message",
}

impl Payload {
    /// The result of the call, for actions that have one.
    pub fn result(&self) -> Option<Outcome> {
        match self {
            Self::Exec(exec) => Some(exec.result),
            Self::SetId(setid) => Some(setid.result),
            Self::Open(Open { result, .. })
            | Self::Unlink(Unlink { result, .. })
            | Self::Rename(Rename { result, .. })
            | Self::Connect(Connect { result, .. })
            | Self::Bind(Bind { result, .. })
            | Self::Accept(Accept { result, .. }) => Some(*result),
            Self::Fork(_) | Self::Exit(_) | Self::Loss(_) => None,
            Self::Flow(_) | Self::Dns(_) | Self::Request(_) | Self::Alert(_) | Self::Message(_) => None,
            other => other.call().map(|call| call.result()),
        }
    }

    /// The address that it speaks to, where it names one.
    pub fn peer(&self) -> Option<&Address> {
        match self {
            Self::Connect(connect) => Some(&connect.address),
            Self::Send(send) => send.address.as_deref(),
            _ => None,
        }
    }

    /// Every text in it, for searches (markers, nonces).
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Exec(exec) => std::iter::once(&exec.path).chain(exec.argv.iter().flatten()).collect(),
            Self::Open(Open { path, .. }) | Self::Unlink(Unlink { path, .. }) => vec![path],
            Self::Rename(rename) => vec![&rename.from, &rename.to],
            Self::Connect(Connect { address: Address::Unix { path, .. }, .. })
            | Self::Bind(Bind { address: Address::Unix { path, .. }, .. }) => vec![path],
            Self::Dns(dns) => vec![&dns.name],
            Self::Request(request) => vec![&request.uri],
            other => other.call().map(|call| call.parts()).into_iter().flatten().flat_map(texts_of).collect(),
        }
    }
}

fn texts_of(part: Part<'_>) -> Vec<&Text> {
    match part.value {
        Some(Value::Text(text)) => vec![text],
        Some(Value::Texts(texts)) => texts.iter().collect(),
        Some(Value::Address(Address::Unix { path, .. })) => vec![path],
        _ => Vec::new(),
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no action's.
#[derive(Debug, thiserror::Error)]
#[error("unknown action `{0}`")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|a| a.word() == word).ok_or_else(|| UnknownAction(word.to_owned()))
    }
}
