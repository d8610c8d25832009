//! Mounts of this process, as far as the probe asks.

use std::path::PathBuf;

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// the directory of the file system that is mounted
    pub(crate) root: PathBuf,
    /// where
    pub(crate) at: PathBuf,
}

/// The mounts of one type in the text of a `mountinfo` file.
///
/// Source: proc_pid_mountinfo(5).
pub(crate) fn of_type(mountinfo: &str, kind: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let (front, back) = line.split_once(" - ")?;
        if back.split(' ').next() != Some(kind) {
            return None;
        }
        let mut fields = front.split(' ').skip(3);
        Some(Mount { root: unescape(fields.next()?), at: unescape(fields.next()?) })
    };
    mountinfo.lines().filter_map(mount).collect()
}

/// Space, tab, newline and backslash are octal there.
fn unescape(field: &str) -> PathBuf {
    let mut out = field.to_owned();
    for (code, text) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        out = out.replace(code, text);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::{Mount, of_type};

    #[test]
    fn finds_by_type() {
        let text = "36 35 0:33 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n\
                    40 35 0:40 /a\\040b /mnt rw - cgroup2 none rw\n\
                    41 35 0:41 / /tmp rw - tmpfs tmpfs rw\n\
                    damaged line\n";
        let mount = |root: &str, at: &str| Mount { root: root.into(), at: at.into() };
        assert_eq!(of_type(text, "cgroup2"), [mount("/", "/sys/fs/cgroup"), mount("/a b", "/mnt")]);
    }
}
