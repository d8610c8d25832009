//! Names of the syscalls that the programs know, whatever their number on the machine, and what of their arguments
//! is read.

use crate::{Kind, Plain};

/// Where a text of a record comes from.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextAt {
    /// The argument that points to it.
    pub arg: u8,
    /// One of [`TextAt::NONE`], [`TextAt::STRING`], [`TextAt::BYTES`].
    pub how: u8,
    /// How many bytes.
    pub size: u8,
    /// Zero.
    pub reserved: u8,
}

impl TextAt {
    /// There is no such text.
    pub const NONE: u8 = 0;
    /// A string that ends in NUL.
    pub const STRING: u8 = 1;
    /// A fixed number of bytes.
    pub const BYTES: u8 = 2;

    const fn none() -> Self {
        Self { arg: 0, how: Self::NONE, size: 0, reserved: 0 }
    }

    const fn bytes(arg: u8, size: u8) -> Self {
        Self { arg, how: Self::BYTES, size, reserved: 0 }
    }

    const fn string(arg: u8) -> Self {
        Self { arg, how: Self::STRING, size: 0, reserved: 0 }
    }
}

/// What the programs know of a syscall: the value of the table indexed by its number.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// A [`Call`] code, 0 for none.
    pub call: u32,
    /// A [`Kind`].
    pub kind: u16,
    /// Zero.
    pub reserved: u16,
    /// What the generic programs read; kinds with programs of their own read for themselves.
    pub texts: [TextAt; 3],
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Descriptor {}

macro_rules! texts {
    () => {
        [TextAt::none(); 3]
    };
    ($a:expr) => {
        [$a, TextAt::none(), TextAt::none()]
    };
    ($a:expr, $b:expr) => {
        [$a, $b, TextAt::none()]
    };
    ($a:expr, $b:expr, $c:expr) => {
        [$a, $b, $c]
    };
}

macro_rules! calls {
    ($($name:ident $text:literal $kind:ident $nr:literal $($how:ident($($of:literal),*))*),* $(,)?) => {
        /// A syscall.
        #[repr(u32)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call {
            $(#[doc = $text] $name,)*
        }

        impl Call {
            /// All of them, with their x86_64 numbers.
            pub const ALL: &'static [(Self, u32)] = &[$((Self::$name, $nr),)*];

            /// The syscall's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it is about.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }

            const fn texts(self) -> [TextAt; 3] {
                match self { $(Self::$name => texts!($(TextAt::$how($($of),*)),*),)* }
            }
        }
    };
}

impl Call {
    /// The code in records: 0 is no syscall.
    pub const fn code(self) -> u32 {
        self as u32 + 1
    }

    /// The syscall with this code.
    pub fn from_code(code: u32) -> Option<Self> {
        let index = usize::try_from(code.checked_sub(1)?).ok()?;
        Self::ALL.get(index).map(|(call, _)| *call)
    }

    /// What the programs know of it.
    pub const fn descriptor(self) -> Descriptor {
        Descriptor { call: self.code(), kind: self.kind() as u16, reserved: 0, texts: self.texts() }
    }
}

calls! {
    Execve "execve" Exec 59,
    Execveat "execveat" Exec 322,
    Clone "clone" Fork 56,
    Fork "fork" Fork 57,
    Vfork "vfork" Fork 58,
    Clone3 "clone3" Fork 435,
    Open "open" Open 2,
    Creat "creat" Open 85,
    Openat "openat" Open 257,
    Openat2 "openat2" Open 437,
    OpenByHandleAt "open_by_handle_at" Open 304,
    Unlink "unlink" Unlink 87,
    Rmdir "rmdir" Unlink 84,
    Unlinkat "unlinkat" Unlink 263,
    Rename "rename" Rename 82,
    Renameat "renameat" Rename 264,
    Renameat2 "renameat2" Rename 316,
    Connect "connect" Connect 42,
    Bind "bind" Bind 49,
    Accept "accept" Accept 43,
    Accept4 "accept4" Accept 288,
    Setuid "setuid" Setid 105,
    Setgid "setgid" Setid 106,
    Setreuid "setreuid" Setid 113,
    Setregid "setregid" Setid 114,
    Setgroups "setgroups" Setid 116,
    Setresuid "setresuid" Setid 117,
    Setresgid "setresgid" Setid 119,
    Setfsuid "setfsuid" Setid 122,
    Setfsgid "setfsgid" Setid 123,
    Mkdir "mkdir" Mkdir 83 string(0),
    Mkdirat "mkdirat" Mkdir 258 string(1),
    Link "link" Link 86 string(0) string(1),
    Linkat "linkat" Link 265 string(1) string(3),
    Symlink "symlink" Symlink 88 string(0) string(1),
    Symlinkat "symlinkat" Symlink 266 string(0) string(2),
    Chmod "chmod" Chmod 90 string(0),
    Fchmod "fchmod" Chmod 91,
    Fchmodat "fchmodat" Chmod 268 string(1),
    Fchmodat2 "fchmodat2" Chmod 452 string(1),
    Chown "chown" Chown 92 string(0),
    Lchown "lchown" Chown 94 string(0),
    Fchown "fchown" Chown 93,
    Fchownat "fchownat" Chown 260 string(1),
    Truncate "truncate" Truncate 76 string(0),
    Ftruncate "ftruncate" Truncate 77,
    Mknod "mknod" Mknod 133 string(0),
    Mknodat "mknodat" Mknod 259 string(1),
    Listen "listen" Listen 50,
    Sendto "sendto" Send 44,
    Sendmsg "sendmsg" Send 46,
    Sendmmsg "sendmmsg" Send 307,
    Ptrace "ptrace" Ptrace 101,
    ProcessVmReadv "process_vm_readv" ProcessVm 310,
    ProcessVmWritev "process_vm_writev" ProcessVm 311,
    Capset "capset" Capability 126 bytes(0, 8) bytes(1, 24),
    Unshare "unshare" Namespace 272,
    Setns "setns" Namespace 308,
    MemfdCreate "memfd_create" Memfd 319 string(0),
    Kill "kill" Signal 62,
    Tkill "tkill" Signal 200,
    Tgkill "tgkill" Signal 234,
    RtSigqueueinfo "rt_sigqueueinfo" Signal 129,
    RtTgsigqueueinfo "rt_tgsigqueueinfo" Signal 297,
    PidfdSendSignal "pidfd_send_signal" Signal 424,
    Seccomp "seccomp" Seccomp 317,
    Personality "personality" Personality 135,
    Mount "mount" Mount 165 string(0) string(1) string(2),
    Umount2 "umount2" Mount 166 string(0),
    PivotRoot "pivot_root" Mount 155 string(0) string(1),
    MoveMount "move_mount" Mount 429 string(1) string(3),
    Fsopen "fsopen" Mount 430 string(0),
    Fsconfig "fsconfig" Mount 431 string(2) string(3),
    Fsmount "fsmount" Mount 432,
    Fspick "fspick" Mount 433 string(1),
    OpenTree "open_tree" Mount 428 string(1),
    OpenTreeAttr "open_tree_attr" Mount 467 string(1) bytes(3, 32),
    MountSetattr "mount_setattr" Mount 442 string(1) bytes(3, 32),
    InitModule "init_module" Module 175 string(2),
    FinitModule "finit_module" Module 313 string(1),
    DeleteModule "delete_module" Module 176 string(0),
    Bpf "bpf" Bpf 321 bytes(1, 4),
    AddKey "add_key" Keyctl 248 string(0) string(1),
    RequestKey "request_key" Keyctl 249 string(0) string(1),
    Keyctl "keyctl" Keyctl 250,
    IoUringSetup "io_uring_setup" IoUring 425 bytes(1, 12),
    Read "read" Read 0,
    Pread64 "pread64" Read 17,
    Readv "readv" Read 19,
    Preadv "preadv" Read 295,
    Preadv2 "preadv2" Read 327,
    Mmap "mmap" Read 9,
    Sendfile "sendfile" Read 40,
    Splice "splice" Read 275,
    CopyFileRange "copy_file_range" Read 326,
    Write "write" Write 1,
    Pwrite64 "pwrite64" Write 18,
    Writev "writev" Write 20,
    Pwritev "pwritev" Write 296,
    Pwritev2 "pwritev2" Write 328,
}

/// Entries of the tables indexed by syscall number.
pub const TABLE: u32 = 512;
