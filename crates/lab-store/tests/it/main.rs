//! Bundles on a real disk: what is written is read, what is altered is found, what cannot be written is said.

mod bundle;
mod events;
mod finding;
mod limits;
mod tampering;
