//! The one way to files: read a file, list a folder; from disk, or from memory in tests.

use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{diagnostic::Sink, place::Location};

/// Where profiles and scenarios are read from. Paths are relative to the project's root, with `/`.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// As [`fs::read`].
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// The names in a folder, in any order.
    ///
    /// # Errors
    /// As [`fs::read_dir`].
    fn names(&self, folder: &str) -> io::Result<Vec<String>>;
}

/// The project's root on disk.
impl Files for Path {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.join(path))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.join(folder))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }
}

/// Path to content, for tests.
impl Files for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let below = |path: &String| Some(path.strip_prefix(folder)?.strip_prefix('/')?.to_owned());
        Ok(self.keys().filter_map(below).filter(|name| !name.contains('/')).collect())
    }
}

/// A file that was read: what the result rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// path below the project's root
    pub path: Arc<str>,
    /// SHA-256 of its bytes, hexadecimal
    pub sha256: String,
}

/// SHA-256, hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a file whole; what goes wrong is said about `asked`, the place that names it, or about the file itself.
pub(crate) fn read_text(
    files: &(impl Files + ?Sized),
    path: &str,
    asked: Option<&Location>,
    sink: &mut Sink,
) -> Option<(String, Input)> {
    let at = || asked.cloned().unwrap_or_else(|| Location::file(path));
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let what = match error.kind() {
                io::ErrorKind::NotFound => format!("no file `{path}`"),
                io::ErrorKind::IsADirectory => format!("`{path}` is a folder, expected a file"),
                _ => format!("cannot read `{path}`: {error}"),
            };
            sink.push(at(), what);
            return None;
        }
    };
    let input = Input { path: path.into(), sha256: sha256(&bytes) };
    match String::from_utf8(bytes) {
        Ok(text) => Some((text, input)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
            let column =
                String::from_utf8_lossy(good.rsplit(|byte| *byte == b'\n').next().unwrap_or_default());
            let column = column.chars().count() as u32 + 1;
            let byte = error.as_bytes()[good.len()];
            let at = Location { file: path.into(), line, column };
            sink.push(at, format!("byte 0x{byte:02x} is not UTF-8, expected UTF-8 text"));
            None
        }
    }
}

/// The names of the `.toml` files of a folder without their ending, sorted.
pub(crate) fn toml_names(files: &(impl Files + ?Sized), folder: &str, sink: &mut Sink) -> Vec<String> {
    match files.names(folder) {
        Ok(names) => {
            let mut names: Vec<_> =
                names.iter().filter_map(|name| name.strip_suffix(".toml")).map(str::to_owned).collect();
            names.sort();
            names
        }
        Err(error) => {
            sink.push(Location::file(folder), format!("cannot list the folder: {error}"));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(b"abc"), abc);
    }
}
