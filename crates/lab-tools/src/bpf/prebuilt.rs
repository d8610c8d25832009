//! The committed object, with the record of what it was made of.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::build::portable_flags;
use super::{Built, Toolchain, source_hash};
use crate::{Error, files};

/// The committed object, relative to the workspace.
pub const PREBUILT_OBJECT: &str = "bpf/prebuilt/sightline-ebpf.o";
/// Its record, relative to the workspace.
pub const PREBUILT_RECORD: &str = "bpf/prebuilt/sightline-ebpf.json";

/// What the committed object was made of, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`source_hash`] of its sources.
    pub sources_sha256: String,
    /// Hash of the object.
    pub object_sha256: String,
    /// Version of the compiler and of its LLVM.
    pub rustc: String,
    /// Version of the linker.
    pub linker: String,
    /// Version of llvm-strip.
    pub strip: String,
    /// Flags of the compiler; folders of the machine as words in angle brackets.
    pub flags: Vec<String>,
}

impl Record {
    /// The record of what a toolchain built.
    pub fn of(built: &Built, toolchain: &Toolchain) -> Self {
        Self {
            sources_sha256: built.sources_sha256.clone(),
            object_sha256: files::sha256_hex(&built.object),
            rustc: toolchain.rustc_version.clone(),
            linker: toolchain.linker_version.clone(),
            strip: toolchain.strip_version.clone(),
            flags: portable_flags(),
        }
    }

    /// Names what a toolchain differs in from the one recorded; none when it is the same.
    pub(super) fn other_toolchain(&self, toolchain: &Toolchain) -> Option<String> {
        let pairs = [
            (&self.rustc, &toolchain.rustc_version),
            (&self.linker, &toolchain.linker_version),
            (&self.strip, &toolchain.strip_version),
        ];
        let differing: Vec<_> = pairs
            .iter()
            .filter(|(was, is)| was != is)
            .map(|(was, is)| format!("{is} here, {was} recorded"))
            .collect();
        (!differing.is_empty()).then(|| differing.join("; "))
    }
}

/// Whether the committed object may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrebuiltState {
    /// Made of the sources as they are.
    Fresh(Record),
    /// Not what it should be.
    Stale {
        /// What differs.
        what: String,
    },
    /// There is none.
    Missing,
}

/// Compares the committed object with its record and with the sources.
pub fn prebuilt_state(root: &Path) -> Result<PrebuiltState, Error> {
    let stale = |what: &str| Ok(PrebuiltState::Stale { what: what.to_owned() });
    let Some(object) = read(&root.join(PREBUILT_OBJECT))? else { return Ok(PrebuiltState::Missing) };
    let Some(text) = read(&root.join(PREBUILT_RECORD))? else {
        return stale("the object has no record of what it was made of beside it");
    };
    let record: Record = serde_json::from_slice(&text)
        .map_err(|error| Error::Format { path: root.join(PREBUILT_RECORD), what: error.to_string() })?;
    if record.object_sha256 != files::sha256_hex(&object) {
        return stale("the object is not the one that its record tells of");
    }
    if record.flags != portable_flags() {
        return stale("the object was built with other flags, or for another processor");
    }
    if record.sources_sha256 != source_hash(root)? {
        return stale("the sources in bpf/ or crates/lab-abi have changed since it was built");
    }
    Ok(PrebuiltState::Fresh(record))
}

/// Writes object and record, each atomically and only on change; says whether anything changed.
pub fn write_prebuilt(root: &Path, built: &Built, toolchain: &Toolchain) -> Result<bool, Error> {
    let record = Record::of(built, toolchain);
    let mut text = serde_json::to_vec_pretty(&record)
        .map_err(|error| Error::Format { path: root.join(PREBUILT_RECORD), what: error.to_string() })?;
    text.push(b'\n');
    let object = files::write_if_changed(&root.join(PREBUILT_OBJECT), &built.object)?;
    let record = files::write_if_changed(&root.join(PREBUILT_RECORD), &text)?;
    Ok(object || record)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::super::ToolchainKind;
    use super::super::hash::tests::sample;
    use super::*;

    pub(in crate::bpf) fn toolchain() -> Toolchain {
        Toolchain {
            kind: ToolchainKind::Debian,
            rustc: PathBuf::new(),
            cargo: PathBuf::new(),
            linker: PathBuf::new(),
            strip: PathBuf::new(),
            rust_src: None,
            rustc_version: "rustc 1".into(),
            linker_version: "bpf-linker 1".into(),
            strip_version: "LLVM 1".into(),
        }
    }

    #[test]
    fn fresh_until_something_changes() {
        let dir = sample();
        let root = dir.path();
        assert_eq!(prebuilt_state(root).unwrap(), PrebuiltState::Missing);
        let built = Built { object: b"object".to_vec(), sources_sha256: source_hash(root).unwrap() };
        assert!(write_prebuilt(root, &built, &toolchain()).unwrap());
        assert!(!write_prebuilt(root, &built, &toolchain()).unwrap(), "written twice");
        let expected = Record::of(&built, &toolchain());
        assert_eq!(prebuilt_state(root).unwrap(), PrebuiltState::Fresh(expected));

        fs::write(root.join("bpf/src/main.rs"), "//! changed\n").unwrap();
        let PrebuiltState::Stale { what } = prebuilt_state(root).unwrap() else { panic!("not stale") };
        assert!(what.contains("sources in bpf/ or crates/lab-abi have changed"), "{what}");
        fs::write(root.join("bpf/src/main.rs"), "//! main\n").unwrap();
        fs::write(root.join(PREBUILT_OBJECT), "other").unwrap();
        let PrebuiltState::Stale { what } = prebuilt_state(root).unwrap() else { panic!("not stale") };
        assert!(what.contains("not the one that its record tells of"), "{what}");
        fs::remove_file(root.join(PREBUILT_RECORD)).unwrap();
        let PrebuiltState::Stale { what } = prebuilt_state(root).unwrap() else { panic!("not stale") };
        assert!(what.contains("has no record"), "{what}");
        fs::write(root.join(PREBUILT_RECORD), "{").unwrap();
        let error = prebuilt_state(root).unwrap_err().to_string();
        assert!(error.contains("sightline-ebpf.json: EOF while parsing"), "{error}");
    }

    #[test]
    fn another_toolchain_is_named() {
        let built = Built { object: Vec::new(), sources_sha256: String::new() };
        let record = Record::of(&built, &toolchain());
        assert_eq!(record.other_toolchain(&toolchain()), None);
        let other = Toolchain { rustc_version: "rustc 2".into(), ..toolchain() };
        assert_eq!(record.other_toolchain(&other).as_deref(), Some("rustc 2 here, rustc 1 recorded"));
    }
}
