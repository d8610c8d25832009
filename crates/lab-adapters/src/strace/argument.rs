//! Calls whose payload is declared part by part.

use lab_model::{
    Action, Chmod, Chown, HardLink, Id, Listen, Mkdir, Mknod, Mode, Payload, Symlink, Text, Truncate,
};

use super::{call::Reader, token, value};

/// The action that a call is, if it is one of these.
pub(crate) fn action_of(name: &str) -> Option<Action> {
    Some(match name {
        "mkdir" | "mkdirat" => Action::Mkdir,
        "link" | "linkat" => Action::HardLink,
        "symlink" | "symlinkat" => Action::Symlink,
        "chmod" | "fchmod" | "fchmodat" | "fchmodat2" => Action::Chmod,
        "chown" | "lchown" | "fchown" | "fchownat" => Action::Chown,
        "truncate" | "ftruncate" => Action::Truncate,
        "mknod" | "mknodat" => Action::Mknod,
        "listen" => Action::Listen,
        _ => return None,
    })
}

impl Reader<'_> {
    /// Reads the call; `None` if its arguments are not what they must be.
    pub(super) fn call(&mut self) -> Option<Payload> {
        let result = self.call.outcome;
        Some(match self.call.name {
            "mkdir" => Mkdir { path: self.path("path", 0)?, mode: self.mode(1)?, result }.into(),
            "mkdirat" => Mkdir { path: self.path_at(0)?, mode: self.mode(2)?, result }.into(),
            "link" => HardLink { from: self.path("from", 0)?, to: self.path("to", 1)?, result }.into(),
            "linkat" => {
                self.note_directory("from_dirfd", 0);
                self.note_directory("to_dirfd", 2);
                self.note_flags(4);
                HardLink { from: self.path("from", 1)?, to: self.path("to", 3)?, result }.into()
            }
            "symlink" => Symlink { path: self.path("path", 1)?, to: self.path("to", 0)?, result }.into(),
            "symlinkat" => Symlink { path: self.path_at(1)?, to: self.path("to", 0)?, result }.into(),
            "chmod" => Chmod { path: Some(self.path("path", 0)?), mode: self.mode(1)?, result }.into(),
            "fchmod" => {
                self.note("fd", 0);
                Chmod { path: None, mode: self.mode(1)?, result }.into()
            }
            "fchmodat" | "fchmodat2" => {
                self.note_flags(3);
                Chmod { path: Some(self.path_at(0)?), mode: self.mode(2)?, result }.into()
            }
            "chown" | "lchown" => {
                let path = Some(self.path("path", 0)?);
                Chown { path, owner: self.id(1)?, group: self.id(2)?, result }.into()
            }
            "fchown" => {
                self.note("fd", 0);
                Chown { path: None, owner: self.id(1)?, group: self.id(2)?, result }.into()
            }
            "fchownat" => {
                self.note_flags(4);
                let path = Some(self.path_at(0)?);
                Chown { path, owner: self.id(2)?, group: self.id(3)?, result }.into()
            }
            "truncate" => {
                Truncate { path: Some(self.path("path", 0)?), length: self.number(1)?, result }.into()
            }
            "ftruncate" => {
                self.note("fd", 0);
                Truncate { path: None, length: self.number(1)?, result }.into()
            }
            "mknod" => {
                let (path, mode) = (self.path("path", 0)?, self.mode(1)?);
                Mknod { path, mode, device: self.device(2)?, result }.into()
            }
            "mknodat" => {
                let (path, mode) = (self.path_at(0)?, self.mode(2)?);
                Mknod { path, mode, device: self.device(3)?, result }.into()
            }
            "listen" => Listen { backlog: self.number(1)?, result }.into(),
            _ => return None,
        })
    }

    /// The path behind the directory that is argument `at`.
    fn path_at(&mut self, at: usize) -> Option<Text> {
        self.note_directory("dirfd", at);
        self.path("path", at + 1)
    }

    fn note_flags(&mut self, at: usize) {
        if self.argument(at).is_some_and(|flags| flags != b"0") {
            self.note("flags", at);
        }
    }

    fn number(&self, at: usize) -> Option<i64> {
        value::number(self.argument(at)?)
    }

    fn id(&self, at: usize) -> Option<Id> {
        value::id(self.argument(at)?).map(Id)
    }

    /// `S_IFIFO|S_ISUID|0644`.
    fn mode(&self, at: usize) -> Option<Mode> {
        let bit = |word: &str| match word {
            "S_IFSOCK" => Some(0o140_000),
            "S_IFREG" => Some(0o100_000),
            "S_IFBLK" => Some(0o60_000),
            "S_IFDIR" => Some(0o40_000),
            "S_IFCHR" => Some(0o20_000),
            "S_IFIFO" => Some(0o10_000),
            "S_ISUID" => Some(0o4000),
            "S_ISGID" => Some(0o2000),
            "S_ISVTX" => Some(0o1000),
            word => value::number(word.as_bytes()).and_then(|n| u32::try_from(n).ok()),
        };
        let bits = self.words(at)?.split('|').map(bit).try_fold(0, |all, bits| Some(all | bits?))?;
        Some(Mode(bits))
    }

    /// `makedev(0x1, 0x3)` as the caller numbers it; strace leaves it out where it means nothing.
    fn device(&self, at: usize) -> Option<u32> {
        let Some(text) = self.argument(at) else { return Some(0) };
        let number = |text: &[u8]| value::number(text).and_then(|n| u32::try_from(n).ok());
        let Some(halves) = text.strip_prefix(b"makedev(") else { return number(text) };
        let (halves, _) = token::arguments(halves)?;
        let (major, minor) = (number(halves.first()?)?, number(halves.get(1)?)?);
        Some((minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12)
    }
}
