//! Performs acts, and observes them as a witness that shares nothing with any sensor.
//!
//! - [`actor`]: what the binary `lab-actor` does.
//! - [`hash`]: keyed hashes of content.
//! - [`liar`]: the lying actor, by which the witnesses are tested.
//! - [`witness`]: the table of what must be observed of each kind of act, and those who observe it.

pub mod actor;
mod dns;
pub mod hash;
pub mod liar;
pub mod load;
pub mod witness;
