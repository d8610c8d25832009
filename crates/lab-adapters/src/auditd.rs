//! The audit daemon's log: how its daemon is set up, what is masked in its lines, and the events in them.
//!
//! Written for audit 3.0 (Debian 12); the records are the kernel's own and the same since 4.10. Source of the format:
//! the kernel's kernel/auditsc.c and audit-userspace's docs. A call is several records with one serial number; what is
//! not plain text in them stands as hexadecimal digits. A log that is `ENRICHED` has names behind a separator, which are
//! kept and not needed.

mod argument;
mod call;
mod fields;
mod group;
mod line;
pub(crate) mod numbers;
mod redact;
mod set_up;
pub(crate) mod sockaddr;

pub use group::{decode, only};
pub use line::seen_at;
pub use numbers::line;
pub use redact::redact_line;
pub use set_up::{Status, configuration, forget, is_last, is_ready, put_back, rules};

/// For messages.
const TOOL: &str = "auditd";

/// The kernel stamps a call with the time of its last clock tick, of which there are at least a hundred a second, and
/// writes milliseconds.
const TICK_NS: u64 = 11_000_000;
