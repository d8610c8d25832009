//! Performs acts, and observes them as a witness that shares nothing with any sensor.
//!
//! - [`actor`]: what the binary `lab-actor` does.
//! - [`hash`]: keyed hashes of content.

pub mod actor;
mod dns;
pub mod hash;
