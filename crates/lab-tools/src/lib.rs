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
mod fetch;
mod files;
pub mod image;
mod linker;
pub mod machine;
mod mounts;
mod newest;
mod options;
mod packages;
mod privilege;
mod process;
mod remap;
mod row;
pub mod setup;

pub use binaries::{StaticBinary, build_static};
pub use doctor::doctor;
pub use duckdb::duckdb;
pub use error::Error;
pub use fetch::{Fetched, Fetching, MIRROR, Network, fetch, fetched_path};
pub use files::hash_file;
pub use mounts::{Mount, cgroup2, mounts};
pub use newest::{Asker, Newest};
pub use options::Options;
pub use packages::{Package, packages};
pub use privilege::{Privilege, privilege};
pub use row::{Row, State};
