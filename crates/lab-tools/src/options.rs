//! Where this crate looks, so that a test can show it another machine.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lab_model::{Pin, Pins};

use crate::Error;

/// The set of pins that set-up installs from.
const SET: &str = "host";

/// Where to look for the kernel's files, programs, the clone and the folders of this project.
#[derive(Debug, Clone)]
pub struct Options {
    /// Prefix of `/proc`, `/sys`, `/etc` and `/var`; `/` on a real machine.
    pub root: PathBuf,
    /// Folders of programs, as in `PATH`.
    pub path: OsString,
    /// The workspace of Sightline.
    pub clone: PathBuf,
    /// The project's own tool folder, outside the clone.
    pub tools: PathBuf,
    /// Where runs are written.
    pub runs: PathBuf,
    /// Cargo's own folder, where it keeps what it downloads.
    pub cargo: PathBuf,
    /// What is taken from elsewhere.
    pub pins: Pins,
}

impl Options {
    /// An absolute path below [`Options::root`].
    pub(crate) fn at(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The text of a file below [`Options::root`]; none when it can't be read.
    pub(crate) fn text(&self, absolute: &str) -> Option<String> {
        std::fs::read(self.at(absolute)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The pins of something that set-up installs; at least one.
    pub(crate) fn pinned<'o>(&'o self, name: &'o str) -> Result<Vec<&'o Pin>, Error> {
        let pins: Vec<&Pin> = self.pins.of_set(SET, name).collect();
        if pins.is_empty() { Err(Error::Unpinned { name: name.to_owned(), set: SET }) } else { Ok(pins) }
    }

    /// The first program of this name in [`Options::path`].
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        which(&self.path, name)
    }

    /// The same for a program of root's, which ordinary users do not have in their path.
    pub(crate) fn program_of_root(&self, name: &str) -> Option<PathBuf> {
        let places = ["/usr/sbin", "/sbin"].map(|folder| self.at(folder).join(name));
        self.program(name).or_else(|| places.into_iter().find(|place| is_executable(place)))
    }
}

fn which(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|dir| dir.join(name)).find(|file| is_executable(file))
}

pub(crate) fn is_executable(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
