//! The files that git tracks.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A tracked file that is there.
pub(crate) struct Tracked {
    /// path from the root
    pub(crate) path: String,
    /// content; bytes that are not text are replaced
    pub(crate) text: String,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// Every tracked file, by path.
pub(crate) fn tracked() -> Vec<Tracked> {
    // A clone may belong to another user than the one who tests it.
    let args = ["-c", "safe.directory=*", "ls-files", "-z"];
    let output = Command::new("git").args(args).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let paths = String::from_utf8(output.stdout).expect("paths are UTF-8");
    paths
        .split_terminator('\0')
        .filter_map(|path| {
            let bytes = fs::read(root().join(path)).ok()?;
            Some(Tracked { path: path.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned() })
        })
        .collect()
}

/// The text of one file.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("read {path}: {error}"))
}

/// Fails with every violation at once.
pub(crate) fn none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}
