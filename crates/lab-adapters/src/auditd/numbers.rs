//! Numbers of system calls. Sources: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and
//! include/uapi/asm-generic/unistd.h.

/// The name of a call that events are made from.
pub(crate) fn name(arch: &[u8], number: u32) -> Option<&'static str> {
    let table = match arch {
        b"c000003e" => X86_64,
        b"c00000b7" => AARCH64,
        _ => return None,
    };
    table.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The line that the daemon writes for a record as the kernel sends it; nothing for the end of an event, which it does not
/// write. Source: the kernel's include/uapi/linux/audit.h.
pub fn line(kind: u16, text: &[u8]) -> Option<Vec<u8>> {
    const END_OF_EVENT: u16 = 1320;
    let name = RECORDS.iter().find(|(known, _)| *known == kind).map(|(_, name)| (*name).to_owned());
    let name = name.unwrap_or_else(|| format!("UNKNOWN[{kind}]"));
    let text = text.split(|byte| *byte == 0 || *byte == b'\n').next().unwrap_or_default();
    (kind != END_OF_EVENT).then(|| [b"type=", name.as_bytes(), b" msg=", text, b"\n"].concat())
}

const RECORDS: &[(u16, &str)] = &[
    (1006, "LOGIN"),
    (1300, "SYSCALL"),
    (1302, "PATH"),
    (1305, "CONFIG_CHANGE"),
    (1306, "SOCKADDR"),
    (1307, "CWD"),
    (1309, "EXECVE"),
    (1321, "BPRM_FCAPS"),
    (1325, "NETFILTER_CFG"),
    (1326, "SECCOMP"),
    (1327, "PROCTITLE"),
    (1334, "BPF"),
    (1337, "OPENAT2"),
    (1400, "AVC"),
    (1701, "ANOM_ABEND"),
];

/// The calls that rules are made for, on the machine that this is built for.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let table = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };
    table.iter().map(|(_, name)| *name)
}

/// The number of a call on the machine that this is built for, if it has it.
pub(crate) fn number(name: &str) -> Option<u32> {
    let table = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };
    table.iter().chain(NO_RULE).find(|(_, known)| *known == name).map(|(number, _)| *number)
}

/// Calls that no rule is made for, with the same number on both machines.
const NO_RULE: &[(u32, &str)] = &[(435, "clone3")];

const X86_64: &[(u32, &str)] = &[
    (2, "open"),
    (42, "connect"),
    (43, "accept"),
    (49, "bind"),
    (56, "clone"),
    (57, "fork"),
    (58, "vfork"),
    (59, "execve"),
    (82, "rename"),
    (84, "rmdir"),
    (85, "creat"),
    (87, "unlink"),
    (105, "setuid"),
    (106, "setgid"),
    (113, "setreuid"),
    (114, "setregid"),
    (116, "setgroups"),
    (117, "setresuid"),
    (119, "setresgid"),
    (122, "setfsuid"),
    (123, "setfsgid"),
    (231, "exit_group"),
    (257, "openat"),
    (263, "unlinkat"),
    (264, "renameat"),
    (288, "accept4"),
    (316, "renameat2"),
    (322, "execveat"),
    (437, "openat2"),
];

const AARCH64: &[(u32, &str)] = &[
    (35, "unlinkat"),
    (38, "renameat"),
    (56, "openat"),
    (94, "exit_group"),
    (143, "setregid"),
    (144, "setgid"),
    (145, "setreuid"),
    (146, "setuid"),
    (147, "setresuid"),
    (149, "setresgid"),
    (151, "setfsuid"),
    (152, "setfsgid"),
    (159, "setgroups"),
    (200, "bind"),
    (202, "accept"),
    (203, "connect"),
    (220, "clone"),
    (221, "execve"),
    (242, "accept4"),
    (276, "renameat2"),
    (281, "execveat"),
    (437, "openat2"),
];
