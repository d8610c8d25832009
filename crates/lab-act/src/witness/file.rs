//! The state of the files that an act concerns, before and after it. Content stays in memory.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use lab_model::FileId;

/// Longest file whose content is compared.
const LONGEST: u64 = 64 << 20;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// the file of this very name (links are not followed); `None` if there is none
    pub(super) id: Option<FileId>,
    /// its content, if it is a regular file of bearable length and may be read
    pub(super) content: Option<Vec<u8>>,
    /// why it is not known whether there is one
    pub(super) hidden: Option<String>,
}

/// Looks at a path.
pub(super) fn state(path: &str) -> State {
    let (id, hidden) = match fs::symlink_metadata(path) {
        Ok(file) => (Some(FileId { dev: file.dev(), ino: file.ino() }), None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => (None, None),
        Err(error) => (None, Some(format!("look at {path}: {error}"))),
    };
    let readable = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LONGEST);
    State { id, content: if readable { fs::read(path).ok() } else { None }, hidden }
}

/// The directory in which a path's last name really lies, and that name. With `follow`, links at the end are
/// followed, as a call that opens does.
pub(super) fn place(path: &str, follow: bool) -> Result<(PathBuf, Vec<u8>), String> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(path);
    let whole =
        if follow { fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() };
    let (Some(directory), Some(name)) = (whole.parent(), whole.file_name()) else {
        return Err(format!("{} names no file", path.display()));
    };
    let directory = fs::canonicalize(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    Ok((directory, name.as_bytes().to_vec()))
}
