//! Where the lab's definitions lie: `profiles/`, `scenarios/`, `golden/`, `rules/`, `runs/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The options of every command.
#[derive(clap::Args)]
pub(crate) struct Root {
    /// Folder with profiles/, scenarios/, golden/ and rules/; bundles go to runs/ in it [default: this checkout]
    #[arg(long, value_name = "DIR", global = true)]
    lab: Option<PathBuf>,
}

/// The folders, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// the checkout: sources, prebuilt object; or a release, which has neither
    pub(crate) checkout: PathBuf,
    /// the lab's definitions
    pub(crate) lab: PathBuf,
}

impl Folders {
    /// True in a checkout; a release has its programs built.
    pub(crate) fn has_sources(&self) -> bool {
        self.checkout.join("Cargo.toml").exists()
    }

    pub(crate) fn goldens(&self) -> PathBuf {
        self.lab.join("golden")
    }

    pub(crate) fn golden(&self, scenario: &str) -> PathBuf {
        self.goldens().join(format!("{scenario}.golden"))
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.lab.join("runs")
    }
}

impl Root {
    pub(crate) fn resolve(&self) -> Result<Folders> {
        let checkout = checkout()?;
        let lab = match &self.lab {
            Some(lab) => lab
                .canonicalize()
                .with_context(|| format!("failed to find the lab's folder {}", lab.display()))?,
            None => checkout.clone(),
        };
        if !lab.join("profiles").is_dir() {
            bail!("{} has no profiles/ in it", lab.display());
        }
        Ok(Folders { checkout, lab })
    }
}

/// Cargo tells where the checkout is when it runs us, and we tell ourselves when we run as root; otherwise it is the folder
/// that this program was built or unpacked in.
fn checkout() -> Result<PathBuf> {
    if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") {
        return PathBuf::from(manifest).parent().map(Path::to_owned).context("failed to find the checkout");
    }
    let me = std::env::current_exe().context("failed to find this program")?;
    let above = me.ancestors().skip(1).find(|folder| folder.join("profiles").is_dir());
    above
        .map(Path::to_owned)
        .context("failed to find the lab's folder: there is no profiles/ beside this program")
}
