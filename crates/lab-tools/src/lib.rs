//! What a machine has and lacks: doctor's rows, set-up, the eBPF object and the static binaries.
//!
//! The only crate that knows package managers and downloads. It prints nothing and reads no home directory: where things
//! are is said in [`Options`].

mod apt;
mod binaries;
pub mod bpf;
pub mod dist;
mod doctor;
mod duckdb;
mod error;
mod files;
mod mounts;
mod options;
mod privilege;
mod process;
mod remap;
mod row;
pub mod setup;

pub use binaries::{StaticBinary, build_static};
pub use doctor::doctor;
pub use duckdb::{DUCKDB_VERSION, duckdb};
pub use error::Error;
pub use mounts::{Mount, cgroup2, mounts};
pub use options::Options;
pub use privilege::{Privilege, privilege};
pub use row::{Row, State};
