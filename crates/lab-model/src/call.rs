//! Calls whose payload is what was asked for and how it ended: each declared once, part by part, so that goldens,
//! comparisons and reports treat all of them alike. The macro that declares them is in `declare`.

use serde::{Deserialize, Serialize};

use crate::{
    Action, Address, Field, FileId, Outcome, Payload, Text,
    argument::{Argument, CapabilitySet, Id, Mode, Pid, Shape, Size},
    declare::{Call, Change, calls},
    symbol::{
        BpfCommand, CloneFlags, DataCall, IoUringFlags, KeyCall, KeyctlOperation, MemfdFlags, ModuleCall,
        MountAttributes, MountCall, MountCommand, MountFlags, NamespaceCall, Persona, ProcessVmCall,
        Protection, PtraceRequest, RingCall, RingOperation, SeccompFlags, SeccompOperation, SignalName,
        SignalTarget, UmountFlags,
    },
};

calls! {
    /// A directory was, or was to be, made.
    Mkdir {
        /// path as the caller gave it
        path: Text = Path,
        /// permissions as asked for
        mode: Mode = Mode,
    }

    /// A file was, or was to be, given a second name.
    HardLink {
        /// its name
        from: Text = From,
        /// the new name
        to: Text = To,
    }

    /// A symbolic link was, or was to be, made.
    Symlink {
        /// path of the link
        path: Text = Path,
        /// what it holds
        to: Text = To,
    }

    /// The permissions of a file were, or were to be, changed.
    Chmod {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// permissions
        mode: Mode = Mode,
    }

    /// The owner of a file was, or was to be, changed.
    Chown {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// user
        owner: Id = Owner,
        /// group
        group: Id = Group,
    }

    /// A file was, or was to be, cut or extended.
    Truncate {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// to this many bytes
        length: i64 = Length,
    }

    /// A device, a FIFO, a socket or an empty file was, or was to be, made.
    Mknod {
        /// path as the caller gave it
        path: Text = Path,
        /// type and permissions
        mode: Mode = Mode,
        /// device number as the caller gave it, 0 for what is no device
        device: u32 = Device,
    }

    /// A socket was, or was to be, made to listen.
    Listen {
        /// connections that may wait
        backlog: i64 = Backlog,
    }

    /// Bytes were, or were to be, sent.
    Send {
        /// where to: as the caller gave it, or where the socket is connected to
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Box<Address>> = Address,
        /// what a DNS server was asked for, `example.org AAAA` each
        #[serde(default, skip_serializing_if = "Option::is_none")]
        questions: Option<Box<[Text]>> = Questions,
        /// how many
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<Size> = Length,
    }

    /// Another process was, or was to be, traced.
    Ptrace {
        /// request
        request: PtraceRequest = Request,
        /// of which process
        pid: Pid = Target,
    }

    /// Memory of another process was, or was to be, read or written.
    ProcessVm {
        /// which call
        call: ProcessVmCall = Call,
        /// of which process
        pid: Pid = Target,
    }

    /// Capabilities were, or were to be, set.
    Capability {
        /// of which process, 0 for the caller
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<Pid> = Target,
        /// effective set
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective: Option<Box<CapabilitySet>> = Effective,
        /// permitted set
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permitted: Option<Box<CapabilitySet>> = Permitted,
        /// inheritable set
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inheritable: Option<Box<CapabilitySet>> = Inheritable,
    }

    /// A namespace was, or was to be, left for a new one or for another's.
    Namespace {
        /// which call
        call: NamespaceCall = Call,
        /// flags of unshare, kind of namespace for setns
        flags: CloneFlags = Flags,
    }

    /// A file in memory was, or was to be, made.
    Memfd {
        /// its name
        name: Text = Name,
        /// flags
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flags: Option<MemfdFlags> = Flags,
    }

    /// A signal was, or was to be, sent to another process.
    Signal {
        /// which; 0 only asks whether it could be sent
        signal: SignalName = Signal,
        /// to whom
        target: SignalTarget = Target,
        /// the process (of a thread: tkill names the thread alone) or group, where one is named
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<Pid> = Target,
    }

    /// A filter of system calls was, or was to be, asked for or set.
    Seccomp {
        /// operation
        operation: SeccompOperation = Operation,
        /// flags
        flags: SeccompFlags = Flags,
    }

    /// The execution domain was, or was to be, asked for or set.
    Personality {
        /// domain
        persona: Persona = Persona,
    }

    /// A file system was, or was to be, mounted, moved or taken away.
    Mount {
        /// which call
        call: MountCall = Call,
        /// source: a device, a folder, a mount; pivot_root's new root; what open_tree opens
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Box<Text>> = From,
        /// where; pivot_root's place for the old root; empty for a call that names no place
        to: Box<Text> = To,
        /// type of file system
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fstype: Option<Box<Text>> = Type,
        /// flags of mount
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flags: Option<MountFlags> = Flags,
        /// flags of umount2
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unmount: Option<UmountFlags> = Unmount,
        /// command of fsconfig
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<MountCommand> = Command,
        /// option that fsconfig sets; of `source` alone with its value, `source=/dev/sda`
        #[serde(default, skip_serializing_if = "Option::is_none")]
        option: Option<Box<Text>> = Parameters,
        /// what fsmount, mount_setattr and open_tree_attr set
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attributes: Option<MountAttributes> = Flags,
    }

    /// A kernel module was, or was to be, loaded or removed.
    Module {
        /// which call
        call: ModuleCall = Call,
        /// its name, where the call has it
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Box<Text>> = Name,
        /// its parameters
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameters: Option<Box<Text>> = Parameters,
    }

    /// eBPF was, or was to be, used.
    Bpf {
        /// command
        command: BpfCommand = Command,
        /// `BPF_PROG_TYPE_*` or `BPF_MAP_TYPE_*` of what is loaded or made
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<u32> = Type,
    }

    /// A key of the kernel was, or was to be, used. What the key holds is never recorded.
    Keyctl {
        /// which call
        call: KeyCall = Call,
        /// operation of keyctl
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<KeyctlOperation> = Operation,
        /// type of the key
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_type: Option<Box<Text>> = Type,
        /// its description
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Box<Text>> = Name,
    }

    /// A ring for calls was, or was to be, made; or a call was given to one.
    IoUring {
        /// which of the two
        call: RingCall = Call,
        /// size of the ring
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entries: Option<u32> = Length,
        /// flags of the ring
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flags: Option<IoUringFlags> = Flags,
        /// what the ring is to do
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<RingOperation> = Operation,
    }

    /// Bytes of a file whose reads are recorded were, or were to be, read or mapped.
    Read {
        /// which call
        call: DataCall = Call,
        /// path of the file as the kernel has it
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// its identity
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileId> = File,
        /// where it begins, if the call says so
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<i64> = Offset,
        /// how many bytes were asked for
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<Size> = Length,
        /// what may be done with a mapping
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protection: Option<Protection> = Protection,
    }

    /// Bytes were, or were to be, written to a file whose writes are recorded; or it was mapped to be written to.
    Write {
        /// which call
        call: DataCall = Call,
        /// path of the file as the kernel has it
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// its identity
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileId> = File,
        /// path of the file that they come from, if its reads are recorded
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Text> = From,
        /// where it begins, if the call says so
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<i64> = Offset,
        /// how many bytes were given
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<Size> = Length,
        /// what may be done with a mapping
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protection: Option<Protection> = Protection,
    }
}
