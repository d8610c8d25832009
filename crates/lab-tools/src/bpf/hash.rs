//! What the eBPF object is made of, and the hash of it.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{Error, files};

/// Files and folders, relative to the workspace, that decide what the object is.
const SOURCES: [&str; 7] = [
    "bpf/.cargo",
    "bpf/Cargo.lock",
    "bpf/Cargo.toml",
    "bpf/build.rs",
    "bpf/src",
    "crates/lab-abi/Cargo.toml",
    "crates/lab-abi/src",
];

/// Hash over the sorted relative paths and contents of all sources and the flags of the build.
///
/// sha256 over, for each file: length of its path, path, length of its content, content (lengths as u64, little endian); then
/// the same for the flags and for what `lab-abi` inherits from the workspace. Times and modes do not count.
pub fn source_hash(root: &Path) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for relative in sources(root)? {
        let path = root.join(&relative);
        put(relative.as_os_str().as_encoded_bytes());
        put(&std::fs::read(&path).map_err(Error::io("read", &path))?);
    }
    put(super::build::portable_flags().join("\n").as_bytes());
    put(inherited(root)?.as_bytes());
    Ok(files::hex(&hash.finalize()))
}

/// All source files, relative to the workspace, sorted.
pub(super) fn sources(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for source in SOURCES {
        walk(root, Path::new(source), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn walk(root: &Path, relative: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let path = root.join(relative);
    if path.is_file() {
        found.push(relative.to_owned());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(&path).map_err(Error::io("list", &path))? {
            let entry = entry.map_err(Error::io("list", &path))?;
            walk(root, &relative.join(entry.file_name()), found)?;
        }
    }
    Ok(())
}

/// The tables of the workspace's manifest that `lab-abi` inherits from: `[workspace.package]` and `[workspace.lints.*]`.
pub(super) fn inherited(root: &Path) -> Result<String, Error> {
    let path = root.join("Cargo.toml");
    let manifest = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let mut kept = String::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.starts_with("[workspace.package]") || line.starts_with("[workspace.lints.");
        }
        if inside && !line.trim().is_empty() {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Ok(kept)
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    /// A small workspace with all that the object is made of.
    pub(in crate::bpf) fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\n[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\na = \"1\"\n",
        );
        write("bpf/Cargo.toml", "[package]\nname = \"sightline-ebpf\"\n");
        write("bpf/Cargo.lock", "version = 4\n");
        write("bpf/src/main.rs", "//! main\n");
        write("bpf/src/deep/er.rs", "//! er\n");
        write("crates/lab-abi/Cargo.toml", "[package]\n");
        write("crates/lab-abi/src/lib.rs", "//! abi\n");
        dir
    }

    #[test]
    fn every_byte_of_every_source_counts() {
        let dir = sample();
        let before = source_hash(dir.path()).unwrap();
        let all = sources(dir.path()).unwrap();
        assert_eq!(all.len(), 6);
        for file in all {
            let path = dir.path().join(&file);
            let old = fs::read(&path).unwrap();
            let mut new = old.clone();
            new[0] ^= 1;
            fs::write(&path, &new).unwrap();
            assert_ne!(source_hash(dir.path()).unwrap(), before, "{} does not count", file.display());
            fs::write(&path, &old).unwrap();
            assert_eq!(source_hash(dir.path()).unwrap(), before, "the time of {} counts", file.display());
        }
    }

    #[test]
    fn names_and_bounds_count() {
        let dir = sample();
        let before = source_hash(dir.path()).unwrap();
        fs::rename(dir.path().join("bpf/src/deep/er.rs"), dir.path().join("bpf/src/deep/es.rs")).unwrap();
        let renamed = source_hash(dir.path()).unwrap();
        assert_ne!(renamed, before);
        // A byte moved over the bound between two neighbouring files.
        fs::write(dir.path().join("bpf/src/deep/es.rs"), "//! er").unwrap();
        fs::write(dir.path().join("bpf/src/main.rs"), "\n//! main\n").unwrap();
        assert_ne!(source_hash(dir.path()).unwrap(), renamed);
    }

    #[test]
    fn the_prebuilt_object_times_and_other_dependencies_do_not_count() {
        let dir = sample();
        let before = source_hash(dir.path()).unwrap();
        fs::create_dir(dir.path().join("bpf/prebuilt")).unwrap();
        fs::write(dir.path().join("bpf/prebuilt/sightline-ebpf.o"), "x").unwrap();
        let manifest = dir.path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("a = \"1\"", "a = \"2\"")).unwrap();
        let source = fs::File::options().write(true).open(dir.path().join("bpf/src/main.rs")).unwrap();
        source.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(source_hash(dir.path()).unwrap(), before);
        fs::write(&manifest, text.replace("2024", "2021")).unwrap();
        assert_ne!(source_hash(dir.path()).unwrap(), before, "the inherited edition does not count");
    }
}
