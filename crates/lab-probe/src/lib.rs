//! The probe: loads the eBPF programs, drains what they record into a spool, and turns a spool into events.
//!
//! Only this crate knows `aya`. The layout of records is `lab-abi`'s, the framing of spools and the events are
//! `lab-model`'s.

mod ancestry;
mod btf;
mod check;
mod control;
mod counters;
mod decode;
mod dns;
mod error;
mod kernel;
mod load;
mod marker;
mod mounts;
mod offsets;
mod pace;
mod plain;
mod reader;
mod record;
mod scope;
mod session;
mod spool;
mod stubs;
mod verifier;
mod wanted;

pub use ancestry::Ancestor;
pub use check::{Check, Row, check};
pub use decode::{Decoded, decode};
pub use error::Error;
pub use scope::Whom;
pub use session::{Session, object_hash, record};
pub use verifier::{RefusedKind, Verdicts, Verified, ask_verifier};
pub use wanted::Wanted;
