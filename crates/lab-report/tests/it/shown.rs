//! Whole reports kept as files below `tests/it/shown/`, as they look.

use std::{fs, path::Path};

/// Panics unless `text` is what the file `name` holds. With `SIGHTLINE_BLESS=1` in the environment the file is written
/// instead, for `git diff` to be read.
pub(crate) fn shown(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shown").join(name);
    let old = fs::read_to_string(&path).unwrap_or_default();
    if old != text && std::env::var_os("SIGHTLINE_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).unwrap();
    } else {
        assert_eq!(text, old, "{} (SIGHTLINE_BLESS=1 accepts it)", path.display());
    }
}
