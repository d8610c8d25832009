//! Is a bundle still what its chain says?

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    VerifyError,
    chain::{Chain, Entry},
    file, name,
};

/// A bundle that is what its chain says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// the chain's last link
    pub head: String,
    /// how many files it covers
    pub files: usize,
}

/// Compares a bundle with its chain, and the chain's head with `expected_head` if there is one: whoever changes a
/// bundle and makes a new chain for it cannot keep the head.
///
/// # Errors
/// Names the first thing that is wrong: in the chain, then in the files in the order of their names, then the head.
pub fn verify(dir: &Path, expected_head: Option<&str>) -> Result<Verified, VerifyError> {
    let chain = checked_chain(dir, None)?;
    let head = chain.head().unwrap_or_default().to_owned();
    if let Some(expected) = expected_head.filter(|expected| *expected != head) {
        let has_verdicts = chain.entries().last().is_some_and(|entry| entry.path == name::VERDICTS);
        return Err(VerifyError::Head {
            expected: expected.to_owned(),
            before_verdicts: has_verdicts && chain.head_before() == Some(expected),
            found: head,
        });
    }
    Ok(Verified { head, files: chain.entries().len() })
}

/// The chain as it stands, its links checked; the files are not looked at.
pub(crate) fn chain_of(dir: &Path) -> Result<Chain, VerifyError> {
    let path = dir.join(name::CHAIN);
    match fs::read(&path) {
        Ok(bytes) => Chain::parse(&bytes),
        Err(source) if source.kind() == io::ErrorKind::NotFound && dir.is_dir() => {
            Err(VerifyError::NotSealed { dir: dir.to_owned() })
        }
        Err(source) => Err(VerifyError::Read { path, source }),
    }
}

/// The chain, after every file was compared with it; `unchained` may lie there without being in it.
pub(crate) fn checked_chain(dir: &Path, unchained: Option<&str>) -> Result<Chain, VerifyError> {
    let chain = chain_of(dir)?;
    let mut known: BTreeMap<&str, &Entry> = BTreeMap::new();
    for (at, entry) in chain.entries().iter().enumerate() {
        if known.insert(&entry.path, entry).is_some() {
            return Err(VerifyError::Chain { line: at + 1, problem: format!("`{}` again", entry.path) });
        }
    }
    let mut tree = file::walk(dir).map_err(|(path, source)| VerifyError::Read { path, source })?;
    tree.files.remove(name::CHAIN);
    if let Some(unchained) = unchained.filter(|name| !known.contains_key(name)) {
        tree.files.remove(unchained);
    }
    if let Some(other) = tree.others.first() {
        return Err(VerifyError::NotAFile { path: other.clone() });
    }
    let names: BTreeSet<&str> = known.keys().copied().chain(tree.files.keys().map(String::as_str)).collect();
    for name in names {
        compare(name, known.get(name).copied(), tree.files.get(name))?;
    }
    Ok(chain)
}

fn compare(name: &str, chained: Option<&Entry>, found: Option<&PathBuf>) -> Result<(), VerifyError> {
    let path = name.to_owned();
    let Some(chained) = chained else { return Err(VerifyError::Extra { path }) };
    let Some(found) = found else {
        return Err(VerifyError::Missing { path, bytes: chained.bytes, sha256: chained.sha256.clone() });
    };
    let is = file::measure(name, found);
    let is = is.map_err(|source| VerifyError::Read { path: found.clone(), source })?;
    if is == *chained {
        return Ok(());
    }
    let (expected, expected_sha256) = (chained.bytes, chained.sha256.clone());
    let (found, found_sha256) = (is.bytes, is.sha256);
    Err(if found < expected {
        VerifyError::CutOff { path, expected, found, expected_sha256, found_sha256 }
    } else {
        VerifyError::Changed { path, expected, found, expected_sha256, found_sha256 }
    })
}
