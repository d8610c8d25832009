//! Files of a bundle: made whole or not at all, owned by whom they are for, walked, hashed.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, lchown},
    path::{Path, PathBuf},
};

use lab_model::redact::redact_value;
use sha2::{Digest, Sha256};

use crate::{
    Owner, StoreError,
    chain::{Entry, hex},
};

/// Makes `dir` and what is missing above it; each folder made goes to `owner` at once.
pub(crate) fn make_dirs(dir: &Path, owner: Option<Owner>) -> Result<(), StoreError> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        make_dirs(parent, owner)?;
    }
    make_dir(dir, owner)
}

/// Makes `dir`, which must not be there yet.
pub(crate) fn make_dir(dir: &Path, owner: Option<Owner>) -> Result<(), StoreError> {
    let made = DirBuilder::new().mode(0o755).create(dir).and_then(|()| give(dir, owner));
    made.map_err(|source| StoreError::Write { path: dir.to_owned(), source })
}

/// Makes an empty file for somebody else to fill.
pub(crate) fn make_empty(path: &Path, owner: Option<Owner>) -> Result<(), StoreError> {
    let open = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    open.and_then(|_| give(path, owner)).map_err(|source| StoreError::Write { path: path.to_owned(), source })
}

/// Writes a file under another name beside `path` and renames it, so that `path` is whole or absent.
pub(crate) fn write_whole(
    path: &Path,
    owner: Option<Owner>,
    fill: impl FnOnce(&mut BufWriter<Unfinished>) -> io::Result<()>,
) -> Result<(), StoreError> {
    let mut out = BufWriter::new(Unfinished::create(path, owner)?);
    let written = fill(&mut out).and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error));
    written.and_then(Unfinished::finish).map_err(|source| StoreError::Write { path: path.to_owned(), source })
}

/// A file under another name until it is whole. Dropped before, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins the file that is to be `path`.
    pub(crate) fn create(path: &Path, owner: Option<Owner>) -> Result<Self, StoreError> {
        let temporary = temporary(path);
        // Left by a writer that was killed.
        let _ = fs::remove_file(&temporary);
        let open = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&temporary);
        let made = open.map(|file| Self { file, temporary: temporary.clone(), path: path.to_owned() });
        made.and_then(|unfinished| give(&temporary, owner).map(|()| unfinished))
            .map_err(|source| StoreError::Write { path: path.to_owned(), source })
    }

    /// The file itself.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Renamed, it is there no more.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Makes `owner` the owner, without following a link.
pub(crate) fn give(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    match owner {
        Some((uid, gid)) => lchown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// What lies in a bundle.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// regular files: path with `/` inside the bundle, and the path to open. Sorted by the former.
    pub(crate) files: BTreeMap<String, PathBuf>,
    /// whatever is neither a file nor a folder
    pub(crate) others: Vec<String>,
    /// folders, the bundle's own included
    pub(crate) folders: Vec<PathBuf>,
}

/// Walks a bundle; links are not followed.
pub(crate) fn walk(dir: &Path) -> Result<Tree, (PathBuf, io::Error)> {
    let mut tree = Tree::default();
    let mut open = vec![(String::new(), dir.to_owned())];
    while let Some((prefix, folder)) = open.pop() {
        let at = |source| (folder.clone(), source);
        for item in fs::read_dir(&folder).map_err(at)? {
            let item = item.map_err(at)?;
            // A name that is no UTF-8 is none of ours: what replaces it cannot be in a chain.
            let name = format!("{prefix}{}", item.file_name().to_string_lossy());
            let kind = item.file_type().map_err(|source| (item.path(), source))?;
            if kind.is_dir() {
                open.push((format!("{name}/"), item.path()));
            } else if kind.is_file() {
                tree.files.insert(name, item.path());
            } else {
                tree.others.push(name);
            }
        }
        tree.folders.push(folder);
    }
    tree.others.sort();
    Ok(tree)
}

/// Size and hash of a file as it is now.
pub(crate) fn measure(name: &str, path: &Path) -> io::Result<Entry> {
    measure_open(name, &mut File::open(path)?)
}

/// The same of an open file, from where it stands.
pub(crate) fn measure_open(name: &str, file: &mut File) -> io::Result<Entry> {
    let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Entry { path: name.to_owned(), bytes, sha256: hex(&hasher.finalize()) })
}

/// A record as it may be written: whatever an error message, an argument or a name holds, no secret of known form.
pub(crate) fn without_secrets(record: &impl serde::Serialize) -> io::Result<serde_json::Value> {
    let mut value = serde_json::to_value(record)?;
    redact_value(&mut value);
    Ok(value)
}

/// Writes values as JSON, one a line.
pub(crate) fn json_lines<T: serde::Serialize>(
    out: &mut impl Write,
    items: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    for item in items {
        serde_json::to_writer(&mut *out, &without_secrets(&item)?)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
