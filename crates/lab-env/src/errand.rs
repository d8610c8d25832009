//! What a virtual machine is sent out with: the contract between who boots it and `lab-init` inside.

use std::collections::BTreeMap;

use lab_model::VmNote;
use serde::{Deserialize, Serialize};

/// The folder inside that holds everything else named here.
pub const FOLDER: &str = "/sightline";
/// The errand, as JSON.
pub const FILE: &str = "errand.json";
/// The folder with `profiles/` and `scenarios/`.
pub const LAB: &str = "lab";
/// The actor's binary.
pub const ACTOR: &str = "lab-actor";
/// The probe's binary.
pub const PROBE: &str = "lab-probe";
/// Vendor and device of the window, as PCI has them: a piece of memory that is a file outside. It needs no driver, so every
/// kernel has it, and what was written to it is outside at once.
pub const WINDOW: (u32, u32) = (0x1af4, 0x1110);
/// The file of the window below its device's folder in sysfs.
pub const WINDOW_FILE: &str = "resource2";
/// Size of the window in bytes; no bundle of a profile is near it.
pub const WINDOW_BYTES: usize = 128 << 20;

/// What is to be recorded inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errand {
    /// profile, by name
    pub profile: String,
    /// scenarios, by name; all of the profile's if there are none
    pub scenarios: Vec<String>,
    /// by how much the timeouts of the profile's stages are longer inside
    pub patience: u32,
    /// version of Sightline, for the manifest
    pub version: String,
    /// what the record will say of the machine
    pub note: VmNote,
    /// SHA-256 of what the machine was made of, by name, for the manifest
    pub inputs: BTreeMap<String, String>,
}
