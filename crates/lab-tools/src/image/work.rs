//! The folder in which an image is made, beside the place of the finished one, so that it is moved there at once.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use nix::mount::{MntFlags, umount2};
use tempfile::TempDir;

use crate::Error;
use crate::mounts::Mount;

const PREFIX: &str = ".unfinished-image-";

/// The folder, locked for as long as its maker lives: one that nobody holds is left of a build that was killed.
pub(super) struct Work {
    folder: TempDir,
    _lock: File,
}

impl Work {
    /// Takes away what builds that were killed have left in the folder above, and makes a new one there. `mounts` are all of the
    /// machine: a mmdebstrap that was killed leaves some.
    pub(super) fn new(mounts: &[Mount], above: &Path) -> Result<Self, Error> {
        fs::create_dir_all(above).map_err(Error::io("create", above))?;
        for entry in fs::read_dir(above).map_err(Error::io("list", above))? {
            let entry = entry.map_err(Error::io("list", above))?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                take_away(mounts, &entry.path())?;
            }
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(above);
        let folder = folder.map_err(Error::io("create a folder in", above))?;
        let lock = File::open(folder.path()).map_err(Error::io("open", folder.path()))?;
        lock.lock().map_err(Error::io("lock", folder.path()))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn take_away(mounts: &[Mount], folder: &Path) -> Result<(), Error> {
    let left = match File::open(folder) {
        // Another build has just ended.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(Error::io("open", folder))?,
    };
    match left.try_lock() {
        Ok(()) => {
            for at in below(mounts, &folder.canonicalize().map_err(Error::io("find", folder))?) {
                umount2(at, MntFlags::UMOUNT_NOFOLLOW)
                    .map_err(|error| Error::io("unmount", at)(error.into()))?;
            }
            fs::remove_dir_all(folder).map_err(Error::io("remove", folder))
        }
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(cause)) => Err(Error::io("lock", folder)(cause)),
    }
}

/// What is mounted below a folder, the last first.
fn below<'a>(mounts: &'a [Mount], folder: &Path) -> Vec<&'a Path> {
    mounts.iter().rev().map(|mount| mount.at.as_path()).filter(|at| at.starts_with(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_mounted_below_the_folder_is_unmounted_the_last_first() {
        let mounts = ["/", "/a/left/dev", "/a/left/dev/pts", "/a/left-over/proc", "/proc"].map(|at| Mount {
            root: "/".to_owned(),
            at: at.into(),
            fstype: "x".to_owned(),
            read_only: false,
        });
        let found = below(&mounts, Path::new("/a/left"));
        assert_eq!(found, [Path::new("/a/left/dev/pts"), Path::new("/a/left/dev")]);
    }

    #[test]
    fn what_a_killed_build_has_left_goes_and_what_a_live_one_makes_stays() {
        let above = tempfile::tempdir().unwrap();
        let live = Work::new(&[], above.path()).unwrap();
        let left = above.path().join(format!("{PREFIX}left"));
        fs::create_dir_all(left.join("image")).unwrap();
        fs::write(left.join("image/disk.ext4"), "half").unwrap();
        let image = above.path().join("image");
        fs::create_dir(&image).unwrap();
        let second = Work::new(&[], above.path()).unwrap();
        assert!(!left.exists() && live.path().is_dir() && second.path().is_dir() && image.is_dir());
        drop((live, second));
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 1, "the image");
    }
}
