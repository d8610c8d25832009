//! The hashes of an image's files as they were when it was built. Reading a whole disk again for each run takes seconds; a file
//! that nobody has touched since has the same hash, and that is seen by what the file system says of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, files};

/// The note, beside the files.
const NOTE: &str = ".hashes.json";

/// What changes when a file is written to, replaced or copied. The time of the last change of an inode cannot be set back, unlike
/// that of the last write.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    written: [i64; 2],
    changed: [i64; 2],
}

#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    sha256: String,
    stamp: Stamp,
}

fn stamp(path: &Path) -> Result<Stamp, Error> {
    let about = fs::metadata(path).map_err(Error::io("look at", path))?;
    Ok(Stamp {
        device: about.dev(),
        inode: about.ino(),
        bytes: about.len(),
        written: [about.mtime(), about.mtime_nsec()],
        changed: [about.ctime(), about.ctime_nsec()],
    })
}

/// Notes the hashes of files that have just been made.
pub(super) fn write(folder: &Path, hashes: &BTreeMap<String, String>) -> Result<(), Error> {
    let mut all = BTreeMap::new();
    for (name, sha256) in hashes {
        all.insert(name, Noted { sha256: sha256.clone(), stamp: stamp(&folder.join(name))? });
    }
    let path = folder.join(NOTE);
    let text = serde_json::to_vec(&all)
        .map_err(|error| Error::Format { path: path.clone(), what: error.to_string() })?;
    files::write_if_changed(&path, &text).map(drop)
}

/// The hash of one of an image's files: the one noted if the file is as it was then, else that of its bytes.
///
/// # Errors
/// The file cannot be read.
pub fn hash(folder: &Path, name: &str) -> Result<String, Error> {
    let path = folder.join(name);
    // Without a note, or with a damaged one, there is nothing to rely on.
    let noted = fs::read(folder.join(NOTE)).ok();
    let noted = noted.and_then(|text| serde_json::from_slice::<BTreeMap<String, Noted>>(&text).ok());
    match noted.and_then(|mut all| all.remove(name)) {
        Some(noted) if noted.stamp == stamp(&path)? => Ok(noted.sha256),
        _ => files::hash_file(&path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_once_it_was_touched() {
        let place = tempfile::tempdir().unwrap();
        let (folder, path) = (place.path(), place.path().join("disk"));
        fs::write(&path, "one").unwrap();
        let truth = files::sha256_hex(b"one");
        assert_eq!(hash(folder, "disk").unwrap(), truth, "nothing is noted yet");
        // No hash of anything, so that one sees where it comes from.
        write(folder, &BTreeMap::from([("disk".to_owned(), "noted".to_owned())])).unwrap();
        assert_eq!(hash(folder, "disk").unwrap(), "noted");

        let before = fs::metadata(&path).unwrap();
        // Until the file system's clock has gone on: a write within one tick of it is not seen by times.
        while fs::metadata(&path).unwrap().ctime_nsec() == before.ctime_nsec() {
            fs::write(&path, "two").unwrap();
            fs::File::open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before.modified().unwrap());
        assert_eq!(
            hash(folder, "disk").unwrap(),
            files::sha256_hex(b"two"),
            "as long, and its time set back"
        );

        fs::write(folder.join(NOTE), "{").unwrap();
        assert_eq!(hash(folder, "disk").unwrap(), files::sha256_hex(b"two"), "a damaged note");
        fs::remove_file(&path).unwrap();
        let error = hash(folder, "disk").unwrap_err().to_string();
        assert!(error.contains("disk: No such file"), "{error}");
    }

    #[test]
    fn a_copy_is_another_file() {
        let place = tempfile::tempdir().unwrap();
        let (folder, copy) = (place.path().join("image"), place.path().join("copy"));
        for folder in [&folder, &copy] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(folder.join("disk"), "one").unwrap();
        write(&folder, &BTreeMap::from([("disk".to_owned(), "noted".to_owned())])).unwrap();
        for name in ["disk", NOTE] {
            fs::copy(folder.join(name), copy.join(name)).unwrap();
        }
        assert_eq!(hash(&copy, "disk").unwrap(), files::sha256_hex(b"one"));
        // The image is put in its place by moving its folder.
        fs::rename(&folder, place.path().join("moved")).unwrap();
        assert_eq!(hash(&place.path().join("moved"), "disk").unwrap(), "noted");
    }
}
