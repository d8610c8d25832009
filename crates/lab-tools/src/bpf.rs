//! The eBPF object: hash of its sources, toolchains that can build it, the build itself, the prebuilt copy.

mod build;
mod hash;
mod inspect;
mod prebuilt;
mod toolchain;
mod verify;

pub use build::{Built, build};
pub use hash::source_hash;
pub use inspect::{Inspected, Map, Program, inspect};
pub use prebuilt::{PREBUILT_OBJECT, PREBUILT_RECORD, PrebuiltState, Record, prebuilt_state, write_prebuilt};
pub use toolchain::{LINKER_LLVM, Toolchain, ToolchainKind, find_toolchain, linker_folder};
pub(crate) use toolchain::{has_compiler, linker_pin};
pub use verify::{Verified, verify};
