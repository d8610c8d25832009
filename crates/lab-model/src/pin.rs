//! Pins: what the lab takes from elsewhere, each thing with its version and the hash of its bytes.

use std::collections::BTreeMap;

use serde::Serialize;

/// All pins of the project, and the sets of them that profiles name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pins {
    /// each pin, in the order of the file
    pub pins: Vec<Pin>,
    /// name of a set to the versions in it, by the pins' names
    pub sets: BTreeMap<String, BTreeMap<String, String>>,
    /// SHA-256 of the file, hexadecimal
    pub sha256: String,
}

/// One thing of one version, for one architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// `kubectl`, `cilium/cilium`
    pub name: String,
    /// as its makers write it
    pub version: String,
    /// `x86_64`, `aarch64`, or Debian's word for a package; `None` if it is the same for all
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// SHA-256 of its bytes, of an image's manifest; hexadecimal
    pub sha256: String,
    /// where it comes from
    #[serde(flatten)]
    pub source: PinSource,
    /// in how many independent public sources the hash stood
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// line of the file
    pub line: u32,
}

/// Where a pinned thing comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PinSource {
    /// a program that its makers publish
    Tool {
        /// where
        url: String,
        /// the file of an archive that is the program; `None` if the download is the program itself
        #[serde(skip_serializing_if = "Option::is_none")]
        program: Option<String>,
    },
    /// a Helm chart
    Chart {
        /// where
        url: String,
    },
    /// any other file
    File {
        /// where
        url: String,
    },
    /// an image, by its digest
    Image {
        /// a word for the registry that it is published in: `docker`, `quay`, `github`
        registry: String,
    },
    /// a package of Debian's
    Package {
        /// the suite that has it
        suite: String,
    },
    /// a program that cargo builds
    Crate,
    /// a package of Python's
    Wheel {
        /// the tag of the Pythons that it is for: `cp311`
        python: String,
    },
}

/// How well a hash is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// the same in two independent public sources
    Twice,
    /// in one
    Once,
    /// reckoned from the published bytes
    Computed,
}

impl PinSource {
    /// The word for its kind, as the file has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tool { .. } => "tool",
            Self::Chart { .. } => "chart",
            Self::File { .. } => "file",
            Self::Image { .. } => "image",
            Self::Package { .. } => "package",
            Self::Crate => "crate",
            Self::Wheel { .. } => "wheel",
        }
    }

    /// Where it can be downloaded, if it is a plain file.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Tool { url, .. } | Self::Chart { url } | Self::File { url } => Some(url),
            _ => None,
        }
    }
}

impl Pins {
    /// The pins of this name in this set; empty if the set or the name is not there.
    pub fn of_set<'p>(&'p self, set: &str, name: &'p str) -> impl Iterator<Item = &'p Pin> {
        let version = self.sets.get(set).and_then(|set| set.get(name));
        self.pins.iter().filter(move |pin| pin.name == name && Some(&pin.version) == version)
    }
}
