//! The image of a virtual machine: a Debian with the sensors and a release of Sightline, the same bits wherever it is built.
//!
//! `image.lock` names every package by version and hash; a build takes exactly those. The file system is made by the image's
//! own mke2fs, so it does not depend on the machine's.

mod disk;
mod lock;
mod manifest;
mod noted;
mod renew;
mod root;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use lock::{LOCK, Lock};
pub use noted::hash;
pub use renew::renew;

use crate::mounts::mounts;
use crate::packages::packages;
use crate::{Error, Options, files};

/// The disk, as a file of an image's folder.
pub const DISK: &str = "disk.ext4";
/// The kernel.
pub const KERNEL: &str = "vmlinuz";
/// The kernel's first file system.
pub const INITRD: &str = "initrd.img";
/// The list of what is in the image.
pub const MANIFEST: &str = "image.spdx.json";

/// A built image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Its folder.
    pub folder: PathBuf,
    /// The hash of each of its files.
    pub files: BTreeMap<String, String>,
}

/// What is put into an image besides packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The tarball of a release.
    pub release: PathBuf,
    /// Its version, for the manifest.
    pub version: String,
}

/// Builds the image in `folder`, which is whole afterwards or as it was before.
///
/// # Errors
/// A package cannot be had as it is locked, a program fails, or there is no room.
pub fn build(
    options: &Options,
    lock: &Lock,
    payload: &Payload,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Image, Error> {
    let above = folder.parent().unwrap_or(Path::new("."));
    let work = work::Work::new(&mounts(options), above)?;
    let made = work.path().join("image");
    std::fs::create_dir(&made).map_err(Error::io("create", &made))?;

    let debs = packages(options, &lock.packages, tell)?;
    let root = root::build(options, lock, &debs, work.path(), tell)?;
    root::take_boot(&root, &made)?;
    root::add_release(&root, lock, &payload.release, work.path())?;
    disk::make(&root, lock, work.path(), &made.join(DISK), tell)?;
    let disk = files::hash_file(&made.join(DISK))?;
    let spdx = manifest::text(lock, payload, &disk)?;
    files::write_if_changed(&made.join(MANIFEST), spdx.as_bytes())?;

    let mut hashes = BTreeMap::from([(DISK.to_owned(), disk)]);
    for name in [KERNEL, INITRD, MANIFEST] {
        hashes.insert(name.to_owned(), files::hash_file(&made.join(name))?);
    }
    noted::write(&made, &hashes)?;
    replace(&made, folder, &work.path().join("old"))?;
    Ok(Image { folder: folder.to_owned(), files: hashes })
}

/// Puts a finished folder in the place of the one before.
fn replace(made: &Path, folder: &Path, aside: &Path) -> Result<(), Error> {
    let had = folder.exists();
    if had {
        std::fs::rename(folder, aside).map_err(Error::io("move away", folder))?;
    }
    std::fs::rename(made, folder).map_err(|cause| {
        if had {
            // The image before is better than none; the error that is told is the first one.
            let _ = std::fs::rename(aside, folder);
        }
        Error::io("write", folder)(cause)
    })
}

/// Builds the image in two folders of different depth, one among the tools and one in `elsewhere`, and gives the hashes of each file
/// in both. Best is a place that not the same users may look into.
///
/// # Errors
/// As [`build`].
pub fn verify(
    options: &Options,
    lock: &Lock,
    payload: &Payload,
    elsewhere: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<crate::dist::Twice, Error> {
    let mut once = |above: &Path, below: &str| -> Result<BTreeMap<String, String>, Error> {
        let place = work::Work::new(&mounts(options), above)?;
        Ok(build(options, lock, payload, &place.path().join(below), tell)?.files)
    };
    let (first, second) = (once(&options.tools, "a")?, once(elsewhere, "another/place")?);
    Ok(crate::dist::compare(first, &second))
}

/// The image in a folder, if a whole one is there.
pub fn find(folder: &Path) -> Option<PathBuf> {
    [DISK, KERNEL, INITRD, MANIFEST].iter().all(|name| folder.join(name).is_file()).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_image_takes_the_old_ones_place() {
        let place = tempfile::tempdir().unwrap();
        let (made, folder, aside) =
            (place.path().join("made"), place.path().join("image"), place.path().join("old"));
        for (path, text) in [(&made, "new"), (&folder, "old")] {
            std::fs::create_dir(path).unwrap();
            std::fs::write(path.join(DISK), text).unwrap();
        }
        replace(&made, &folder, &aside).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join(DISK)).unwrap(), "new");
        // What was not made does not take the place of what was.
        replace(&made, &folder, &place.path().join("older")).unwrap_err();
        assert_eq!(std::fs::read_to_string(folder.join(DISK)).unwrap(), "new");
        assert!(find(&folder).is_none(), "it has no kernel");
    }
}
