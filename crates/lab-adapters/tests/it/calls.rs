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
