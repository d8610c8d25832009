//! A finished call turned into what happened.

use lab_model::{
    Accept, Action, Bind, Connect, Exec, Fork, Open, OpenFlags, Outcome, Payload, Rename, SetId, SetIdCall,
    Text, Unlink,
};
use serde_json::{Map, Value};

use super::{
    argument, token,
    value::{self, Ending, Remark},
};
use crate::flags::CREAT;

/// A call with its arguments.
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a [&'a [u8]],
    pub(crate) outcome: Outcome,
}

/// What a call was.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// an event, with what has no place in its payload
    Event(Payload, Map<String, Value>),
    /// a thread was made, not a process
    Thread { child: u32 },
    /// nothing was made
    Nothing,
}

/// The action that a call is, if it is one of those that events are made from.
pub(crate) fn action_of(name: &str) -> Option<Action> {
    Some(match name {
        "execve" | "execveat" => Action::Exec,
        "fork" | "vfork" | "clone" | "clone3" => Action::Fork,
        "open" | "openat" | "openat2" | "creat" => Action::Open,
        "unlink" | "unlinkat" | "rmdir" => Action::Unlink,
        "rename" | "renameat" | "renameat2" => Action::Rename,
        "connect" => Action::Connect,
        "bind" => Action::Bind,
        "accept" | "accept4" => Action::Accept,
        name => return set_id(name).map(|_| Action::SetId).or_else(|| argument::action_of(name)),
    })
}

/// 32-bit programs have `setuid32` and its like.
fn set_id(name: &str) -> Option<SetIdCall> {
    name.strip_suffix("32").unwrap_or(name).parse().ok()
}

/// Reads a call; `None` if its arguments are not what they must be.
pub(crate) fn meaning(call: &Call<'_>, ending: Ending) -> Option<Meaning> {
    let mut raw = Map::new();
    if ending.restarted {
        raw.insert("restarted".to_owned(), Value::from(true));
    }
    let mut reader = Reader { call, raw };
    let result = call.outcome;
    let payload = match call.name {
        "execve" => reader.exec(0, 1)?.into(),
        "execveat" => {
            reader.note("dirfd", 0);
            reader.note("flags", 4);
            reader.exec(1, 2)?.into()
        }
        "fork" | "vfork" | "clone" | "clone3" => return reader.made(),
        "open" => reader.open(0, Some(1), Some(2))?.into(),
        "creat" => {
            let mut open = reader.open(0, None, Some(1))?;
            open.flags = OpenFlags(CREAT);
            open.into()
        }
        "openat" => {
            reader.note_directory("dirfd", 0);
            reader.open(1, Some(2), Some(3))?.into()
        }
        "openat2" => {
            reader.note_directory("dirfd", 0);
            reader.open2()?.into()
        }
        "unlink" => Unlink { path: reader.path("path", 0)?, directory: false, result }.into(),
        "rmdir" => Unlink { path: reader.path("path", 0)?, directory: true, result }.into(),
        "unlinkat" => {
            reader.note_directory("dirfd", 0);
            let directory = reader.words(2)?.split('|').any(|flag| flag == "AT_REMOVEDIR");
            Unlink { path: reader.path("path", 1)?, directory, result }.into()
        }
        "rename" => Rename { from: reader.path("from", 0)?, to: reader.path("to", 1)?, result }.into(),
        "renameat" | "renameat2" => {
            reader.note_directory("from_dirfd", 0);
            reader.note_directory("to_dirfd", 2);
            if call.arguments.get(4).is_some_and(|flags| *flags != b"0") {
                reader.note("flags", 4);
            }
            Rename { from: reader.path("from", 1)?, to: reader.path("to", 3)?, result }.into()
        }
        "connect" => Connect { address: value::address(reader.argument(1)?)?, later: None, result }.into(),
        "bind" => Bind { address: value::address(reader.argument(1)?)?, result }.into(),
        "accept" | "accept4" => {
            let peer = reader.argument(1)?;
            let peer = if peer.starts_with(b"{") { Some(value::address(peer)?) } else { None };
            Accept { peer, result }.into()
        }
        name => match set_id(name) {
            Some(call) => reader.set_id(call)?.into(),
            None => reader.call()?,
        },
    };
    Some(Meaning::Event(payload, reader.raw))
}

pub(super) struct Reader<'a> {
    pub(super) call: &'a Call<'a>,
    raw: Map<String, Value>,
}

impl<'a> Reader<'a> {
    pub(super) fn argument(&self, at: usize) -> Option<&'a [u8]> {
        self.call.arguments.get(at).copied()
    }

    pub(super) fn words(&self, at: usize) -> Option<&'a str> {
        token::word(self.argument(at)?)
    }

    /// Keeps an argument that the payload has no place for.
    pub(super) fn note(&mut self, name: &str, at: usize) {
        if let Some(text) = self.argument(at) {
            self.raw.insert(name.to_owned(), Value::from(String::from_utf8_lossy(text)));
        }
    }

    pub(super) fn note_directory(&mut self, name: &str, at: usize) {
        if self.argument(at).is_some_and(|directory| directory != b"AT_FDCWD") {
            self.note(name, at);
        }
    }

    pub(super) fn path(&mut self, name: &str, at: usize) -> Option<Text> {
        let (path, remark) = value::path(self.argument(at)?)?;
        match remark {
            Remark::None => {}
            Remark::Cut => {
                self.raw.insert(format!("{name}_cut"), Value::from(true));
            }
            Remark::Pointer => self.note(name, at),
        }
        Some(path)
    }

    fn exec(&mut self, path: usize, argv: usize) -> Option<Exec> {
        let path = self.path("path", path)?;
        let text = self.argument(argv)?;
        let (mut arguments, mut cut, mut known) = (Vec::new(), false, true);
        if let Some(members) = token::members(text, b'[') {
            for member in members {
                match value::path(member) {
                    Some((_, Remark::Pointer)) => known = false,
                    Some((argument, remark)) => {
                        cut |= remark == Remark::Cut;
                        arguments.push(argument);
                    }
                    // `...` in the place of what was left out; anything else is no argument either.
                    None => cut = true,
                }
            }
        } else if text != b"NULL" {
            known = false;
        }
        if !known {
            self.note("argv", argv);
        }
        let result = self.call.outcome;
        Some(Exec {
            path,
            argv: known.then_some(arguments),
            argv_truncated: cut,
            exe: None,
            file: None,
            executable: None,
            result,
        })
    }

    fn open(&mut self, path: usize, flags: Option<usize>, mode: Option<usize>) -> Option<Open> {
        let path = self.path("path", path)?;
        let flags = match flags {
            Some(at) => value::open_flags(self.argument(at)?)?,
            None => OpenFlags(0),
        };
        if let Some(at) = mode {
            self.note("mode", at);
        }
        Some(Open { path, flags, late_path: false, opened: None, result: self.call.outcome })
    }

    fn open2(&mut self) -> Option<Open> {
        let path = self.path("path", 1)?;
        let how = self.argument(2)?;
        let flags = match token::members(how, b'{') {
            Some(members) => {
                for name in ["mode", "resolve"] {
                    let value = token::member(&members, name).filter(|value| *value != b"0");
                    if let Some(value) = value {
                        self.raw.insert(name.to_owned(), Value::from(String::from_utf8_lossy(value)));
                    }
                }
                value::open_flags(token::member(&members, "flags")?)?
            }
            None => {
                self.note("how", 2);
                OpenFlags(0)
            }
        };
        Some(Open { path, flags, late_path: false, opened: None, result: self.call.outcome })
    }

    fn made(self) -> Option<Meaning> {
        let Outcome::Ok(child) = self.call.outcome else { return Some(Meaning::Nothing) };
        let child = u32::try_from(child).ok()?;
        let flags = self.call.arguments.iter().find_map(|argument| match token::members(argument, b'{') {
            Some(members) => token::member(&members, "flags"),
            None => argument.strip_prefix(b"flags="),
        });
        let mut flags = token::word(flags.unwrap_or_default())?.split('|');
        if flags.any(|flag| flag == "CLONE_THREAD") {
            return Some(Meaning::Thread { child });
        }
        Some(Meaning::Event(Fork { child, child_start_ns: None }.into(), self.raw))
    }

    fn set_id(&mut self, call: SetIdCall) -> Option<SetId> {
        let requested = if call == SetIdCall::Setgroups {
            match token::members(self.argument(1)?, b'[') {
                Some(members) => members.into_iter().map(value::id).collect::<Option<_>>()?,
                None => {
                    self.note("groups", 1);
                    Vec::new()
                }
            }
        } else {
            self.call.arguments.iter().map(|text| value::id(text)).collect::<Option<_>>()?
        };
        Some(SetId { call, requested, before: None, after: None, result: self.call.outcome })
    }
}
