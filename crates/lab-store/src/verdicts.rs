//! Adding the judge's verdicts to a sealed bundle.

use std::{fs, io, path::Path};

use lab_model::VerdictRow;

use crate::{
    StoreError,
    chain::{Entry, sha256_hex},
    file, name,
    verify::checked_chain,
    writer::{owner_beside, write_chain, write_frozen},
};

/// Adds `verdicts.jsonl` to a sealed, intact bundle as the last link of its chain, and gives the new head. With the
/// same verdicts again it changes nothing.
///
/// # Errors
/// If the bundle is not sealed or is altered, holds other verdicts already, or cannot be written.
pub fn append_verdicts(dir: &Path, verdicts: &[VerdictRow]) -> Result<String, StoreError> {
    let mut content = Vec::new();
    let path = dir.join(name::VERDICTS);
    file::json_lines(&mut content, verdicts)
        .map_err(|source| StoreError::Write { path: path.clone(), source })?;
    // A writer that was killed may have left the file without its link.
    let checked = checked_chain(dir, Some(name::VERDICTS));
    let mut chain =
        checked.map_err(|source| StoreError::Altered { dir: dir.to_owned(), source: Box::new(source) })?;
    match fs::read(&path) {
        Ok(there) if there != content => return Err(StoreError::OtherVerdicts { dir: dir.to_owned() }),
        Ok(_) => {}
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            write_frozen(&path, owner_beside(&dir.join(name::MANIFEST)), &content)?;
        }
        Err(source) => return Err(StoreError::Read { path, source }),
    }
    if chain.entries().iter().all(|entry| entry.path != name::VERDICTS) {
        chain.push(Entry {
            path: name::VERDICTS.to_owned(),
            bytes: content.len() as u64,
            sha256: sha256_hex(&content),
        });
        return write_chain(dir, &chain, owner_beside(&dir.join(name::MANIFEST)));
    }
    Ok(chain.head().unwrap_or_default().to_owned())
}
