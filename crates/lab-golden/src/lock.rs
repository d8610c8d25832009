//! One bless at a time: a lock on the folder of goldens.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use crate::FileError;

/// The lock, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct BlessLock {
    _folder: File,
}

impl BlessLock {
    /// Takes the lock of a folder, which is made if it is not there. The lock is on the folder itself, so nothing is
    /// left in it.
    ///
    /// # Errors
    /// If somebody else holds it, or the folder cannot be opened.
    pub fn take(folder: &Path) -> Result<Self, FileError> {
        let at = |doing| move |source| FileError { doing, path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(at("make"))?;
        let file = File::open(folder).map_err(at("open"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _folder: file }),
            Err(TryLockError::Error(error)) => Err(at("lock")(error)),
            Err(TryLockError::WouldBlock) => {
                let busy = io::Error::new(io::ErrorKind::WouldBlock, "another bless is at work there");
                Err(at("lock")(busy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BlessLock;

    #[test]
    fn one_at_a_time_and_nothing_left() {
        let folder = tempfile::tempdir().unwrap();
        let golden = folder.path().join("golden");
        let first = BlessLock::take(&golden).unwrap();
        let second = BlessLock::take(&golden).unwrap_err().to_string();
        assert!(second.ends_with("golden: another bless is at work there"), "{second}");
        drop(first);
        BlessLock::take(&golden).unwrap();
        assert_eq!(std::fs::read_dir(&golden).unwrap().count(), 0);
    }
}
