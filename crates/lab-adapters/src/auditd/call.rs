//! The records of one call turned into what happened.

use std::collections::BTreeMap;

use lab_model::{
    Accept, Address, Bind, Connect, Exec, Exit, Fork, Open, OpenFlags, Outcome, Payload, Rename, SetId,
    SetIdCall, Text, Unlink,
};

use super::{
    fields::{Field, argument, hex},
    numbers, sockaddr,
};
use crate::flags::{AT_REMOVEDIR, CLONE_THREAD, CREAT};

/// The records of one call, fields and all.
pub(crate) struct Call<'r, 'a> {
    pub(crate) records: &'r [(&'a str, Vec<Field<'a>>)],
}

/// What a call came to.
pub(crate) enum Meaning {
    Event(Payload),
    /// no event is made from it
    Nothing,
    /// records that it must have are not there
    Short(&'static str),
}

impl<'r, 'a> Call<'r, 'a> {
    fn fields(&self, kind: &str) -> impl Iterator<Item = &'r [Field<'a>]> {
        let kind = kind.to_owned();
        self.records.iter().filter(move |(known, _)| *known == kind).map(|(_, fields)| fields.as_slice())
    }

    /// A field of the `SYSCALL` record.
    fn value(&self, name: &str) -> Option<&'a [u8]> {
        value(self.fields("SYSCALL").next()?, name)
    }

    /// A number of the `SYSCALL` record.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        std::str::from_utf8(self.value(name)?).ok()?.parse().ok()
    }

    pub(super) fn argument(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(std::str::from_utf8(self.value(name)?).ok()?, 16).ok()
    }

    pub(crate) fn comm(&self) -> Option<Text> {
        self.text("comm")
    }

    /// True if a rule with a name asked for it.
    pub(crate) fn has_key(&self) -> bool {
        self.text("key").is_some()
    }

    fn text(&self, name: &str) -> Option<Text> {
        self.text_of("SYSCALL", name)
    }

    /// A text of the first record of a kind.
    pub(super) fn text_of(&self, kind: &str, name: &str) -> Option<Text> {
        let field = self.fields(kind).next()?.iter().find(|field| field.name == name.as_bytes())?;
        field.text().map(|text| text.as_ref().into())
    }

    fn name(&self) -> Option<&'static str> {
        numbers::name(self.value("arch")?, self.number("syscall")?)
    }

    fn result(&self) -> Option<Outcome> {
        self.number("exit").map(Outcome::from_ret)
    }

    /// What it was.
    pub(crate) fn meaning(&self) -> Meaning {
        let Some(name) = self.name() else { return Meaning::Nothing };
        if name == "exit_group" {
            return match self.argument("a0") {
                Some(code) => Meaning::Event(Exit { code: Some((code & 0xff) as i32), signal: None }.into()),
                None => Meaning::Short("an exit without its code"),
            };
        }
        // A call that its process did not live to see the end of has none.
        let Some(result) = self.result() else { return Meaning::Nothing };
        self.payload(name, result)
    }

    fn payload(&self, name: &str, result: Outcome) -> Meaning {
        let short = "a call without the records that say what it was about";
        let payload = match name {
            "execve" | "execveat" => self.exec(result),
            "clone" | "fork" | "vfork" => return self.made(name, result),
            "open" => self.open(self.argument("a1"), result),
            "openat" => self.open(self.argument("a2"), result),
            "creat" => self.open(Some(u64::from(CREAT)), result),
            "openat2" => {
                let how = self.fields("OPENAT2").next().and_then(|fields| value(fields, "oflag"));
                let flags =
                    how.and_then(|flags| u64::from_str_radix(std::str::from_utf8(flags).ok()?, 8).ok());
                self.open(flags, result)
            }
            "unlink" => self.unlink(false, result),
            "rmdir" => self.unlink(true, result),
            "unlinkat" => {
                self.unlink(self.argument("a2").is_some_and(|flags| flags & AT_REMOVEDIR != 0), result)
            }
            "rename" | "renameat" | "renameat2" => self.rename(result),
            "connect" => self.address().map(|address| Connect { address, later: None, result }.into()),
            "bind" => self.address().map(|address| Bind { address, result }.into()),
            "accept" | "accept4" => Some(Accept { peer: self.address(), result }.into()),
            name => self.set_id(name, result).or_else(|| self.declared(name, result)),
        };
        match payload {
            Some(payload) if self.is_to_itself(&payload) => Meaning::Nothing,
            Some(payload) => Meaning::Event(payload),
            None if Self::may_lack_names(name, result) => Meaning::Nothing,
            None => Meaning::Short(short),
        }
    }

    /// The paths, in order, with what the kernel says each is.
    fn paths(&self) -> impl Iterator<Item = (Text, &'a [u8])> {
        self.fields("PATH").filter_map(|fields| {
            let name = fields.iter().find(|field| field.name == b"name")?.text()?;
            let kind = value(fields, "nametype").or_else(|| value(fields, "objtype")).unwrap_or_default();
            Some((name.as_ref().into(), kind))
        })
    }

    /// The paths that are no parent folder's, with what the kernel says each is.
    pub(super) fn named_paths_and_kinds(&self) -> impl Iterator<Item = (Text, &'a [u8])> {
        self.paths().filter(|(_, kind)| *kind != b"PARENT")
    }

    /// The same without that.
    pub(super) fn named_paths(&self) -> impl Iterator<Item = Text> {
        self.named_paths_and_kinds().map(|(name, _)| name)
    }

    /// The path that is no parent folder's.
    fn path(&self) -> Option<Text> {
        self.named_paths().next().or_else(|| self.paths().next().map(|(name, _)| name))
    }

    fn exec(&self, result: Outcome) -> Option<Payload> {
        let (argv, argv_truncated) = self.argv();
        let exe = if matches!(result, Outcome::Ok(_)) { self.text("exe") } else { None };
        let (path, _) = self.paths().next()?;
        Some(Exec { path, argv, argv_truncated, exe, file: None, executable: None, result }.into())
    }

    /// The arguments, if a record has them, and whether some are missing. Long ones stand in parts.
    fn argv(&self) -> (Option<Vec<Text>>, bool) {
        let (mut argc, mut argv) = (None, BTreeMap::<usize, Vec<u8>>::new());
        for field in self.fields("EXECVE").flatten() {
            if field.name == b"argc" {
                argc = std::str::from_utf8(field.value).ok().and_then(|argc| argc.parse::<usize>().ok());
            } else if let Some((at, _)) = argument(field.name) {
                argv.entry(at).or_default().extend_from_slice(&field.text().unwrap_or_default());
            }
        }
        if argc.is_none() && argv.is_empty() {
            return (None, false);
        }
        let whole = argv.keys().copied().eq(0..argv.len()) && argc.is_none_or(|argc| argc == argv.len());
        (Some(argv.into_values().map(Text::from).collect()), !whole)
    }

    /// Whether `clone` made a process, its flags say.
    fn made(&self, name: &str, result: Outcome) -> Meaning {
        let Outcome::Ok(child) = result else { return Meaning::Nothing };
        let is_thread = name == "clone" && self.argument("a0").is_none_or(|flags| flags & CLONE_THREAD != 0);
        match u32::try_from(child) {
            Ok(child) if !is_thread => Meaning::Event(Fork { child, child_start_ns: None }.into()),
            _ => Meaning::Nothing,
        }
    }

    fn open(&self, flags: Option<u64>, result: Outcome) -> Option<Payload> {
        let flags = OpenFlags((flags? & u64::from(u32::MAX)) as u32);
        Some(Open { path: self.path()?, flags, late_path: false, opened: None, result }.into())
    }

    fn unlink(&self, directory: bool, result: Outcome) -> Option<Payload> {
        Some(Unlink { path: self.path()?, directory, result }.into())
    }

    /// The old name is gone behind it, the new one is made.
    fn rename(&self, result: Outcome) -> Option<Payload> {
        let [from, to] = self.other_and_made()?;
        Some(Rename { from, to, result }.into())
    }

    fn address(&self) -> Option<Address> {
        sockaddr::address(&hex(value(self.fields("SOCKADDR").next()?, "saddr")?)?)
    }

    fn set_id(&self, name: &str, result: Outcome) -> Option<Payload> {
        let call: SetIdCall = name.parse().ok()?;
        let count = match call {
            // The list is in the caller's memory.
            SetIdCall::Setgroups => 0,
            SetIdCall::Setuid | SetIdCall::Setgid | SetIdCall::Setfsuid | SetIdCall::Setfsgid => 1,
            SetIdCall::Setreuid | SetIdCall::Setregid => 2,
            SetIdCall::Setresuid | SetIdCall::Setresgid => 3,
        };
        let requested = ["a0", "a1", "a2"].iter().take(count).map(|name| {
            let id = (self.argument(name)? & u64::from(u32::MAX)) as u32;
            Some(Some(id).filter(|id| *id != u32::MAX))
        });
        Some(
            SetId {
                call,
                requested: requested.collect::<Option<_>>()?,
                before: None,
                after: self.ids(),
                result,
            }
            .into(),
        )
    }

    /// The ids after the call.
    pub(crate) fn ids(&self) -> Option<lab_model::Ids> {
        Some(lab_model::Ids {
            uid: self.number("uid")?,
            euid: self.number("euid")?,
            suid: self.number("suid")?,
            fsuid: self.number("fsuid")?,
            gid: self.number("gid")?,
            egid: self.number("egid")?,
            sgid: self.number("sgid")?,
            fsgid: self.number("fsgid")?,
        })
    }
}

fn value<'a>(fields: &[Field<'a>], name: &str) -> Option<&'a [u8]> {
    fields.iter().find(|field| field.name == name.as_bytes()).map(|field| field.value)
}
