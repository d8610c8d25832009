//! The scope: a directory of the cgroup v2 hierarchy, known to the kernel by id and level.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use crate::{Error, mounts};

/// Inode of the initial cgroup namespace (the kernel's `PROC_CGROUP_INIT_INO`).
const INIT_NAMESPACE: u64 = 0xeffffffb;

/// A scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// absolute path of the directory
    pub(crate) path: PathBuf,
    /// cgroup id: the directory's inode
    pub(crate) id: u64,
    /// steps below the root of the hierarchy
    pub(crate) level: u32,
}

impl Scope {
    /// Looks at a directory.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Scope { path: path.into(), reason };
        let absolute = fs::canonicalize(path).map_err(|error| refuse(error.to_string()))?;
        let system = statfs(&absolute).map_err(|error| refuse(error.to_string()))?;
        if system.filesystem_type() != CGROUP2_SUPER_MAGIC {
            return Err(refuse("it is not a directory of the cgroup v2 hierarchy".to_owned()));
        }
        let id = fs::metadata(&absolute).map_err(|error| refuse(error.to_string()))?.ino();
        let info = fs::read_to_string("/proc/self/mountinfo")
            .map_err(|error| Error::file("read", "/proc/self/mountinfo", error))?;
        let level = level(&absolute, &mounts::of_type(&info, "cgroup2"))
            .ok_or_else(|| refuse("no cgroup2 mount contains it".to_owned()))?;
        let namespace = fs::metadata("/proc/self/ns/cgroup").map_or(INIT_NAMESPACE, |m| m.ino());
        if namespace != INIT_NAMESPACE {
            return Err(refuse(
                "this process is in a cgroup namespace, where the level of a cgroup cannot be known"
                    .to_owned(),
            ));
        }
        if level == 0 {
            return Err(refuse("it is the root of the hierarchy: every process of the machine".to_owned()));
        }
        Ok(Self { path: absolute, id, level })
    }
}

/// Steps from the root of the hierarchy to `path`.
fn level(path: &Path, mounts: &[mounts::Mount]) -> Option<u32> {
    let best = mounts.iter().filter(|m| path.starts_with(&m.at)).max_by_key(|m| m.at.components().count())?;
    let inside = path.strip_prefix(&best.at).ok()?;
    let steps = best.root.components().count() - 1 + inside.components().count();
    u32::try_from(steps).ok()
}

#[cfg(test)]
mod tests {
    use super::{Scope, level};
    use crate::mounts::Mount;
    use std::path::Path;

    #[test]
    fn levels_count_from_the_root() {
        let mounts = [
            Mount { root: "/".into(), at: "/sys/fs/cgroup".into() },
            Mount { root: "/docker/x".into(), at: "/sys/fs/cgroup/inner".into() },
        ];
        assert_eq!(level(Path::new("/sys/fs/cgroup"), &mounts), Some(0));
        assert_eq!(level(Path::new("/sys/fs/cgroup/a/b"), &mounts), Some(2));
        assert_eq!(level(Path::new("/sys/fs/cgroup/inner/a"), &mounts), Some(3));
        assert_eq!(level(Path::new("/tmp"), &mounts), None);
    }

    #[test]
    fn what_is_no_cgroup_is_refused() {
        let say = |path: &str| Scope::open(Path::new(path)).unwrap_err().to_string();
        assert_eq!(say("/nonexistent"), "use /nonexistent as scope: No such file or directory (os error 2)");
        assert_eq!(say("/"), "use / as scope: it is not a directory of the cgroup v2 hierarchy");
    }
}
