//! The scope: a directory of the cgroup v2 hierarchy, known to the kernel by id and level.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use aya::maps::{HashMap, MapData};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use crate::{Error, mounts};

/// Inode of the initial cgroup namespace (the kernel's `PROC_CGROUP_INIT_INO`).
const INIT_NAMESPACE: u64 = 0xeffffffb;

/// Who is to be observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// the processes of a cgroup, a directory of the cgroup v2 hierarchy, and of those below it
    Cgroup(PathBuf),
    /// all processes of the machine but this one, and those of this cgroup and below it
    Host {
        /// directory of that cgroup: the lab
        without: Option<PathBuf>,
    },
    /// a process and all that come from it
    Tree(u32),
}

/// A scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// absolute path of the directory
    pub(crate) path: PathBuf,
    /// cgroup id: the directory's inode
    pub(crate) id: u64,
    /// steps below the root of the hierarchy
    pub(crate) level: u32,
    /// id and level of a cgroup in it that is left out; id 0 for none
    pub(crate) without: (u64, u32),
    /// of the scope only this process and those that come from it
    pub(crate) tree: Option<u32>,
}

impl Scope {
    /// Looks at whom is meant.
    pub(crate) fn of(whom: &Whom) -> Result<Self, Error> {
        match whom {
            Whom::Cgroup(path) => {
                let scope = Self::open(path)?;
                if scope.level == 0 {
                    let reason = "it is the root of the hierarchy: every process of the machine".to_owned();
                    return Err(Error::Scope { path: path.clone(), reason });
                }
                Ok(scope)
            }
            Whom::Host { without } => {
                let mut scope = Self::root()?;
                if let Some(path) = without {
                    let lab = Self::open(path)?;
                    scope.without = (lab.id, lab.level);
                }
                Ok(scope)
            }
            Whom::Tree(pid) => {
                if !Path::new("/proc").join(pid.to_string()).exists() {
                    let reason = "there is no such process".to_owned();
                    return Err(Error::Scope { path: format!("process {pid}").into(), reason });
                }
                Ok(Self { tree: Some(*pid), ..Self::root()? })
            }
        }
    }

    /// The whole hierarchy.
    fn root() -> Result<Self, Error> {
        let info = fs::read_to_string("/proc/self/mountinfo")
            .map_err(|error| Error::file("read", "/proc/self/mountinfo", error))?;
        let mounts = mounts::of_type(&info, "cgroup2");
        let whole = mounts.into_iter().find(|mount| mount.root == Path::new("/"));
        let refuse = || Error::Scope { path: "/".into(), reason: "no cgroup2 is mounted".to_owned() };
        Self::open(&whole.ok_or_else(refuse)?.at)
    }

    /// Puts the processes that there are now into the programs' table of those that are observed.
    pub(crate) fn grow(&self, tree: &mut HashMap<MapData, u32, u8>) -> Result<(), Error> {
        let Some(first) = self.tree else { return Ok(()) };
        let parents: Vec<(u32, u32)> = procfs::process::all_processes()
            .into_iter()
            .flatten()
            .filter_map(|process| process.ok()?.stat().ok())
            .filter_map(|stat| Some((u32::try_from(stat.pid).ok()?, u32::try_from(stat.ppid).ok()?)))
            .collect();
        let mut found = vec![first];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            tree.insert(parent, 1, 0).map_err(|error| Error::load(&error))?;
            found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
            at += 1;
        }
        Ok(())
    }

    /// Looks at a directory.
    fn open(path: &Path) -> Result<Self, Error> {
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
        Ok(Self { path: absolute, id, level, without: (0, 0), tree: None })
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
