//! Numbers of the kernel by their names: requests, commands, flags.
//!
//! Source: the kernel's include/uapi/linux (ptrace.h, sched.h, memfd.h, seccomp.h, personality.h, mount.h, bpf.h,
//! keyctl.h, io_uring.h) and asm-generic/mman-common.h; signals as x86-64 and arm64 number them. What has no name is written as its number.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::argument::{Argument, Form, Pid, Value, is_word, words};

/// A word that is neither a name nor a number.
#[derive(Debug, thiserror::Error)]
#[error("unknown name `{0}`")]
pub struct UnknownName(String);

type Table = &'static [(u32, &'static str)];

/// A number as itself, or by its name.
fn show_one(value: u32, table: Table, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match table.iter().find(|(known, _)| *known == value) {
        Some((_, name)) => f.write_str(name),
        None => write!(f, "{value}"),
    }
}

/// Bits by their names, joined by `|`; what is left in hexadecimal.
fn show_many(value: u32, table: Table, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut rest, mut first) = (value, true);
    for (bits, name) in table.iter().filter(|(bits, _)| *bits != 0 && value != u32::MAX) {
        if rest & bits == *bits {
            rest &= !bits;
            write!(f, "{}{name}", if first { "" } else { "|" })?;
            first = false;
        }
    }
    match (rest, first) {
        (0, true) => f.write_str("0"),
        (0, false) => Ok(()),
        (rest, _) => write!(f, "{}{rest:#x}", if first { "" } else { "|" }),
    }
}

/// Reads names and numbers joined by `|`; strace's remarks (`0x40 /* MS_??? */`) are passed over.
fn read(text: &str, table: Table) -> Result<u32, UnknownName> {
    text.split('|').try_fold(0, |all, word| {
        let word = word.split(" /*").next().unwrap_or(word).trim();
        let named = table.iter().find(|(_, name)| *name == word).map(|(bits, _)| *bits);
        let number = || match word.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => word.parse().ok(),
        };
        Ok(all | named.or_else(number).ok_or_else(|| UnknownName(word.to_owned()))?)
    })
}

macro_rules! symbols {
    ($($(#[doc = $doc:literal])* $name:ident $show:ident [$($value:literal $word:literal)*];)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            const TABLE: Table = &[$(($value, $word)),*];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $show(self.0, Self::TABLE, f)
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                read(text, Self::TABLE).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        words!($name);
    )*};
}

symbols! {
    /// Request of ptrace.
    PtraceRequest show_one [
        0 "PTRACE_TRACEME" 1 "PTRACE_PEEKTEXT" 2 "PTRACE_PEEKDATA" 3 "PTRACE_PEEKUSER" 4 "PTRACE_POKETEXT"
        5 "PTRACE_POKEDATA" 6 "PTRACE_POKEUSER" 7 "PTRACE_CONT" 8 "PTRACE_KILL" 9 "PTRACE_SINGLESTEP"
        12 "PTRACE_GETREGS" 13 "PTRACE_SETREGS" 14 "PTRACE_GETFPREGS" 15 "PTRACE_SETFPREGS" 16 "PTRACE_ATTACH"
        17 "PTRACE_DETACH" 18 "PTRACE_GETFPXREGS" 19 "PTRACE_SETFPXREGS" 24 "PTRACE_SYSCALL"
        25 "PTRACE_GET_THREAD_AREA" 26 "PTRACE_SET_THREAD_AREA" 30 "PTRACE_ARCH_PRCTL" 31 "PTRACE_SYSEMU"
        32 "PTRACE_SYSEMU_SINGLESTEP" 33 "PTRACE_SINGLEBLOCK" 0x4200 "PTRACE_SETOPTIONS"
        0x4201 "PTRACE_GETEVENTMSG" 0x4202 "PTRACE_GETSIGINFO" 0x4203 "PTRACE_SETSIGINFO"
        0x4204 "PTRACE_GETREGSET" 0x4205 "PTRACE_SETREGSET" 0x4206 "PTRACE_SEIZE" 0x4207 "PTRACE_INTERRUPT"
        0x4208 "PTRACE_LISTEN" 0x4209 "PTRACE_PEEKSIGINFO" 0x420a "PTRACE_GETSIGMASK"
        0x420b "PTRACE_SETSIGMASK" 0x420c "PTRACE_SECCOMP_GET_FILTER" 0x420d "PTRACE_SECCOMP_GET_METADATA"
        0x420e "PTRACE_GET_SYSCALL_INFO" 0x420f "PTRACE_GET_RSEQ_CONFIGURATION"
    ];
    /// Which call reaches into another process's memory.
    ProcessVmCall show_one [0 "process_vm_readv" 1 "process_vm_writev"];
    /// Which call changes namespaces.
    NamespaceCall show_one [0 "unshare" 1 "setns"];
    /// What unshare takes apart, or the kind of namespace that setns expects.
    CloneFlags show_many [
        0x80 "CLONE_NEWTIME" 0x100 "CLONE_VM" 0x200 "CLONE_FS" 0x400 "CLONE_FILES" 0x800 "CLONE_SIGHAND"
        0x10000 "CLONE_THREAD" 0x20000 "CLONE_NEWNS" 0x40000 "CLONE_SYSVSEM" 0x2000000 "CLONE_NEWCGROUP"
        0x4000000 "CLONE_NEWUTS" 0x8000000 "CLONE_NEWIPC" 0x10000000 "CLONE_NEWUSER" 0x20000000 "CLONE_NEWPID"
        0x40000000 "CLONE_NEWNET"
    ];
    /// Flags of memfd_create.
    MemfdFlags show_many [
        1 "MFD_CLOEXEC" 2 "MFD_ALLOW_SEALING" 4 "MFD_HUGETLB" 8 "MFD_NOEXEC_SEAL" 16 "MFD_EXEC"
    ];
    /// A signal.
    SignalName show_one [
        1 "SIGHUP" 2 "SIGINT" 3 "SIGQUIT" 4 "SIGILL" 5 "SIGTRAP" 6 "SIGABRT" 7 "SIGBUS" 8 "SIGFPE" 9 "SIGKILL"
        10 "SIGUSR1" 11 "SIGSEGV" 12 "SIGUSR2" 13 "SIGPIPE" 14 "SIGALRM" 15 "SIGTERM" 16 "SIGSTKFLT"
        17 "SIGCHLD" 18 "SIGCONT" 19 "SIGSTOP" 20 "SIGTSTP" 21 "SIGTTIN" 22 "SIGTTOU" 23 "SIGURG" 24 "SIGXCPU"
        25 "SIGXFSZ" 26 "SIGVTALRM" 27 "SIGPROF" 28 "SIGWINCH" 29 "SIGIO" 30 "SIGPWR" 31 "SIGSYS"
    ];
    /// To whom a signal goes: to a process, to one of its threads, to what a descriptor names, to a group, to the caller's
    /// own group, to everyone.
    SignalTarget show_one [0 "process" 1 "thread" 2 "descriptor" 3 "group" 4 "own-group" 5 "all"];
    /// Operation of seccomp.
    SeccompOperation show_one [
        0 "SECCOMP_SET_MODE_STRICT" 1 "SECCOMP_SET_MODE_FILTER" 2 "SECCOMP_GET_ACTION_AVAIL"
        3 "SECCOMP_GET_NOTIF_SIZES"
    ];
    /// Flags of seccomp.
    SeccompFlags show_many [
        1 "SECCOMP_FILTER_FLAG_TSYNC" 2 "SECCOMP_FILTER_FLAG_LOG" 4 "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
        8 "SECCOMP_FILTER_FLAG_NEW_LISTENER" 16 "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"
        32 "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    ];
    /// Execution domain; all bits set only ask for it.
    Persona show_many [
        0 "PER_LINUX" 8 "PER_LINUX32" 0x20000 "UNAME26" 0x40000 "ADDR_NO_RANDOMIZE" 0x80000 "FDPIC_FUNCPTRS"
        0x100000 "MMAP_PAGE_ZERO" 0x200000 "ADDR_COMPAT_LAYOUT" 0x400000 "READ_IMPLIES_EXEC"
        0x800000 "ADDR_LIMIT_32BIT" 0x1000000 "SHORT_INODE" 0x2000000 "WHOLE_SECONDS"
        0x4000000 "STICKY_TIMEOUTS" 0x8000000 "ADDR_LIMIT_3GB"
    ];
    /// Which call changes mounts.
    MountCall show_one [
        0 "mount" 1 "umount2" 2 "pivot_root" 3 "move_mount" 4 "fsopen" 5 "fsconfig" 6 "fsmount" 7 "fspick"
        8 "open_tree" 9 "open_tree_attr" 10 "mount_setattr"
    ];
    /// Command of fsconfig.
    MountCommand show_one [
        0 "FSCONFIG_SET_FLAG" 1 "FSCONFIG_SET_STRING" 2 "FSCONFIG_SET_BINARY" 3 "FSCONFIG_SET_PATH"
        4 "FSCONFIG_SET_PATH_EMPTY" 5 "FSCONFIG_SET_FD" 6 "FSCONFIG_CMD_CREATE" 7 "FSCONFIG_CMD_RECONFIGURE"
        8 "FSCONFIG_CMD_CREATE_EXCL"
    ];
    /// Attributes of a mount.
    MountAttributes show_many [
        1 "MOUNT_ATTR_RDONLY" 2 "MOUNT_ATTR_NOSUID" 4 "MOUNT_ATTR_NODEV" 8 "MOUNT_ATTR_NOEXEC"
        16 "MOUNT_ATTR_NOATIME" 32 "MOUNT_ATTR_STRICTATIME" 128 "MOUNT_ATTR_NODIRATIME"
        0x100000 "MOUNT_ATTR_IDMAP" 0x200000 "MOUNT_ATTR_NOSYMFOLLOW"
    ];
    /// Flags of mount.
    MountFlags show_many [
        1 "MS_RDONLY" 2 "MS_NOSUID" 4 "MS_NODEV" 8 "MS_NOEXEC" 16 "MS_SYNCHRONOUS" 32 "MS_REMOUNT" 64 "MS_MANDLOCK"
        128 "MS_DIRSYNC" 256 "MS_NOSYMFOLLOW" 1024 "MS_NOATIME" 2048 "MS_NODIRATIME" 4096 "MS_BIND" 8192 "MS_MOVE"
        16384 "MS_REC" 32768 "MS_SILENT" 0x10000 "MS_POSIXACL" 0x20000 "MS_UNBINDABLE" 0x40000 "MS_PRIVATE"
        0x80000 "MS_SLAVE" 0x100000 "MS_SHARED" 0x200000 "MS_RELATIME" 0x400000 "MS_KERNMOUNT"
        0x800000 "MS_I_VERSION" 0x1000000 "MS_STRICTATIME" 0x2000000 "MS_LAZYTIME" 0xc0ed0000 "MS_MGC_VAL"
    ];
    /// Flags of umount2.
    UmountFlags show_many [1 "MNT_FORCE" 2 "MNT_DETACH" 4 "MNT_EXPIRE" 8 "UMOUNT_NOFOLLOW"];
    /// Which call loads or removes a module.
    ModuleCall show_one [0 "init_module" 1 "finit_module" 2 "delete_module"];
    /// Command of bpf.
    BpfCommand show_one [
        0 "BPF_MAP_CREATE" 1 "BPF_MAP_LOOKUP_ELEM" 2 "BPF_MAP_UPDATE_ELEM" 3 "BPF_MAP_DELETE_ELEM"
        4 "BPF_MAP_GET_NEXT_KEY" 5 "BPF_PROG_LOAD" 6 "BPF_OBJ_PIN" 7 "BPF_OBJ_GET" 8 "BPF_PROG_ATTACH"
        9 "BPF_PROG_DETACH" 10 "BPF_PROG_TEST_RUN" 11 "BPF_PROG_GET_NEXT_ID" 12 "BPF_MAP_GET_NEXT_ID"
        13 "BPF_PROG_GET_FD_BY_ID" 14 "BPF_MAP_GET_FD_BY_ID" 15 "BPF_OBJ_GET_INFO_BY_FD" 16 "BPF_PROG_QUERY"
        17 "BPF_RAW_TRACEPOINT_OPEN" 18 "BPF_BTF_LOAD" 19 "BPF_BTF_GET_FD_BY_ID" 20 "BPF_TASK_FD_QUERY"
        21 "BPF_MAP_LOOKUP_AND_DELETE_ELEM" 22 "BPF_MAP_FREEZE" 23 "BPF_BTF_GET_NEXT_ID"
        24 "BPF_MAP_LOOKUP_BATCH" 25 "BPF_MAP_LOOKUP_AND_DELETE_BATCH" 26 "BPF_MAP_UPDATE_BATCH"
        27 "BPF_MAP_DELETE_BATCH" 28 "BPF_LINK_CREATE" 29 "BPF_LINK_UPDATE" 30 "BPF_LINK_GET_FD_BY_ID"
        31 "BPF_LINK_GET_NEXT_ID" 32 "BPF_ENABLE_STATS" 33 "BPF_ITER_CREATE" 34 "BPF_LINK_DETACH"
        35 "BPF_PROG_BIND_MAP" 36 "BPF_TOKEN_CREATE" 10 "BPF_PROG_RUN"
    ];
    /// Which call uses keys.
    KeyCall show_one [0 "add_key" 1 "request_key" 2 "keyctl"];
    /// Operation of keyctl.
    KeyctlOperation show_one [
        0 "KEYCTL_GET_KEYRING_ID" 1 "KEYCTL_JOIN_SESSION_KEYRING" 2 "KEYCTL_UPDATE" 3 "KEYCTL_REVOKE"
        4 "KEYCTL_CHOWN" 5 "KEYCTL_SETPERM" 6 "KEYCTL_DESCRIBE" 7 "KEYCTL_CLEAR" 8 "KEYCTL_LINK" 9 "KEYCTL_UNLINK"
        10 "KEYCTL_SEARCH" 11 "KEYCTL_READ" 12 "KEYCTL_INSTANTIATE" 13 "KEYCTL_NEGATE"
        14 "KEYCTL_SET_REQKEY_KEYRING" 15 "KEYCTL_SET_TIMEOUT" 16 "KEYCTL_ASSUME_AUTHORITY"
        17 "KEYCTL_GET_SECURITY" 18 "KEYCTL_SESSION_TO_PARENT" 19 "KEYCTL_REJECT" 20 "KEYCTL_INSTANTIATE_IOV"
        21 "KEYCTL_INVALIDATE" 22 "KEYCTL_GET_PERSISTENT" 23 "KEYCTL_DH_COMPUTE" 24 "KEYCTL_PKEY_QUERY"
        25 "KEYCTL_PKEY_ENCRYPT" 26 "KEYCTL_PKEY_DECRYPT" 27 "KEYCTL_PKEY_SIGN" 28 "KEYCTL_PKEY_VERIFY"
        29 "KEYCTL_RESTRICT_KEYRING" 30 "KEYCTL_MOVE" 31 "KEYCTL_CAPABILITIES" 32 "KEYCTL_WATCH_KEY"
    ];
    /// Flags of io_uring_setup.
    IoUringFlags show_many [
        1 "IORING_SETUP_IOPOLL" 2 "IORING_SETUP_SQPOLL" 4 "IORING_SETUP_SQ_AFF" 8 "IORING_SETUP_CQSIZE"
        16 "IORING_SETUP_CLAMP" 32 "IORING_SETUP_ATTACH_WQ" 64 "IORING_SETUP_R_DISABLED"
        128 "IORING_SETUP_SUBMIT_ALL" 256 "IORING_SETUP_COOP_TASKRUN" 512 "IORING_SETUP_TASKRUN_FLAG"
        1024 "IORING_SETUP_SQE128" 2048 "IORING_SETUP_CQE32" 4096 "IORING_SETUP_SINGLE_ISSUER"
        8192 "IORING_SETUP_DEFER_TASKRUN" 16384 "IORING_SETUP_NO_MMAP" 32768 "IORING_SETUP_REGISTERED_FD_ONLY"
        65536 "IORING_SETUP_NO_SQARRAY"
    ];
    /// Whether a ring is made or used.
    RingCall show_one [0 "io_uring_setup" 1 "submit"];
    /// What a ring is to do.
    RingOperation show_one [
        0 "IORING_OP_NOP" 1 "IORING_OP_READV" 2 "IORING_OP_WRITEV" 3 "IORING_OP_FSYNC" 4 "IORING_OP_READ_FIXED"
        5 "IORING_OP_WRITE_FIXED" 6 "IORING_OP_POLL_ADD" 7 "IORING_OP_POLL_REMOVE" 8 "IORING_OP_SYNC_FILE_RANGE"
        9 "IORING_OP_SENDMSG" 10 "IORING_OP_RECVMSG" 11 "IORING_OP_TIMEOUT" 12 "IORING_OP_TIMEOUT_REMOVE"
        13 "IORING_OP_ACCEPT" 14 "IORING_OP_ASYNC_CANCEL" 15 "IORING_OP_LINK_TIMEOUT" 16 "IORING_OP_CONNECT"
        17 "IORING_OP_FALLOCATE" 18 "IORING_OP_OPENAT" 19 "IORING_OP_CLOSE" 20 "IORING_OP_FILES_UPDATE"
        21 "IORING_OP_STATX" 22 "IORING_OP_READ" 23 "IORING_OP_WRITE" 24 "IORING_OP_FADVISE"
        25 "IORING_OP_MADVISE" 26 "IORING_OP_SEND" 27 "IORING_OP_RECV" 28 "IORING_OP_OPENAT2"
        29 "IORING_OP_EPOLL_CTL" 30 "IORING_OP_SPLICE" 31 "IORING_OP_PROVIDE_BUFFERS"
        32 "IORING_OP_REMOVE_BUFFERS" 33 "IORING_OP_TEE" 34 "IORING_OP_SHUTDOWN" 35 "IORING_OP_RENAMEAT"
        36 "IORING_OP_UNLINKAT" 37 "IORING_OP_MKDIRAT" 38 "IORING_OP_SYMLINKAT" 39 "IORING_OP_LINKAT"
        40 "IORING_OP_MSG_RING" 41 "IORING_OP_FSETXATTR" 42 "IORING_OP_SETXATTR" 43 "IORING_OP_FGETXATTR"
        44 "IORING_OP_GETXATTR" 45 "IORING_OP_SOCKET" 46 "IORING_OP_URING_CMD" 47 "IORING_OP_SEND_ZC"
        48 "IORING_OP_SENDMSG_ZC" 49 "IORING_OP_READ_MULTISHOT" 50 "IORING_OP_WAITID" 51 "IORING_OP_FUTEX_WAIT"
        52 "IORING_OP_FUTEX_WAKE" 53 "IORING_OP_FUTEX_WAITV" 54 "IORING_OP_FIXED_FD_INSTALL"
        55 "IORING_OP_FTRUNCATE" 56 "IORING_OP_BIND" 57 "IORING_OP_LISTEN" 58 "IORING_OP_RECV_ZC"
        59 "IORING_OP_EPOLL_WAIT" 60 "IORING_OP_READV_FIXED" 61 "IORING_OP_WRITEV_FIXED" 62 "IORING_OP_PIPE"
    ];
    /// Which call reads or writes.
    DataCall show_one [
        0 "read" 1 "pread64" 2 "readv" 3 "preadv" 4 "preadv2" 5 "mmap" 6 "sendfile" 7 "splice"
        8 "copy_file_range" 9 "write" 10 "pwrite64" 11 "writev" 12 "pwritev" 13 "pwritev2"
    ];
    /// What may be done with mapped memory.
    Protection show_many [1 "PROT_READ" 2 "PROT_WRITE" 4 "PROT_EXEC" 8 "PROT_SEM"];
}

impl MountFlags {
    /// The same without what old programs put into the upper half, which means nothing.
    #[must_use]
    pub fn meant(self) -> Self {
        const MAGIC: u32 = 0xc0ed_0000;
        if self.0 & 0xffff_0000 == MAGIC { Self(self.0 & 0xffff) } else { self }
    }
}

impl SignalTarget {
    /// Whom `kill` means by a number, and the process or group that it names.
    pub fn of_kill(pid: i32) -> (Self, Option<Pid>) {
        match pid {
            0 => (Self(4), None),
            -1 => (Self(5), None),
            pid => (Self(if pid > 0 { 0 } else { 3 }), Some(Pid(pid.unsigned_abs()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloneFlags, MountFlags, Persona, PtraceRequest};

    #[test]
    fn names_and_numbers() {
        assert_eq!(PtraceRequest(16).to_string(), "PTRACE_ATTACH");
        assert_eq!(PtraceRequest(77).to_string(), "77");
        assert_eq!(CloneFlags(0).to_string(), "0");
        assert_eq!(CloneFlags(0x60000001).to_string(), "CLONE_NEWPID|CLONE_NEWNET|0x1");
        let read = "MS_REC|MS_PRIVATE|0x200 /* MS_??? */".parse::<MountFlags>().unwrap();
        assert_eq!(read, MountFlags(0x44200));
        assert_eq!("PER_LINUX|ADDR_NO_RANDOMIZE".parse::<Persona>().unwrap(), Persona(0x40000));
        assert_eq!(Persona(u32::MAX).to_string(), "0xffffffff");
        assert!("MS_NONE".parse::<MountFlags>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_what_is_read(value: u32) {
            assert_eq!(MountFlags(value).to_string().parse::<MountFlags>().unwrap(), MountFlags(value));
            assert_eq!(PtraceRequest(value).to_string().parse::<PtraceRequest>().unwrap(), PtraceRequest(value));
        }
    }
}
