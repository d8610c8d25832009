//! What is mounted where, from `/proc/self/mountinfo` (format: proc_pid_mountinfo(5)).

use std::path::{Path, PathBuf};

use crate::Options;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The folder of the file system that is seen there; `/` when it is all of it.
    pub root: String,
    /// Where it is.
    pub at: PathBuf,
    /// `cgroup2`, `tracefs`, ...
    pub fstype: String,
    /// The mount cannot be written to.
    pub read_only: bool,
}

/// All mounts of this process's mount namespace, in the kernel's order.
pub fn mounts(options: &Options) -> Vec<Mount> {
    options
        .text("/proc/self/mountinfo")
        .map_or_else(Vec::new, |text| text.lines().filter_map(parse).collect())
}

/// The cgroup2 hierarchy, wherever it is: a whole and writable mount is preferred.
pub fn cgroup2(mounts: &[Mount]) -> Option<&Mount> {
    let rank = |mount: &&Mount| (mount.read_only, mount.root != "/");
    mounts.iter().filter(|mount| mount.fstype == "cgroup2").min_by_key(rank)
}

pub(crate) fn of_type<'a>(mounts: &'a [Mount], fstype: &str) -> Option<&'a Mount> {
    mounts.iter().find(|mount| mount.fstype == fstype)
}

/// Whether the running kernel knows a file system (a module not yet loaded does not count).
pub(crate) fn kernel_knows(options: &Options, fstype: &str) -> bool {
    options
        .text("/proc/filesystems")
        .is_some_and(|text| text.lines().any(|line| line.split_whitespace().last() == Some(fstype)))
}

/// Where a missing cgroup2 is to be mounted: beside a v1 hierarchy, or in its usual place.
pub(crate) fn cgroup2_place(mounts: &[Mount]) -> &'static Path {
    let usual = Path::new("/sys/fs/cgroup");
    let taken = mounts.iter().any(|mount| mount.at == usual);
    if taken { Path::new("/sys/fs/cgroup/unified") } else { usual }
}

fn parse(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let fields: Vec<&str> = before.split(' ').collect();
    let [_, _, _, root, at, flags, ..] = fields.as_slice() else { return None };
    let mut after = after.split(' ');
    let fstype = after.next()?.to_owned();
    let superblock = after.nth(1).unwrap_or("");
    let read_only = [flags, superblock].iter().any(|list| list.split(',').any(|flag| flag == "ro"));
    Some(Mount { root: unescape(root), at: PathBuf::from(unescape(at)), fstype, read_only })
}

/// Undoes `\040` and its like.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal =
            tail.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755";

    #[test]
    fn fields_after_optional_ones_are_found() {
        let mount =
            parse(r"41 31 0:31 /a /mnt/with\040space ro,relatime shared:4 master:1 - cgroup2 none rw")
                .unwrap();
        let at = PathBuf::from("/mnt/with space");
        assert_eq!(mount, Mount { root: "/a".into(), at, fstype: "cgroup2".into(), read_only: true });
        assert_eq!(parse("41 31 0:31 / /x rw"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn whole_writable_cgroup2_is_preferred() {
        let lines = [
            "1 0 0:1 /docker/x /a rw - cgroup2 c rw",
            "2 0 0:1 / /b ro - cgroup2 c rw",
            "3 0 0:1 / /c rw - cgroup2 c rw",
        ];
        let all: Vec<Mount> = lines.iter().filter_map(|line| parse(line)).collect();
        assert_eq!(cgroup2(&all).unwrap().at, Path::new("/c"));
        assert_eq!(cgroup2(&all[..2]).unwrap().at, Path::new("/a"));
    }

    #[test]
    fn cgroup2_goes_beside_v1() {
        assert_eq!(cgroup2_place(&[parse(HYBRID).unwrap()]), Path::new("/sys/fs/cgroup/unified"));
        assert_eq!(cgroup2_place(&[]), Path::new("/sys/fs/cgroup"));
    }
}
