//! The folder in which an image is made, beside the place of the finished one, so that it is moved there at once.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = ".unfinished-image-";

/// The folder, locked for as long as its maker lives: one that nobody holds is left of a build that was killed.
pub(super) struct Work {
    folder: TempDir,
    _lock: File,
}

impl Work {
    /// Takes away what builds that were killed have left in the folder above, and makes a new one there.
    pub(super) fn new(above: &Path) -> Result<Self, Error> {
        fs::create_dir_all(above).map_err(Error::io("create", above))?;
        for entry in fs::read_dir(above).map_err(Error::io("list", above))? {
            let entry = entry.map_err(Error::io("list", above))?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                take_away(&entry.path())?;
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

fn take_away(folder: &Path) -> Result<(), Error> {
    let left = match File::open(folder) {
        // Another build has just ended.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(Error::io("open", folder))?,
    };
    match left.try_lock() {
        Ok(()) => fs::remove_dir_all(folder).map_err(Error::io("remove", folder)),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(cause)) => Err(Error::io("lock", folder)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_build_has_left_goes_and_what_a_live_one_makes_stays() {
        let above = tempfile::tempdir().unwrap();
        let live = Work::new(above.path()).unwrap();
        let left = above.path().join(format!("{PREFIX}left"));
        fs::create_dir_all(left.join("image")).unwrap();
        fs::write(left.join("image/disk.ext4"), "half").unwrap();
        let image = above.path().join("image");
        fs::create_dir(&image).unwrap();
        let second = Work::new(above.path()).unwrap();
        assert!(!left.exists() && live.path().is_dir() && second.path().is_dir() && image.is_dir());
        drop((live, second));
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 1, "the image");
    }
}
