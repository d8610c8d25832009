//! Calls whose payload is declared part by part: numbers stand in the call's own record, paths and a module's name in
//! records beside it. What lies in the caller's memory is not said.

use lab_model::{
    Bpf, BpfCommand, Capability, Chmod, Chown, CloneFlags, Errno, HardLink, Id, IoUring, KeyCall, Keyctl,
    KeyctlOperation, Listen, Mkdir, Mknod, Mode, Module, ModuleCall, Mount, MountCall, MountFlags, Namespace,
    NamespaceCall, Outcome, Payload, Persona, Personality, Pid, ProcessVm, ProcessVmCall, Ptrace,
    PtraceRequest, RingCall, Seccomp, SeccompFlags, SeccompOperation, Signal, SignalName, SignalTarget,
    Symlink, Text, Truncate, UmountFlags,
};

use super::call::Call;

/// What lies where nothing is.
const EFAULT: i32 = 14;

impl Call<'_, '_> {
    /// What it was; `None` if a record that it must have is not there.
    pub(super) fn declared(&self, name: &str, result: Outcome) -> Option<Payload> {
        let path = || self.named(result);
        Some(match name {
            "mkdir" => Mkdir { path: path()?, mode: self.mode("a1")?, result }.into(),
            "mkdirat" => Mkdir { path: path()?, mode: self.mode("a2")?, result }.into(),
            "link" | "linkat" => {
                let [from, to] = self.other_and_made()?;
                HardLink { from, to, result }.into()
            }
            "symlink" | "symlinkat" => {
                let [to, path] = self.other_and_made()?;
                Symlink { path, to, result }.into()
            }
            "chmod" => Chmod { path: Some(path()?), mode: self.mode("a1")?, result }.into(),
            "fchmod" => Chmod { path: None, mode: self.mode("a1")?, result }.into(),
            "fchmodat" => Chmod { path: Some(path()?), mode: self.mode("a2")?, result }.into(),
            "chown" | "lchown" => {
                Chown { path: Some(path()?), owner: self.id("a1")?, group: self.id("a2")?, result }.into()
            }
            "fchown" => Chown { path: None, owner: self.id("a1")?, group: self.id("a2")?, result }.into(),
            "fchownat" => {
                Chown { path: Some(path()?), owner: self.id("a2")?, group: self.id("a3")?, result }.into()
            }
            "truncate" => Truncate { path: Some(path()?), length: self.long("a1")?, result }.into(),
            "ftruncate" => Truncate { path: None, length: self.long("a1")?, result }.into(),
            "mknod" => {
                let mode = self.mode("a1")?;
                Mknod { path: path()?, mode, device: mode.device(self.word("a2")?), result }.into()
            }
            "mknodat" => {
                let mode = self.mode("a2")?;
                Mknod { path: path()?, mode, device: mode.device(self.word("a3")?), result }.into()
            }
            "listen" => Listen { backlog: i64::from(self.word("a1")? as i32), result }.into(),
            _ => return self.process(name, result).or_else(|| self.kernel(name, result)),
        })
    }

    /// What is done to processes.
    fn process(&self, name: &str, result: Outcome) -> Option<Payload> {
        let sent = |signal: &str, (target, pid)| {
            Some(Signal { signal: SignalName(self.word(signal)?), target, pid, result }.into())
        };
        let signal =
            |signal: &str, target, pid: Option<u32>| sent(signal, (SignalTarget(target), pid.map(Pid)));
        let memory =
            |call| Some(ProcessVm { call: ProcessVmCall(call), pid: Pid(self.word("a0")?), result }.into());
        match name {
            "ptrace" => {
                let (request, pid) = (PtraceRequest(self.word("a0")?), Pid(self.word("a1")?));
                Some(Ptrace { request, pid, result }.into())
            }
            "process_vm_readv" => memory(0),
            "process_vm_writev" => memory(1),
            "capset" => {
                let (pid, effective, permitted, inheritable) = (None, None, None, None);
                Some(Capability { pid, effective, permitted, inheritable, result }.into())
            }
            "unshare" => self.namespace(0, "a0", result),
            "setns" => self.namespace(1, "a1", result),
            "kill" => sent("a1", SignalTarget::of_kill(self.word("a0")? as i32)),
            "tkill" => signal("a1", 1, self.word("a0")),
            "tgkill" | "rt_tgsigqueueinfo" => signal("a2", 1, self.word("a0")),
            "rt_sigqueueinfo" => signal("a1", 0, self.word("a0")),
            "pidfd_send_signal" => signal("a1", 2, None),
            "seccomp" => {
                let (operation, flags) = (SeccompOperation(self.word("a0")?), SeccompFlags(self.word("a1")?));
                Some(Seccomp { operation, flags, result }.into())
            }
            "personality" => Some(Personality { persona: Persona(self.word("a0")?), result }.into()),
            _ => None,
        }
    }

    /// What is done to the kernel.
    fn kernel(&self, name: &str, result: Outcome) -> Option<Payload> {
        let key = |call, operation| {
            Keyctl { call: KeyCall(call), operation, key_type: None, description: None, result }.into()
        };
        Some(match name {
            "mount" => {
                let flags = Some(MountFlags(self.word("a3")?).meant());
                Mount { flags, ..self.mount(0, None, self.named(result)?, result) }.into()
            }
            "umount2" => {
                let unmount = Some(UmountFlags(self.word("a1")?));
                Mount { unmount, ..self.mount(1, None, self.named(result)?, result) }.into()
            }
            "pivot_root" => {
                let mut paths = self.named_paths();
                let mut next = || paths.next().or_else(|| nowhere(result));
                let (from, to) = (next()?, next()?);
                self.mount(2, Some(from), to, result).into()
            }
            "init_module" => self.module(0, result),
            "finit_module" => self.module(1, result),
            "delete_module" => self.module(2, result),
            "bpf" => Bpf { command: BpfCommand(self.word("a0")?), kind: None, result }.into(),
            "add_key" => key(0, None),
            "request_key" => key(1, None),
            "keyctl" => key(2, Some(KeyctlOperation(self.word("a0")?))),
            "io_uring_setup" => {
                let entries = Some(self.word("a0")?);
                IoUring { call: RingCall(0), entries, flags: None, operation: None, result }.into()
            }
            _ => return None,
        })
    }

    fn namespace(&self, call: u32, flags: &str, result: Outcome) -> Option<Payload> {
        Some(Namespace { call: NamespaceCall(call), flags: CloneFlags(self.word(flags)?), result }.into())
    }

    fn module(&self, call: u32, result: Outcome) -> Payload {
        let name = self.text_of("KERN_MODULE", "name").map(Box::new);
        Module { call: ModuleCall(call), name, parameters: None, result }.into()
    }

    fn mount(&self, call: u32, from: Option<Text>, to: Text, result: Outcome) -> Mount {
        Mount {
            call: MountCall(call),
            from: from.map(Box::new),
            to: Box::new(to),
            fstype: None,
            flags: None,
            unmount: None,
            command: None,
            option: None,
            attributes: None,
            result,
        }
    }

    /// What a process sends itself is no event, as it is none of the probe's.
    pub(super) fn is_to_itself(&self, payload: &Payload) -> bool {
        let own = self.number("pid");
        matches!(payload, Payload::Signal(Signal { target: SignalTarget(0 | 1), pid: Some(pid), .. }) if Some(pid.0) == own)
    }

    /// A refused call of these has records of the folders alone if the name is taken or is not there, or two paths of which
    /// nothing says which is which.
    pub(super) fn may_lack_names(name: &str, result: Outcome) -> bool {
        let named = ["mkdir", "mknod", "link", "symlink", "rename"].iter().any(|call| name.starts_with(call));
        named && matches!(result, Outcome::Errno(_))
    }

    /// The path that the call names; where it lies nowhere, there is no record of it.
    fn named(&self, result: Outcome) -> Option<Text> {
        self.named_paths().next().or_else(|| nowhere(result))
    }

    /// The path that was made, and the other one before it.
    pub(super) fn other_and_made(&self) -> Option<[Text; 2]> {
        let mut others = self.named_paths_and_kinds();
        let (made, _) = self.named_paths_and_kinds().find(|(_, kind)| *kind == b"CREATE")?;
        let (other, _) = others.find(|(_, kind)| *kind != b"CREATE")?;
        Some([other, made])
    }

    fn word(&self, name: &str) -> Option<u32> {
        self.argument(name).map(|argument| argument as u32)
    }

    fn long(&self, name: &str) -> Option<i64> {
        self.argument(name).map(|argument| argument as i64)
    }

    fn mode(&self, name: &str) -> Option<Mode> {
        self.word(name).map(Mode::of_argument)
    }

    fn id(&self, name: &str) -> Option<Id> {
        Some(Id(Some(self.word(name)?).filter(|id| *id != u32::MAX)))
    }
}

fn nowhere(result: Outcome) -> Option<Text> {
    (result == Outcome::Errno(Errno(EFAULT))).then(Text::default)
}
