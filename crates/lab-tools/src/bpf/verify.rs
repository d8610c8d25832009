//! Builds the object in two places and compares it with the committed one, bit by bit.

use std::path::Path;

use super::{Built, PREBUILT_OBJECT, PrebuiltState, Record, Toolchain, build, prebuilt_state};
use crate::{Error, files};

/// What came of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Both builds and the committed object are the same.
    Same {
        /// Hash of the object.
        object_sha256: String,
    },
    /// The two builds differ: the build is not reproducible.
    Unreproducible {
        /// Hashes of the two.
        objects: [String; 2],
    },
    /// The builds are equal, the committed object is another one.
    Differs {
        /// Hash of what was built.
        built: String,
        /// Hash of what is committed.
        committed: String,
    },
    /// The two builds are equal, but with another toolchain than the recorded one: nothing is said of the committed object.
    OtherToolchain {
        /// What differs.
        difference: String,
        /// Hash of what was built.
        built: String,
    },
    /// There is no committed object, or it is not of these sources; nothing was built.
    NotFresh {
        /// What is wrong with it.
        what: String,
    },
}

impl Verified {
    /// Whether nothing is wrong; another toolchain is not wrong.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Same { .. } | Self::OtherToolchain { .. })
    }
}

/// Builds in two temporary folders of different depth and compares, telling each line that cargo writes.
pub fn verify(root: &Path, toolchain: &Toolchain, tell: &mut dyn FnMut(&str)) -> Result<Verified, Error> {
    let record = match prebuilt_state(root)? {
        PrebuiltState::Fresh(record) => record,
        PrebuiltState::Stale { what } => return Ok(Verified::NotFresh { what }),
        PrebuiltState::Missing => {
            return Ok(Verified::NotFresh { what: format!("{PREBUILT_OBJECT} is not there") });
        }
    };
    let mut once = |below: &str| -> Result<Built, Error> {
        let place = tempfile::Builder::new().prefix("sightline-bpf-").tempdir();
        let place = place.map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
        build(root, toolchain, &place.path().join(below), tell)
    };
    let first = once("a")?;
    let second = once("another/place")?;
    Ok(compare(&record, toolchain, [&first.object, &second.object]))
}

/// Record and committed object are known to agree.
fn compare(record: &Record, toolchain: &Toolchain, objects: [&[u8]; 2]) -> Verified {
    let objects = objects.map(files::sha256_hex);
    if objects[0] != objects[1] {
        return Verified::Unreproducible { objects };
    }
    let [built, _] = objects;
    if let Some(difference) = record.other_toolchain(toolchain) {
        return Verified::OtherToolchain { difference, built };
    }
    if built == record.object_sha256 {
        Verified::Same { object_sha256: built }
    } else {
        Verified::Differs { built, committed: record.object_sha256.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prebuilt::tests::toolchain;
    use super::*;

    #[test]
    fn each_outcome_is_its_own() {
        let built = Built { object: b"o".to_vec(), sources_sha256: String::new() };
        let record = Record::of(&built, &toolchain());
        assert!(matches!(compare(&record, &toolchain(), [b"o", b"o"]), Verified::Same { .. }));
        assert!(matches!(compare(&record, &toolchain(), [b"o", b"p"]), Verified::Unreproducible { .. }));
        assert!(matches!(compare(&record, &toolchain(), [b"p", b"p"]), Verified::Differs { .. }));
        let other = Toolchain { linker_version: "bpf-linker 2".into(), ..toolchain() };
        // Equal by chance or not: with another toolchain no equality is claimed, and a difference is no fault.
        for objects in [[b"o", b"o"], [b"p", b"p"]] {
            let objects = objects.map(<[u8; 1]>::as_slice);
            let Verified::OtherToolchain { difference, .. } = compare(&record, &other, objects) else {
                panic!("not told apart")
            };
            assert_eq!(difference, "bpf-linker 2 here, bpf-linker 1 recorded");
        }
        assert!(matches!(compare(&record, &other, [b"o", b"p"]), Verified::Unreproducible { .. }));
    }
}
