//! Other tools' native records turned into events: one module per tool, pure and total.
//!
//! An adapter knows the tool's command line and its format, and nothing else does. It opens no file and starts no
//! process; whatever the bytes, it gives events and says what it could not read.

pub mod auditd;
pub mod bpftrace;
mod clock;
pub mod falco;
mod flags;
pub mod hubble;
mod json;
pub mod kubernetes_audit;
pub mod proc;
mod signal;
pub mod strace;
mod stream;

pub mod tcpdump;
pub mod tetragon;

pub use clock::Clock;
pub use stream::{Decoded, Unreadable};
