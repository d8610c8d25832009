//! Calls whose payload is declared part by part.

use std::str::FromStr;

use lab_model::{
    Action, Bpf, Capability, Chmod, Chown, HardLink, Id, IoUring, Listen, Memfd, Mkdir, Mknod, Mode, Module,
    ModuleCall, Mount, MountCall, MountFlags, Namespace, NamespaceCall, Payload, Personality, Pid, Ptrace,
    RingCall, Seccomp, Signal, SignalName, SignalTarget, Symlink, Text, Truncate, UmountFlags,
};

use super::{call::Reader, token, value};
use crate::signal;

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
        "ptrace" => Action::Ptrace,
        "capset" => Action::Capability,
        "unshare" | "setns" => Action::Namespace,
        "memfd_create" => Action::Memfd,
        "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => Action::Signal,
        "seccomp" => Action::Seccomp,
        "personality" => Action::Personality,
        "mount" | "umount" | "umount2" | "pivot_root" | "move_mount" => Action::Mount,
        "init_module" | "finit_module" | "delete_module" => Action::Module,
        "bpf" => Action::Bpf,
        "io_uring_setup" => Action::IoUring,
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
            _ => return self.process().or_else(|| self.kernel()),
        })
    }

    /// What is done to processes.
    fn process(&mut self) -> Option<Payload> {
        let result = self.call.outcome;
        Some(match self.call.name {
            "ptrace" => {
                let pid = self.argument(1).map_or(Some(0), |pid| u32::try_from(value::number(pid)?).ok())?;
                Ptrace { request: self.named(0)?, pid: Pid(pid), result }.into()
            }
            "capset" => {
                self.note("data", 1);
                Capability { pid: None, effective: None, permitted: None, inheritable: None, result }.into()
            }
            "unshare" => Namespace { call: NamespaceCall(0), flags: self.named(0)?, result }.into(),
            "setns" => {
                self.note("fd", 0);
                Namespace { call: NamespaceCall(1), flags: self.named(1)?, result }.into()
            }
            "memfd_create" => Memfd { name: self.path("name", 0)?, flags: self.named(1), result }.into(),
            "kill" => self.signal(1, SignalTarget::of_kill(i32::try_from(self.number(0)?).ok()?))?,
            "tkill" => self.signal(1, (SignalTarget(1), self.pid(0)?))?,
            "tgkill" => self.signal(2, (SignalTarget(1), self.pid(0)?))?,
            "pidfd_send_signal" => {
                self.note("fd", 0);
                self.signal(1, (SignalTarget(2), None))?
            }
            "seccomp" => Seccomp { operation: self.named(0)?, flags: self.named(1)?, result }.into(),
            "personality" => Personality { persona: self.named(0)?, result }.into(),
            _ => return None,
        })
    }

    /// What is done to the kernel.
    fn kernel(&mut self) -> Option<Payload> {
        let result = self.call.outcome;
        Some(match self.call.name {
            "mount" => Mount {
                call: MountCall(0),
                from: self.given("from", 0)?,
                to: self.given("to", 1)?.unwrap_or_default(),
                fstype: self.given("fstype", 2)?,
                flags: self.named::<MountFlags>(3).map(MountFlags::meant),
                unmount: None,
                command: None,
                option: None,
                attributes: None,
                result,
            }
            .into(),
            "umount" | "umount2" => {
                let (call, to, unmount) = (MountCall(1), Box::new(self.path("to", 0)?), self.named(1));
                self.mount(call, None, to, unmount)
            }
            "pivot_root" => self.moved(2, 0, 1)?,
            "move_mount" => {
                self.note_directory("from_dirfd", 0);
                self.note_directory("to_dirfd", 2);
                self.note_flags(4);
                self.moved(3, 1, 3)?
            }
            "init_module" => self.module(0, None, Some(2))?,
            "finit_module" => {
                self.note("fd", 0);
                self.module(1, None, Some(1))?
            }
            "delete_module" => {
                self.note_flags(1);
                self.module(2, Some(0), None)?
            }
            "bpf" => Bpf { command: self.named(0)?, kind: None, result }.into(),
            "io_uring_setup" => {
                let flags = token::members(self.argument(1)?, b'{');
                let flags = flags.as_deref().and_then(|members| token::member(members, "flags"));
                let flags = flags.and_then(token::word).and_then(|flags| flags.parse().ok());
                let entries = Some(u32::try_from(self.number(0)?).ok()?);
                IoUring { call: RingCall(0), entries, flags, operation: None, result }.into()
            }
            _ => return None,
        })
    }

    /// A process that a number names, if it can.
    fn pid(&self, at: usize) -> Option<Option<Pid>> {
        self.number(at).map(|pid| u32::try_from(pid).ok().map(Pid))
    }

    fn signal(&mut self, signal: usize, (target, pid): (SignalTarget, Option<Pid>)) -> Option<Payload> {
        let word = self.words(signal)?;
        let number = signal::number(word).and_then(|number| u32::try_from(number).ok());
        let signal = number.map(SignalName).or_else(|| word.parse().ok())?;
        let result = self.call.outcome;
        Some(Signal { signal, target, pid, result }.into())
    }

    fn moved(&mut self, call: u32, from: usize, to: usize) -> Option<Payload> {
        let (from, to) = (Some(Box::new(self.path("from", from)?)), Box::new(self.path("to", to)?));
        Some(self.mount(MountCall(call), from, to, None))
    }

    fn mount(
        &self,
        call: MountCall,
        from: Option<Box<Text>>,
        to: Box<Text>,
        unmount: Option<UmountFlags>,
    ) -> Payload {
        let (fstype, flags, command, option, attributes) = (None, None, None, None, None);
        let result = self.call.outcome;
        Mount { call, from, to, fstype, flags, unmount, command, option, attributes, result }.into()
    }

    fn module(&mut self, call: u32, name: Option<usize>, parameters: Option<usize>) -> Option<Payload> {
        let name = name.map_or(Some(None), |at| self.given("name", at))?;
        let parameters = parameters.map_or(Some(None), |at| self.given("parameters", at))?;
        Some(Module { call: ModuleCall(call), name, parameters, result: self.call.outcome }.into())
    }

    /// A text that may be a null pointer, or one that cannot be followed: then it is absent.
    fn given(&mut self, name: &str, at: usize) -> Option<Option<Box<Text>>> {
        let argument = self.argument(at)?;
        if argument == b"NULL" || argument.starts_with(b"0x") {
            return Some(None);
        }
        self.path(name, at).map(|text| Some(Box::new(text)))
    }

    /// A request, a command, flags by their names.
    fn named<T: FromStr>(&self, at: usize) -> Option<T> {
        self.words(at)?.parse().ok()
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
