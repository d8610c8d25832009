//! Forms of the calls that are declared part by part.

use crate::forms::one;

#[test]
fn files() {
    for (line, event) in [
        (r#"mkdir("/a", 01777) = 0"#, r#"mkdir mode=1023 path="/a" result={"ok":0}"#),
        (
            r#"mkdirat(AT_FDCWD, "/a", 0700) = -1 EEXIST (File exists)"#,
            r#"mkdir mode=448 path="/a" result={"errno":"EEXIST"}"#,
        ),
        (r#"link("a", "b") = 0"#, r#"link from="a" result={"ok":0} to="b""#),
        (
            r#"linkat(AT_FDCWD, "a", 4, "b", AT_SYMLINK_FOLLOW) = -1 EXDEV (x)"#,
            r#"link from="a" result={"errno":"EXDEV"} to="b""#,
        ),
        (r#"symlink("/etc", "l") = 0"#, r#"symlink path="l" result={"ok":0} to="/etc""#),
        (r#"symlinkat("/etc", AT_FDCWD, "l") = 0"#, r#"symlink path="l" result={"ok":0} to="/etc""#),
        (r#"chmod("a", 04755) = 0"#, r#"chmod mode=2541 path="a" result={"ok":0}"#),
        (r#"fchmod(3, 0640) = 0"#, r#"chmod mode=416 result={"ok":0}"#),
        (
            r#"fchmodat(AT_FDCWD, 0x7, 0) = -1 EFAULT (Bad address)"#,
            r#"chmod mode=0 path="" result={"errno":"EFAULT"}"#,
        ),
        (r#"lchown("a", -1, 1000) = 0"#, r#"chown group=1000 owner=null path="a" result={"ok":0}"#),
        (
            r#"fchownat(3, "a", 0, 0, AT_SYMLINK_NOFOLLOW) = -1 EPERM (x)"#,
            r#"chown group=0 owner=0 path="a" result={"errno":"EPERM"}"#,
        ),
        (r#"fchown(3, 0, 4294967295) = 0"#, r#"chown group=null owner=0 result={"ok":0}"#),
        (r#"truncate("a", 8589934592) = 0"#, r#"truncate length=8589934592 path="a" result={"ok":0}"#),
        (r#"ftruncate(3, -1) = -1 EINVAL (x)"#, r#"truncate length=-1 result={"errno":"EINVAL"}"#),
        (r#"mknod("f", S_IFIFO|0600) = 0"#, r#"mknod device=0 mode=4480 path="f" result={"ok":0}"#),
        (
            r#"mknodat(AT_FDCWD, "d", S_IFCHR|0666, makedev(0x1, 0x103)) = -1 EPERM (x)"#,
            r#"mknod device=1048835 mode=8630 path="d" result={"errno":"EPERM"}"#,
        ),
    ] {
        assert_eq!(one(line), event, "{line}");
    }
}

#[test]
fn network() {
    for (line, event) in [
        ("listen(4, 7)       = 0 <0.000013240>", r#"listen backlog=7 result={"ok":0}"#),
        ("listen(-1, -1) = -1 EBADF (Bad file descriptor)", r#"listen backlog=-1 result={"errno":"EBADF"}"#),
    ] {
        assert_eq!(one(line), event, "{line}");
    }
}

#[test]
fn processes_and_the_kernel() {
    for (line, event) in [
        (r#"ptrace(PTRACE_TRACEME) = 0"#, r#"ptrace pid=0 request="PTRACE_TRACEME" result={"ok":0}"#),
        (
            r#"ptrace(PTRACE_SEIZE, 7, NULL, PTRACE_O_TRACESYSGOOD) = -1 EPERM (x)"#,
            r#"ptrace pid=7 request="PTRACE_SEIZE" result={"errno":"EPERM"}"#,
        ),
        (
            r#"capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN, permitted=0, inheritable=0}) = 0"#,
            r#"capability result={"ok":0}"#,
        ),
        (r#"unshare(CLONE_NEWNS) = 0"#, r#"namespace call="unshare" flags="CLONE_NEWNS" result={"ok":0}"#),
        (r#"setns(3, 0) = -1 EINVAL (x)"#, r#"namespace call="setns" flags="0" result={"errno":"EINVAL"}"#),
        (
            r#"memfd_create("n", MFD_CLOEXEC|MFD_ALLOW_SEALING) = 5"#,
            r#"memfd flags="MFD_CLOEXEC|MFD_ALLOW_SEALING" name="n" result={"ok":5}"#,
        ),
        (r#"memfd_create("n", MFD_HUGETLB|21<<MFD_HUGE_SHIFT) = 5"#, r#"memfd name="n" result={"ok":5}"#),
        (r#"kill(7, SIGTERM) = 0"#, r#"signal pid=7 result={"ok":0} signal="SIGTERM" target="process""#),
        (r#"kill(-1, 99) = -1 EINVAL (x)"#, r#"signal result={"errno":"EINVAL"} signal="99" target="all""#),
        (
            r#"tgkill(7, 8, SIGRT_1) = -1 ESRCH (x)"#,
            r#"signal pid=7 result={"errno":"ESRCH"} signal="33" target="thread""#,
        ),
        ("tgkill(100, 100, SIGABRT) = 0", ""),
        (
            r#"seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=3, filter=0x7f}) = 0"#,
            r#"seccomp flags="SECCOMP_FILTER_FLAG_TSYNC" operation="SECCOMP_SET_MODE_FILTER" result={"ok":0}"#,
        ),
        (
            r#"personality(PER_LINUX|ADDR_NO_RANDOMIZE) = 0 (PER_LINUX)"#,
            r#"personality persona="ADDR_NO_RANDOMIZE" result={"ok":0}"#,
        ),
        (
            r#"mount("none", "/mnt", "tmpfs", MS_MGC_VAL|MS_NOSUID, "size=1") = 0"#,
            r#"mount call="mount" flags="MS_NOSUID" from="none" fstype="tmpfs" result={"ok":0} to="/mnt""#,
        ),
        (
            r#"mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL) = -1 ENOENT (x)"#,
            r#"mount call="mount" flags="MS_REC|MS_PRIVATE" result={"errno":"ENOENT"} to="/""#,
        ),
        (
            r#"umount2("/a", MNT_DETACH) = 0"#,
            r#"mount call="umount2" result={"ok":0} to="/a" unmount="MNT_DETACH""#,
        ),
        (r#"pivot_root("/a", "/b") = 0"#, r#"mount call="pivot_root" from="/a" result={"ok":0} to="/b""#),
        (
            r#"move_mount(AT_FDCWD, "/a", AT_FDCWD, "/b", MOVE_MOUNT_F_EMPTY_PATH) = 0"#,
            r#"mount call="move_mount" from="/a" result={"ok":0} to="/b""#,
        ),
        (
            r#"finit_module(3, "p=1", 0) = -1 EPERM (x)"#,
            r#"module call="finit_module" parameters="p=1" result={"errno":"EPERM"}"#,
        ),
        (
            r#"delete_module("m", O_NONBLOCK) = -1 EPERM (x)"#,
            r#"module call="delete_module" name="m" result={"errno":"EPERM"}"#,
        ),
        (
            r#"bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_KPROBE, insn_cnt=3}, 128) = -1 EPERM (x)"#,
            r#"bpf command="BPF_PROG_LOAD" result={"errno":"EPERM"}"#,
        ),
        (
            r#"io_uring_setup(8, {flags=IORING_SETUP_CLAMP, sq_thread_cpu=0}) = 3"#,
            r#"io-uring call="io_uring_setup" entries=8 flags="IORING_SETUP_CLAMP" result={"ok":3}"#,
        ),
    ] {
        assert_eq!(one(line), event, "{line}");
    }
}
