//! What a record that was made in a virtual machine says of it.

use serde::{Deserialize, Serialize};

/// One of the machines that a run has booted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmNote {
    /// id of that run; it has a record for each of its machines
    pub series: String,
    /// the kernel as the profile names it: `6.1`
    pub kernel: String,
    /// what QEMU ran it by: `kvm` or `tcg`
    pub accelerator: String,
    /// why it was not KVM
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_kvm: Option<String>,
}
