//! A record as it lies in the ring buffer: a head, a body by kind, then up to three texts back to back.

/// Longest text of a record, in bytes.
pub const TEXT: usize = 4096;
/// Number of texts of a record.
pub const TEXTS: usize = 3;
/// Room for all texts of a record, in bytes.
pub const DATA: usize = TEXT * TEXTS;
/// Room for the body, in bytes; every body struct fits.
pub const BODY: usize = 80;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident $number:literal $word:literal,)*) => {
        /// What a record is about; also the index of the kind's counters.
        #[repr(u16)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            /// Records were lost before this one.
            Loss = 0,
            $($(#[doc = $doc])* $name = $number,)*
        }

        impl Kind {
            /// All kinds of event, without `Loss`, by their numbers from 1.
            pub const EVENTS: &'static [Self] = &[$(Self::$name),*];

            /// The name of the kind: module and event share it, and so does the program file where there is one.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Loss => "loss",
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A new image, or the refusal of one.
    Exec 1 "exec",
    /// A new process, or the refusal of one.
    Fork 2 "fork",
    /// The end of a process.
    Exit 3 "exit",
    /// A file opened or refused.
    Open 4 "open",
    /// A name removed.
    Unlink 5 "unlink",
    /// A name moved.
    Rename 6 "rename",
    /// A socket connected.
    Connect 7 "connect",
    /// A socket bound.
    Bind 8 "bind",
    /// A connection accepted.
    Accept 9 "accept",
    /// User or group ids changed.
    Setid 10 "setid",
    /// A directory made.
    Mkdir 11 "mkdir",
    /// A second name for a file.
    Link 12 "link",
    /// A symbolic link made.
    Symlink 13 "symlink",
    /// Permissions changed.
    Chmod 14 "chmod",
    /// Owner or group changed.
    Chown 15 "chown",
    /// A file cut or extended to a length.
    Truncate 16 "truncate",
    /// A device, FIFO or file made.
    Mknod 17 "mknod",
    /// A socket made to listen.
    Listen 18 "listen",
    /// Bytes given to a socket to send.
    Send 19 "send",
    /// Another process traced.
    Ptrace 20 "ptrace",
    /// Memory of another process read or written.
    ProcessVm 21 "process-vm",
    /// Capabilities set.
    Capability 22 "capability",
    /// A namespace left for another.
    Namespace 23 "namespace",
    /// A file in memory made.
    Memfd 24 "memfd",
    /// A signal sent to another process.
    Signal 25 "signal",
    /// A filter of system calls asked for or set.
    Seccomp 26 "seccomp",
    /// The execution domain asked for or set.
    Personality 27 "personality",
    /// File systems mounted, moved, taken away.
    Mount 28 "mount",
    /// A kernel module loaded or removed.
    Module 29 "module",
    /// eBPF used.
    Bpf 30 "bpf",
    /// Keys of the kernel used.
    Keyctl 31 "keyctl",
    /// A ring for calls made, or a call given to one.
    IoUring 32 "io-uring",
    /// How a connect ended that had returned before it was known.
    ConnectLater 33 "connect-later",
    /// Bytes of a declared file read.
    Read 34 "read",
    /// Bytes written to a declared file.
    Write 35 "write",
}

impl Kind {
    /// The kind with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        if number == 0 {
            return Some(Self::Loss);
        }
        Self::EVENTS.get(usize::from(number) - 1).copied()
    }
}

/// Bits of [`Head::flags`].
pub mod flag {
    /// The enter side was not seen (refused by seccomp, skipped, or older than the attach): times are the exit's.
    pub const NO_ENTER: u16 = 1;
    /// A text was read at exit, because its page was not resident at enter.
    pub const TEXT_AT_EXIT: u16 = 2;
    /// The syscall came by the 32-bit entry.
    pub const COMPAT: u16 = 4;
    /// Text 0, 1 or 2 is cut off at its bound (shift by the index).
    pub const CUT: u16 = 1 << 4;
    /// Text 0, 1 or 2 could not be read (shift by the index).
    pub const UNREADABLE: u16 = 1 << 8;
}

/// The part that every record has.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Bytes of the whole record, texts included.
    pub len: u32,
    /// A [`Kind`].
    pub kind: u16,
    /// Bits of [`flag`].
    pub flags: u16,
    /// Number of the record on its CPU, from 1; a lost record leaves a gap.
    pub seq: u64,
    /// CPU that wrote the record.
    pub cpu: u32,
    /// Syscall number, or `u32::MAX` where the record comes from no syscall.
    pub nr: u32,
    /// A [`crate::Call`] code, 0 for none.
    pub call: u32,
    /// Namespaced process id: as the process sees itself.
    pub ns_tgid: u32,
    /// Boot clock at enter, ns.
    pub enter: u64,
    /// Boot clock at exit, ns.
    pub exit: u64,
    /// Return value; a negative one is -errno.
    pub ret: i64,
    /// Process and thread id in the init pid namespace.
    pub tgid: u32,
    /// See `tgid`.
    pub tid: u32,
    /// Start of the process on the boot clock, ns.
    pub start: u64,
    /// Exec sequence number (`self_exec_id`): each new image of a process has a higher one.
    pub exec_seq: u64,
    /// Inode of the process's own pid namespace.
    pub pid_ns: u32,
    /// Inode of the mount namespace.
    pub mnt_ns: u32,
    /// Process id of the parent, init pid namespace.
    pub parent_tgid: u32,
    /// Thread id as the thread sees itself.
    pub ns_tid: u32,
    /// Start of the parent on the boot clock, ns.
    pub parent_start: u64,
    /// Exec sequence number of the parent.
    pub parent_exec_seq: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// uid gid suid sgid euid egid fsuid fsgid, as in the kernel's `struct cred`.
    pub ids: [u32; 8],
    /// Command name.
    pub comm: [u8; 16],
    /// The syscall's arguments as passed.
    pub args: [u64; 6],
    /// Bytes of each text.
    pub text: [u32; TEXTS],
    /// Zero.
    pub reserved: u32,
}

/// What the kernel keeps for a thread between enter and exit; the record is built in place.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slot {
    /// The [`Kind`] of the syscall in flight, 0 for none.
    pub active: u64,
    /// Head of the record.
    pub head: Head,
    /// Body by kind.
    pub body: [u64; BODY / 8],
    /// Texts back to back.
    pub data: [u8; DATA],
}

/// A type that any bytes are a valid value of.
///
/// # Safety
/// The type is `repr(C)`, has no padding, and every bit pattern is valid.
pub unsafe trait Plain: Copy {}

// SAFETY: integers and arrays of them, laid out without padding.
unsafe impl Plain for Head {}

/// Reads a `T` from the front of `bytes`; `None` when they are too few.
pub fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: enough bytes, no alignment needed, and any bit pattern is a `T`.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

const _: () = assert!(size_of::<Head>().is_multiple_of(8));
const _: () = assert!(size_of::<Head>() == 4 + 2 + 2 + 8 + 16 + 24 + 8 + 16 + 16 + 24 + 32 + 16 + 48 + 16);
const _: () = assert!(size_of::<crate::setid::Setid>() <= BODY);
const _: () = assert!(size_of::<crate::fork::Fork>() <= BODY);
const _: () = assert!(size_of::<crate::send::Send>() <= BODY);
const _: () = assert!(size_of::<crate::exec::Exec>() <= BODY);
const _: () = assert!(size_of::<crate::open::Open>() <= BODY);
