//! Which facts belong to an act: inside this the world is closed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{Action, OpenFlags, Payload, Send, Text};

/// Whose facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// the act's processes and all their descendants
    #[default]
    Subtree,
    /// the act's own processes alone
    Process,
}

/// Classes of files that programs open without being told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectClass {
    /// shared libraries, and the loader's cache and configuration
    Loader,
    /// locale archives and message catalogues
    Locale,
    /// name service: users, groups, hosts, services
    NameService,
}

impl ObjectClass {
    /// The class of a file that is opened for reading at `path`, if it has one.
    pub fn of(path: &Text) -> Option<Self> {
        let path = path.to_str_lossy();
        let name = path.rsplit('/').next().unwrap_or_default();
        let library = name.ends_with(".so") || name.contains(".so.");
        if library || path.starts_with("/etc/ld.so") || path.contains("/glibc-hwcaps/") {
            Some(Self::Loader)
        } else if path.contains("/locale/") || path.contains("/gconv/") || path == "/etc/locale.alias" {
            Some(Self::Locale)
        } else if NAME_SERVICE.contains(&&*path) {
            Some(Self::NameService)
        } else {
            None
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loader => "loader",
            Self::Locale => "locale",
            Self::NameService => "name-service",
        }
    }
}

const NAME_SERVICE: &[&str] = &[
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/protocols",
    "/var/run/nscd/socket",
    "/run/nscd/socket",
];

/// What a scenario leaves free about the facts of one object. By default everything is strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Freedom {
    /// their place among what the process does
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// whether they are there
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// how many there are, up to this; with it they are one line, whose place is free and which may be absent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
}

impl Freedom {
    /// True if nothing is free.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// `unordered, optional, at-most 3`
impl fmt::Display for Freedom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.unordered.then(|| "unordered".to_owned()),
            self.optional.then(|| "optional".to_owned()),
            self.at_most.map(|most| format!("at-most {most}")),
        ];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// The facts that an act answers for: scope x actions x classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// whose
    pub scope: Scope,
    /// which actions; the strict ones are always in, except where `exec_only` is set
    pub actions: BTreeSet<Action>,
    /// only exec lines are promised (kind `shell`: the rest is the distribution's)
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exec_only: bool,
    /// classes that are folded into one counted line
    #[serde(default)]
    pub folded: BTreeSet<ObjectClass>,
    /// what is free, by the path of the object; paths hold variables
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub free: BTreeMap<String, Freedom>,
}

impl Interest {
    /// Actions that nothing can loosen.
    pub const STRICT: &'static [Action] = &[
        Action::Exec,
        Action::Connect,
        Action::SetId,
        Action::Unlink,
        Action::Rename,
        Action::Mkdir,
        Action::HardLink,
        Action::Symlink,
        Action::Chmod,
        Action::Chown,
        Action::Truncate,
        Action::Mknod,
        Action::Ptrace,
        Action::ProcessVm,
        Action::Capability,
        Action::Namespace,
        Action::Memfd,
        Action::Signal,
        Action::Mount,
        Action::Module,
        Action::Bpf,
        Action::Keyctl,
        Action::IoUring,
    ];

    /// True if a fact with this payload is inside.
    pub fn covers(&self, payload: &Payload) -> bool {
        let action = payload.action();
        // Who names nobody and is connected to no address talks to a process beside it.
        if matches!(payload, Payload::Send(Send { address: None, .. })) {
            return false;
        }
        if self.exec_only {
            return action == Action::Exec;
        }
        is_strict(payload) || self.actions.contains(&action)
    }

    /// What is free about a fact whose paths hold variables again. Of a strict action it is only the order: presence,
    /// number and every field are never free.
    pub fn freedom(&self, payload: &Payload) -> Freedom {
        let path = match payload {
            Payload::Open(open) => &open.path,
            Payload::Exec(exec) => &exec.path,
            Payload::Unlink(unlink) => &unlink.path,
            Payload::Rename(rename) => &rename.from,
            other => match other.texts().first() {
                Some(path) if other.call().is_some() => path,
                _ => return Freedom::default(),
            },
        };
        let declared = self.free.get(&*path.to_str_lossy()).copied().unwrap_or_default();
        if is_strict(payload) {
            return Freedom { unordered: declared.unordered, ..Freedom::default() };
        }
        declared
    }

    /// The class under which a fact is folded, if it is.
    pub fn folds(&self, payload: &Payload) -> Option<ObjectClass> {
        let Payload::Open(open) = payload else { return None };
        if open.flags.writes() || creates(open.flags) {
            return None;
        }
        ObjectClass::of(&open.path).filter(|class| self.folded.contains(class))
    }
}

/// True for what nothing can loosen.
fn is_strict(payload: &Payload) -> bool {
    let writes = matches!(payload, Payload::Open(open) if open.flags.writes() || creates(open.flags));
    writes || Interest::STRICT.contains(&payload.action())
}

fn creates(flags: OpenFlags) -> bool {
    flags.0 & 0o1100 != 0
}

#[cfg(test)]
mod tests {
    use super::ObjectClass;

    #[test]
    fn classes() {
        assert_eq!(ObjectClass::of(&"/lib/x86_64-linux-gnu/libc.so.6".into()), Some(ObjectClass::Loader));
        assert_eq!(ObjectClass::of(&"/usr/lib/locale/locale-archive".into()), Some(ObjectClass::Locale));
        assert_eq!(ObjectClass::of(&"/etc/passwd".into()), Some(ObjectClass::NameService));
        assert_eq!(ObjectClass::of(&"/etc/shadow".into()), None);
        assert_eq!(ObjectClass::of(&"/tmp/so.conf".into()), None);
    }
}
