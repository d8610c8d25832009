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
    (1318, "OBJ_PID"),
    (1321, "BPRM_FCAPS"),
    (1322, "CAPSET"),
    (1325, "NETFILTER_CFG"),
    (1326, "SECCOMP"),
    (1327, "PROCTITLE"),
    (1330, "KERN_MODULE"),
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
    (50, "listen"),
    (56, "clone"),
    (57, "fork"),
    (58, "vfork"),
    (59, "execve"),
    (62, "kill"),
    (76, "truncate"),
    (77, "ftruncate"),
    (82, "rename"),
    (83, "mkdir"),
    (84, "rmdir"),
    (85, "creat"),
    (86, "link"),
    (87, "unlink"),
    (88, "symlink"),
    (90, "chmod"),
    (91, "fchmod"),
    (92, "chown"),
    (93, "fchown"),
    (94, "lchown"),
    (101, "ptrace"),
    (105, "setuid"),
    (106, "setgid"),
    (113, "setreuid"),
    (114, "setregid"),
    (116, "setgroups"),
    (117, "setresuid"),
    (119, "setresgid"),
    (122, "setfsuid"),
    (123, "setfsgid"),
    (126, "capset"),
    (129, "rt_sigqueueinfo"),
    (133, "mknod"),
    (135, "personality"),
    (155, "pivot_root"),
    (165, "mount"),
    (166, "umount2"),
    (175, "init_module"),
    (176, "delete_module"),
    (200, "tkill"),
    (231, "exit_group"),
    (234, "tgkill"),
    (248, "add_key"),
    (249, "request_key"),
    (250, "keyctl"),
    (257, "openat"),
    (258, "mkdirat"),
    (259, "mknodat"),
    (260, "fchownat"),
    (263, "unlinkat"),
    (264, "renameat"),
    (265, "linkat"),
    (266, "symlinkat"),
    (268, "fchmodat"),
    (272, "unshare"),
    (288, "accept4"),
    (297, "rt_tgsigqueueinfo"),
    (308, "setns"),
    (310, "process_vm_readv"),
    (311, "process_vm_writev"),
    (313, "finit_module"),
    (316, "renameat2"),
    (317, "seccomp"),
    (321, "bpf"),
    (322, "execveat"),
    (424, "pidfd_send_signal"),
    (425, "io_uring_setup"),
    (437, "openat2"),
];

const AARCH64: &[(u32, &str)] = &[
    (33, "mknodat"),
    (34, "mkdirat"),
    (35, "unlinkat"),
    (36, "symlinkat"),
    (37, "linkat"),
    (38, "renameat"),
    (39, "umount2"),
    (40, "mount"),
    (41, "pivot_root"),
    (45, "truncate"),
    (46, "ftruncate"),
    (52, "fchmod"),
    (53, "fchmodat"),
    (54, "fchownat"),
    (55, "fchown"),
    (56, "openat"),
    (91, "capset"),
    (92, "personality"),
    (94, "exit_group"),
    (97, "unshare"),
    (105, "init_module"),
    (106, "delete_module"),
    (117, "ptrace"),
    (129, "kill"),
    (130, "tkill"),
    (131, "tgkill"),
    (138, "rt_sigqueueinfo"),
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
    (201, "listen"),
    (202, "accept"),
    (203, "connect"),
    (217, "add_key"),
    (218, "request_key"),
    (219, "keyctl"),
    (220, "clone"),
    (221, "execve"),
    (240, "rt_tgsigqueueinfo"),
    (242, "accept4"),
    (268, "setns"),
    (270, "process_vm_readv"),
    (271, "process_vm_writev"),
    (273, "finit_module"),
    (276, "renameat2"),
    (277, "seccomp"),
    (280, "bpf"),
    (281, "execveat"),
    (424, "pidfd_send_signal"),
    (425, "io_uring_setup"),
    (437, "openat2"),
];
