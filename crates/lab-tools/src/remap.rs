//! Names that stand in what is built for the folders of the machine that built it.

use std::path::{Path, PathBuf};

use crate::Error;

/// What leaves no trace: the folder that the sources are staged in, and those of the registries.
pub(crate) fn places(stage: &Path) -> Result<Vec<(PathBuf, &'static str)>, Error> {
    let registries = registry_folders()?.into_iter().map(|folder| (folder, "/registry"));
    Ok(std::iter::once((stage.to_owned(), "/sightline")).chain(registries).collect())
}

/// The compiler's flag for one.
pub(crate) fn flag(place: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", place.display())
}

/// `$CARGO_HOME/registry/src/*`: one folder per registry, named by its address.
fn registry_folders() -> Result<Vec<PathBuf>, Error> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    let sources = home.join("registry/src");
    let entries = match std::fs::read_dir(&sources) {
        // Vendored sources: there is no registry.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("list", &sources))?,
    };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    Ok(folders)
}
