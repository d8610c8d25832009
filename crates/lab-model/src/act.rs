//! Deliberate behaviour: what an actor is told to do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Errno, Interest, Outcome};

/// How an act comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// by our actor
    Performed,
    /// asked of an agent
    Elicited,
    /// by a program that we only watch
    Observed,
}

/// What an act is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// the behaviour of the scenario
    Act,
    /// the same shape, which must raise no detection
    Twin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Act => "act",
            Self::Twin => "twin",
        })
    }
}

/// The result that the scenario wants of an act's last call: `ok`, or an error's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// success
    #[default]
    Ok,
    /// this error
    Errno(Errno),
}

impl Expectation {
    /// True if `outcome` is what was wanted.
    pub fn met_by(self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (Self::Ok, Outcome::Ok(_)) => true,
            (Self::Errno(wanted), Outcome::Errno(got)) => wanted == got,
            _ => false,
        }
    }
}

/// How a link's image comes to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// in a new process
    #[default]
    Forked,
    /// in the process before it, which it replaces
    InPlace,
}

/// One image of the chain through which an act is performed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// path of the image, `${bin}/NAME`: a copy of the actor that the environment places there
    pub path: String,
    /// its arguments, the zeroth included
    pub argv: Vec<String>,
    /// how it comes to run
    #[serde(default)]
    pub placement: Placement,
    /// the file is set-user-id root
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub set_user_id: bool,
}

macro_rules! set_id_calls {
    ($($name:ident = $word:literal),* $(,)?) => {
        /// A call that sets user or group ids.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[expect(missing_docs, reason = "the names are the system calls'")]
        pub enum SetIdCall { $($name),* }

        impl SetIdCall {
            /// Every call.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The system call's name.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

set_id_calls! {
    Setuid = "setuid", Setgid = "setgid", Setreuid = "setreuid", Setregid = "setregid", Setresuid = "setresuid",
    Setresgid = "setresgid", Setfsuid = "setfsuid", Setfsgid = "setfsgid", Setgroups = "setgroups",
}

impl fmt::Display for SetIdCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for SetIdCall {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|call| call.word() == word).ok_or(())
    }
}

/// What is done. Strings may hold variables (`${work}`) until [`Act::bind`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActKind {
    /// the chain of images itself
    Exec,
    /// read a file whole; the receipt carries a keyed hash of it
    Read {
        /// file
        path: String,
    },
    /// write a file anew
    Write {
        /// file
        path: String,
        /// content
        content: String,
    },
    /// append to a file
    Append {
        /// file
        path: String,
        /// content
        content: String,
    },
    /// remove a name
    Unlink {
        /// name
        path: String,
    },
    /// change a name
    Rename {
        /// old name
        from: String,
        /// new name
        to: String,
    },
    /// connect over TCP, send the payload, read the answer
    Connect {
        /// `IP:PORT`
        address: String,
        /// what is sent
        payload: String,
    },
    /// ask a resolver for the A record of a name, over UDP
    Resolve {
        /// `IP:PORT` of the resolver
        resolver: String,
        /// name
        name: String,
    },
    /// bind, listen, accept one connection, answer it
    Serve {
        /// `IP:PORT`; port 0 lets the kernel choose
        address: String,
    },
    /// change ids
    Setid {
        /// which call
        call: SetIdCall,
        /// its arguments; `-` is -1
        ids: Vec<String>,
    },
    /// `/bin/sh -c`
    Shell {
        /// the command
        command: String,
    },
    /// a program of the person's own, started and left alone: no scenario has it, and it is never proven
    Observe {
        /// file that is executed
        program: String,
        /// its arguments, the zeroth included
        argv: Vec<String>,
        /// folder in which it is started
        directory: String,
    },
}

/// How bytes come to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// in a stream, over TCP: to connect is to exchange packets
    Stream,
    /// in datagrams, over UDP: to connect is to note an address, and no packet goes
    Datagram,
}

impl ActKind {
    /// Its word in scenarios.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Append { .. } => "append",
            Self::Unlink { .. } => "unlink",
            Self::Rename { .. } => "rename",
            Self::Connect { .. } => "connect",
            Self::Resolve { .. } => "resolve",
            Self::Serve { .. } => "serve",
            Self::Setid { .. } => "setid",
            Self::Shell { .. } => "shell",
            Self::Observe { .. } => "observe",
        }
    }

    /// The words of all kinds that a scenario may have.
    pub const WORDS: &'static [&'static str] = &[
        "exec", "read", "write", "append", "unlink", "rename", "connect", "resolve", "serve", "setid",
        "shell",
    ];

    /// The address that it speaks to, `IP:PORT`, and over what, where it does.
    pub fn peer(&self) -> Option<(Transport, &str)> {
        match self {
            Self::Connect { address, .. } => Some((Transport::Stream, address)),
            Self::Resolve { resolver, .. } => Some((Transport::Datagram, resolver)),
            _ => None,
        }
    }

    fn strings_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Exec => Vec::new(),
            Self::Read { path } | Self::Unlink { path } => vec![path],
            Self::Write { path, content } | Self::Append { path, content } => vec![path, content],
            Self::Rename { from, to } => vec![from, to],
            Self::Connect { address, payload } => vec![address, payload],
            Self::Resolve { resolver, name } => vec![resolver, name],
            Self::Serve { address } => vec![address],
            Self::Setid { ids, .. } => ids.iter_mut().collect(),
            Self::Shell { command } => vec![command],
            // Taken as the person gave it: a `${HOME}` in it is for the program to understand.
            Self::Observe { .. } => Vec::new(),
        }
    }
}

/// One deliberate behaviour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// number within its scenario, from 1
    pub id: u32,
    /// act or benign twin
    pub role: Role,
    /// origin
    pub origin: Origin,
    /// what is done
    pub kind: ActKind,
    /// images through which it is done; the last one does it. Empty: a forked child of the actor does it.
    #[serde(default)]
    pub via: Vec<Link>,
    /// `UID` that the chain takes (setgroups, setresgid, setresuid): the last process before it acts; but before the
    /// first set-user-id image where there is one, and before the last image where the chain itself is the act
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// wanted result of the last call
    #[serde(default)]
    pub expect: Expectation,
    /// which facts belong to it
    pub interest: Interest,
    /// what the run's variable `${nonce}` is for this act; empty in a plan
    #[serde(default)]
    pub nonce: String,
}

impl Act {
    /// True if nobody performs it for the lab's sake, so that there is nothing to prove.
    pub fn is_observed(&self) -> bool {
        self.origin == Origin::Observed
    }

    /// Puts values in place of variables; `nonce` is known to it, everything else is asked of `value`.
    ///
    /// # Errors
    /// Names the first variable that `value` does not know.
    pub fn bind(&self, nonce: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<Self, UnknownVariable> {
        let mut act = self.clone();
        act.nonce = nonce.to_owned();
        let value = |name: &str| if name == "nonce" { Some(nonce.to_owned()) } else { value(name) };
        let links = act.via.iter_mut().flat_map(|link| std::iter::once(&mut link.path).chain(&mut link.argv));
        for text in act.kind.strings_mut().into_iter().chain(links).chain(&mut act.user) {
            *text = substitute(text, &value)?;
        }
        Ok(act)
    }
}

/// A `${name}` that nobody gave a value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown variable `${{{0}}}`")]
pub struct UnknownVariable(pub String);

/// Puts values in place of `${name}`; an unclosed `${` stays as it is.
///
/// # Errors
/// Names the first variable that `value` does not know.
pub fn substitute(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, UnknownVariable> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&value(name).ok_or_else(|| UnknownVariable(name.to_owned()))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{UnknownVariable, substitute};

    #[test]
    fn variables() {
        let value = |name: &str| (name == "work").then(|| "/w".to_owned());
        assert_eq!(substitute("${work}/a ${", &value).unwrap(), "/w/a ${");
        assert_eq!(substitute("x${sink}", &value), Err(UnknownVariable("sink".into())));
    }
}
