//! A bundle that came from elsewhere: out of a virtual machine, whole or as far as it got.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    BundleWriter, Manifest, Owner, StoreError,
    chain::{Entry, sha256_hex},
    file, name,
    verify::checked_chain,
    writer::{owner_beside, write_chain, write_frozen},
};

/// Adds what a machine said on its console to a sealed, intact bundle as one more link of its chain; gives the new head.
///
/// # Errors
/// If the bundle is not sealed or is altered, has a console already, or cannot be written.
pub fn append_console(dir: &Path, said: &[u8]) -> Result<String, StoreError> {
    let mut chain = checked_chain(dir, None)
        .map_err(|source| StoreError::Altered { dir: dir.to_owned(), source: Box::new(source) })?;
    let content = plain_console(said);
    let owner = owner_beside(&dir.join(name::MANIFEST));
    write_frozen(&dir.join(name::CONSOLE), owner, &content)?;
    chain.push(Entry {
        path: name::CONSOLE.to_owned(),
        bytes: content.len() as u64,
        sha256: sha256_hex(&content),
    });
    write_chain(dir, &chain, owner)
}

/// A console's text without secrets.
fn plain_console(said: &[u8]) -> Vec<u8> {
    let mut content = said.to_vec();
    lab_model::redact::redact_in_place(&mut content);
    content
}

/// The name of the one bundle's folder in `dir`; nothing if there is none, or more than that.
pub fn only_bundle(dir: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(dir).ok()?;
    let only = entries.next()?.ok()?.path();
    let named = only.file_name().and_then(|name| name.to_str()).is_some_and(|n| name::split(n).is_some());
    (named && only.is_dir() && entries.next().is_none()).then_some(only)
}

/// The manifest of an unsealed bundle, if it has one that can be read.
pub fn unsealed_manifest(dir: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(dir.join(name::MANIFEST)).ok()?).ok()
}

/// True if that pass is in an unsealed bundle with its record, which is the last file of a pass that is written.
pub fn has_pass(dir: &Path, scenario: &str, pass: u32) -> bool {
    dir.join(name::pass_dir(scenario, pass)).join(name::PASS).is_file()
}

impl BundleWriter {
    /// Goes on with a bundle in `dir` that somebody else has begun. It has no chain then, whether it had one before or not.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn adopt(dir: PathBuf, owner: Option<Owner>, created: &str) -> Result<Self, StoreError> {
        open(&dir)?;
        let chain = dir.join(name::CHAIN);
        match fs::remove_file(&chain) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Write { path: chain, source });
            }
            _ => {}
        }
        Ok(Self::at(dir, owner, created))
    }

    /// Writes what a machine said on its console.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_console(&self, said: &[u8]) -> Result<(), StoreError> {
        let content = plain_console(said);
        self.write(Path::new(name::CONSOLE), |out| io::Write::write_all(out, &content))
    }
}

/// Takes back that files below `dir` are read-only.
fn open(dir: &Path) -> Result<(), StoreError> {
    for path in below(dir)? {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        let opened = fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        opened.map_err(|source| StoreError::Write { path, source })?;
    }
    Ok(())
}

/// `dir` and everything below it, a folder before what is in it.
fn below(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = vec![dir.to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            let failed = |source| StoreError::Read { path: path.clone(), source };
            for entry in fs::read_dir(&path).map_err(failed)? {
                found.push(entry.map_err(failed)?.path());
            }
        }
    }
    Ok(found)
}

/// Makes a folder beside the bundles, in which what arrives is unpacked.
///
/// # Errors
/// If it cannot be made.
pub fn make_landing(dir: &Path, owner: Option<Owner>) -> Result<(), StoreError> {
    file::make_dirs(dir, owner)
}

/// Gives everything below `dir`, and itself, to `owner`.
///
/// # Errors
/// If something cannot be given away.
pub fn give_all(dir: &Path, owner: Option<Owner>) -> Result<(), StoreError> {
    for path in below(dir)? {
        file::give(&path, owner).map_err(|source| StoreError::Write { path, source })?;
    }
    Ok(())
}
