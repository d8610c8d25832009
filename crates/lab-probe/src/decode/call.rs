//! What happened, from the arguments and texts alone: the kinds without a body.

use lab_abi::{Call, Kind, TextAt, flag, ring, send};
use lab_model::{
    Bpf, BpfCommand, Capability, CapabilitySet, Chmod, Chown, CloneFlags, HardLink, Id, IoUring,
    IoUringFlags, KeyCall, Keyctl, KeyctlOperation, Listen, Memfd, MemfdFlags, Mkdir, Mknod, Mode, Module,
    ModuleCall, Namespace, NamespaceCall, Outcome, Payload, Persona, Personality, Pid, ProcessVm,
    ProcessVmCall, Ptrace, PtraceRequest, RingCall, RingOperation, Seccomp, SeccompFlags, SeccompOperation,
    Send, Signal, SignalName, SignalTarget, Size, Symlink, Text, Truncate,
};
use serde_json::Value;

use super::{Raw, address::address, mount::mount, payload::dirfd};
use crate::record::Record;

/// The payload, and what has no place in it.
pub(super) fn payload(record: &Record<'_>, result: Outcome, raw: &mut Raw) -> Option<Payload> {
    if record.kind == Kind::IoUring && record.head.call == 0 {
        let operation = Some(RingOperation(record.body::<ring::Ring>()?.operation));
        return Some(IoUring { call: RingCall(1), entries: None, flags: None, operation, result }.into());
    }
    let call = Call::from_code(record.head.call)?;
    let args = Arguments { record, call };
    notes(&args, raw);
    let path = || args.text(0);
    Some(match call {
        Call::Mkdir => Mkdir { path: path(), mode: args.mode(1), result }.into(),
        Call::Mkdirat => Mkdir { path: path(), mode: args.mode(2), result }.into(),
        Call::Link | Call::Linkat => HardLink { from: path(), to: args.text(1), result }.into(),
        Call::Symlink | Call::Symlinkat => Symlink { path: args.text(1), to: path(), result }.into(),
        Call::Chmod => Chmod { path: Some(path()), mode: args.mode(1), result }.into(),
        Call::Fchmod => Chmod { path: None, mode: args.mode(1), result }.into(),
        Call::Fchmodat | Call::Fchmodat2 => Chmod { path: Some(path()), mode: args.mode(2), result }.into(),
        Call::Chown | Call::Lchown => {
            Chown { path: Some(path()), owner: args.id(1), group: args.id(2), result }.into()
        }
        Call::Fchown => Chown { path: None, owner: args.id(1), group: args.id(2), result }.into(),
        Call::Fchownat => Chown { path: Some(path()), owner: args.id(2), group: args.id(3), result }.into(),
        Call::Truncate => Truncate { path: Some(path()), length: args.long(1), result }.into(),
        Call::Ftruncate => Truncate { path: None, length: args.long(1), result }.into(),
        Call::Mknod => Mknod { path: path(), mode: args.mode(1), device: args.device(1), result }.into(),
        Call::Mknodat => Mknod { path: path(), mode: args.mode(2), device: args.device(2), result }.into(),
        Call::Listen => Listen { backlog: i64::from(args.word(1) as i32), result }.into(),
        Call::Sendto | Call::Sendmsg | Call::Sendmmsg => send(record, result, raw)?.into(),
        _ => return process(&args, result).or_else(|| kernel(&args, result)),
    })
}

/// What is done to processes.
fn process(args: &Arguments<'_, '_>, result: Outcome) -> Option<Payload> {
    let sent = |signal: usize, (target, pid)| {
        Signal { signal: SignalName(args.word(signal)), target, pid, result }.into()
    };
    let signal = |signal: usize, target, pid: Option<u32>| sent(signal, (SignalTarget(target), pid.map(Pid)));
    let process_vm = |call| ProcessVm { call: ProcessVmCall(call), pid: Pid(args.word(0)), result }.into();
    Some(match args.call {
        Call::Ptrace => {
            Ptrace { request: PtraceRequest(args.word(0)), pid: Pid(args.word(1)), result }.into()
        }
        Call::ProcessVmReadv => process_vm(0),
        Call::ProcessVmWritev => process_vm(1),
        Call::Capset => capset(args, result).into(),
        Call::Unshare => Namespace { call: NamespaceCall(0), flags: CloneFlags(args.word(0)), result }.into(),
        Call::Setns => Namespace { call: NamespaceCall(1), flags: CloneFlags(args.word(1)), result }.into(),
        Call::MemfdCreate => {
            Memfd { name: args.text(0), flags: Some(MemfdFlags(args.word(1))), result }.into()
        }
        Call::Kill => sent(1, SignalTarget::of_kill(args.word(0) as i32)),
        Call::Tkill => signal(1, 1, Some(args.word(0))),
        Call::Tgkill | Call::RtTgsigqueueinfo => signal(2, 1, Some(args.word(0))),
        Call::RtSigqueueinfo => signal(1, 0, Some(args.word(0))),
        Call::PidfdSendSignal => signal(1, 2, None),
        Call::Seccomp => {
            let (operation, flags) = (SeccompOperation(args.word(0)), SeccompFlags(args.word(1)));
            Seccomp { operation, flags, result }.into()
        }
        Call::Personality => Personality { persona: Persona(args.word(0)), result }.into(),
        _ => return None,
    })
}

/// Version 1 of the structure has one word for each set; later ones a second list of words behind it.
fn capset(args: &Arguments<'_, '_>, result: Outcome) -> Capability {
    const VERSION_1: u32 = 0x1998_0330;
    let word = |text: usize, at: usize| {
        let bytes = args.record.text(text).get(at * 4..)?;
        bytes.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes))
    };
    let set = |at: usize| {
        let high = if word(0, 0)? == VERSION_1 { 0 } else { word(1, at + 3)? };
        Some(Box::new(CapabilitySet(u64::from(word(1, at)?) | u64::from(high) << 32)))
    };
    let pid = word(0, 1).map(Pid);
    Capability { pid, effective: set(0), permitted: set(1), inheritable: set(2), result }
}

/// What is done to the kernel.
fn kernel(args: &Arguments<'_, '_>, result: Outcome) -> Option<Payload> {
    let given = |argument: usize, text: usize| args.given(argument, text);
    let module = |call, name, parameters| Module { call: ModuleCall(call), name, parameters, result }.into();
    let key = |call, operation, key_type, description| {
        Keyctl { call: KeyCall(call), operation, key_type, description, result }.into()
    };
    Some(match args.call {
        Call::InitModule => module(0, None, given(2, 0)),
        Call::FinitModule => module(1, None, given(1, 0)),
        Call::DeleteModule => module(2, given(0, 0), None),
        Call::Bpf => {
            let command = BpfCommand(args.word(0));
            let has_type = matches!(command.to_string().as_str(), "BPF_PROG_LOAD" | "BPF_MAP_CREATE");
            let kind = args.record.text(0).first_chunk::<4>().filter(|_| has_type);
            Bpf { command, kind: kind.map(|bytes| u32::from_ne_bytes(*bytes)), result }.into()
        }
        Call::AddKey => key(0, None, given(0, 0), given(1, 1)),
        Call::RequestKey => key(1, None, given(0, 0), given(1, 1)),
        Call::Keyctl => key(2, Some(KeyctlOperation(args.word(0))), None, None),
        Call::IoUringSetup => {
            let flags = args.record.text(0).last_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes));
            let (entries, flags) = (Some(args.word(0)), flags.map(IoUringFlags));
            IoUring { call: RingCall(0), entries, flags, operation: None, result }.into()
        }
        _ if args.call.kind() == Kind::Mount => mount(args, result).into(),
        _ => return None,
    })
}

fn send(record: &Record<'_>, result: Outcome, raw: &mut Raw) -> Option<Send> {
    let body: send::Send = record.body()?;
    if body.messages > 1 {
        raw.insert("messages".to_owned(), Value::from(body.messages));
    }
    let questions: Vec<Text> = [1, 2]
        .map(|index| record.text(index))
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(Text::from)
        .collect();
    Some(Send {
        address: (!record.text(0).is_empty()).then(|| Box::new(address(record.text(0)))),
        questions: (!questions.is_empty()).then(|| questions.into()),
        length: (body.messages <= 2).then(|| u32::try_from(body.length).ok()).flatten().map(Size),
        result,
    })
}

/// Descriptors and flags that the payload has no place for.
fn notes(args: &Arguments<'_, '_>, raw: &mut Raw) {
    let (directories, descriptor, flags): (&[(&str, usize)], Option<usize>, Option<usize>) = match args.call {
        Call::Mkdirat | Call::Mknodat | Call::Fchmodat => (&[("dirfd", 0)], None, None),
        Call::Fchmodat2 => (&[("dirfd", 0)], None, Some(3)),
        Call::Fchownat => (&[("dirfd", 0)], None, Some(4)),
        Call::Symlinkat => (&[("dirfd", 1)], None, None),
        Call::Linkat => (&[("from_dirfd", 0), ("to_dirfd", 2)], None, Some(4)),
        Call::Fchmod | Call::Fchown | Call::Ftruncate | Call::Listen => (&[], Some(0), None),
        Call::Sendto | Call::Sendmmsg => (&[], Some(0), Some(3)),
        Call::Sendmsg => (&[], Some(0), Some(2)),
        Call::Setns | Call::PidfdSendSignal => (&[], Some(0), None),
        Call::FinitModule => (&[], Some(0), Some(2)),
        Call::DeleteModule => (&[], None, Some(1)),
        Call::MoveMount => (&[("from_dirfd", 0), ("to_dirfd", 2)], None, Some(4)),
        Call::Fsopen => (&[], None, Some(1)),
        Call::Fsconfig => (&[], Some(0), None),
        Call::Fsmount => (&[], Some(0), Some(1)),
        Call::Fspick | Call::OpenTree | Call::OpenTreeAttr | Call::MountSetattr => {
            (&[("dirfd", 0)], None, Some(2))
        }
        _ => (&[], None, None),
    };
    for (name, at) in directories {
        dirfd(raw, name, args.word(*at) as i32);
    }
    if let Some(at) = descriptor {
        raw.insert("fd".to_owned(), Value::from(args.word(at) as i32));
    }
    if let Some(flags) = flags.map(|at| args.word(at)).filter(|flags| *flags != 0) {
        raw.insert("flags".to_owned(), Value::from(flags));
    }
}

/// A record's arguments and texts.
pub(super) struct Arguments<'r, 'a> {
    pub(super) record: &'r Record<'a>,
    pub(super) call: Call,
}

impl Arguments<'_, '_> {
    pub(super) fn long(&self, at: usize) -> i64 {
        self.record.head.args[at] as i64
    }

    pub(super) fn word(&self, at: usize) -> u32 {
        self.record.head.args[at] as u32
    }

    fn mode(&self, at: usize) -> Mode {
        Mode::of_argument(self.word(at))
    }

    /// The device behind the mode that is argument `mode`.
    fn device(&self, mode: usize) -> u32 {
        self.mode(mode).device(self.word(mode + 1))
    }

    fn id(&self, at: usize) -> Id {
        Id(Some(self.word(at)).filter(|id| *id != u32::MAX))
    }

    /// Text `text`, to which `argument` points: absent if that is null, or where it could not be read.
    pub(super) fn given(&self, argument: usize, text: usize) -> Option<Box<Text>> {
        let unreadable = self.record.flag(flag::UNREADABLE << text);
        (self.long(argument) != 0 && !unreadable).then(|| Box::new(self.text(text)))
    }

    /// Text `index` of the call's descriptor.
    fn text(&self, index: usize) -> Text {
        debug_assert_ne!(self.call.descriptor().texts[index].how, TextAt::NONE);
        Text::from(self.record.text(index))
    }
}
