//! What of what is in scope is recorded, and how the programs are told.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Component, Path, PathBuf},
};

use lab_abi::{
    FileKey, Kind,
    filter::{COUNT, PATHS, Paths},
};
use lab_model::{Action, limits};
use nix::libc::{major, minor};

use crate::{Error, session::action};

/// What is wanted; by default all but reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// only these actions, if any are named; exec, fork and exit always are, since they tell who acts
    pub actions: Vec<Action>,
    /// of what is about paths only what is about these and what is below them, if any are named
    pub paths: Vec<PathBuf>,
    /// but for exec, fork and exit only what these programs do, if any are named
    pub executables: Vec<PathBuf>,
    /// the files whose reads and writes are recorded, and folders of such files
    pub files: Vec<PathBuf>,
}

/// The same as the programs take it.
pub(crate) struct Filter {
    pub(crate) paths: Paths,
    pub(crate) declared: Paths,
    pub(crate) executables: Vec<FileKey>,
    /// declared files that are there already
    pub(crate) files: Vec<FileKey>,
}

const _: () = assert!(COUNT == limits::PROBE_PATHS && PATHS > limits::PROBE_PATH + 1);

/// Files that are marked before anybody opens them, at most; the table of the programs has room for as many again.
const FILES: usize = 8192;
/// Programs that the table has room for.
const EXECUTABLES: usize = 64;

impl Wanted {
    /// True if what a kind tells is to be recorded.
    pub(crate) fn kind(&self, kind: Kind) -> bool {
        match kind {
            Kind::Exec | Kind::Fork | Kind::Exit => true,
            Kind::Read | Kind::Write => !self.files.is_empty() && self.names(kind),
            kind => self.names(kind),
        }
    }

    /// True if the actions that were named are not all, and this one is not among them.
    pub(crate) fn leaves_out(&self, kind: Kind) -> bool {
        !matches!(kind, Kind::Exec | Kind::Fork | Kind::Exit) && !self.names(kind)
    }

    fn names(&self, kind: Kind) -> bool {
        self.actions.is_empty() || action(kind).is_some_and(|action| self.actions.contains(&action))
    }

    /// Looks at the files that are named.
    pub(crate) fn compile(&self) -> Result<Filter, Error> {
        let mut executables = Vec::new();
        for path in &self.executables {
            let found = fs::metadata(path).map_err(|error| Error::wanted(path, error.to_string()))?;
            executables.push(key(&found));
        }
        if executables.len() > EXECUTABLES {
            let path = &self.executables[EXECUTABLES];
            return Err(Error::wanted(path, format!("there are more than {EXECUTABLES} programs before it")));
        }
        let mut files = Vec::new();
        for path in &self.files {
            mark(path, &mut files);
        }
        Ok(Filter { paths: paths(&self.paths)?, declared: paths(&self.files)?, executables, files })
    }
}

/// The regular files at and below a path. Links are not followed: a file is what it is by its inode.
fn mark(path: &Path, files: &mut Vec<FileKey>) {
    let Ok(found) = fs::symlink_metadata(path) else { return };
    if files.len() >= FILES {
        return;
    }
    if found.is_file() {
        files.push(key(&found));
    } else if found.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries.for_each(|entry| mark(&entry.path(), files));
    }
}

fn key(found: &fs::Metadata) -> FileKey {
    FileKey { inode: found.ino(), dev: major(found.dev()) << 20 | minor(found.dev()), reserved: 0 }
}

/// Paths as the programs compare them.
fn paths(named: &[PathBuf]) -> Result<Paths, Error> {
    let mut all = Paths::NONE;
    if let Some(path) = named.get(COUNT) {
        return Err(Error::wanted(path, format!("there are {COUNT} paths before it, and no room for more")));
    }
    for (at, path) in named.iter().enumerate() {
        let (forward, backward) = both_ways(path).map_err(|reason| Error::wanted(path, reason))?;
        all.count += 1;
        all.lengths[at] = forward.len() as u32;
        all.backward_lengths[at] = backward.len() as u32;
        all.forward[at][..forward.len()].copy_from_slice(&forward);
        all.backward[at][..backward.len()].copy_from_slice(&backward);
    }
    Ok(all)
}

/// `/etc/ssh` and `ssh/etc/`.
fn both_ways(path: &Path) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err("it is not absolute".to_owned());
    }
    let names: Option<Vec<&[u8]>> = components
        .map(|component| match component {
            Component::Normal(name) => Some(name.as_bytes()),
            _ => None,
        })
        .collect();
    let names = names.ok_or("`..` in it could be anything")?;
    if names.is_empty() {
        return Err("it is the root: everything is below it".to_owned());
    }
    let forward = names.iter().flat_map(|name| [b"/", *name]).flatten().copied().collect::<Vec<u8>>();
    let backward = names.iter().rev().flat_map(|name| [*name, b"/"]).flatten().copied().collect::<Vec<u8>>();
    if backward.len() >= PATHS {
        return Err(format!("it is longer than {} bytes", PATHS - 1));
    }
    Ok((forward, backward))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use lab_abi::Kind;
    use lab_model::Action;

    use super::{Wanted, both_ways};

    #[test]
    fn paths_are_written_both_ways() {
        let both = both_ways(Path::new("/etc/ssh/")).unwrap();
        assert_eq!(both, (b"/etc/ssh".to_vec(), b"ssh/etc/".to_vec()));
    }

    #[test]
    fn mistakes_name_the_path() {
        let say = |paths: &[&str]| {
            let wanted = Wanted { paths: paths.iter().map(PathBuf::from).collect(), ..Wanted::default() };
            wanted.compile().err().unwrap().to_string()
        };
        assert_eq!(say(&["etc"]), "filter by etc: it is not absolute");
        assert_eq!(say(&["/"]), "filter by /: it is the root: everything is below it");
        assert_eq!(say(&["/a/../b"]), "filter by /a/../b: `..` in it could be anything");
        assert_eq!(
            say(&["/1", "/2", "/3", "/4", "/5"]),
            "filter by /5: there are 4 paths before it, and no room for more"
        );
        let long = format!("/{}", "x".repeat(200));
        assert_eq!(say(&[&long]), format!("filter by {long}: it is longer than 127 bytes"));
        let wanted = Wanted { executables: vec!["/nonexistent".into()], ..Wanted::default() };
        let error = wanted.compile().err().unwrap().to_string();
        assert_eq!(error, "filter by /nonexistent: No such file or directory (os error 2)");
    }

    #[test]
    fn actions_and_what_tells_who_acts() {
        let wanted = Wanted { actions: vec![Action::Connect], ..Wanted::default() };
        assert!([Kind::Exec, Kind::Connect, Kind::ConnectLater].into_iter().all(|kind| wanted.kind(kind)));
        assert!(![Kind::Open, Kind::Read].into_iter().any(|kind| wanted.kind(kind)));
        assert!(Wanted::default().kind(Kind::Open) && !Wanted::default().kind(Kind::Read));
    }
}
