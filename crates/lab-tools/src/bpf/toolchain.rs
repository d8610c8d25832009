//! Finds a toolchain that can build for `bpfel-unknown-none`: environment, rustup nightly, Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use lab_model::Pin;

use crate::options::is_executable;
use crate::{Error, Options, process};

/// Its name among the pins.
const LINKER: &str = "bpf-linker";
/// The major version of LLVM that it is built with: not older than that of any rustc in use.
pub const LINKER_LLVM: u32 = 22;
/// Names one kind of toolchain, or a folder with `bin/rustc` and `bin/cargo`.
const CHOICE: &str = "SIGHTLINE_BPF_TOOLCHAIN";

/// Where a toolchain comes from, in the order of search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolchainKind {
    /// A rustc with rust-src on `PATH` (a Nix shell), or the folder named by `SIGHTLINE_BPF_TOOLCHAIN`.
    Environment,
    /// rustup's nightly with rust-src.
    Nightly,
    /// Debian's rustc-web with its prebuilt `core`.
    Debian,
}

impl ToolchainKind {
    const ALL: [Self; 3] = [Self::Environment, Self::Nightly, Self::Debian];

    /// `environment`, `nightly` or `debian`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Nightly => "nightly",
            Self::Debian => "debian",
        }
    }
}

/// Programs that can build the object.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// Where it comes from.
    pub kind: ToolchainKind,
    /// The compiler.
    pub rustc: PathBuf,
    /// Its cargo.
    pub cargo: PathBuf,
    /// bpf-linker.
    pub linker: PathBuf,
    /// llvm-strip.
    pub strip: PathBuf,
    /// The sources of `core`, where there is no prebuilt one.
    pub rust_src: Option<PathBuf>,
    /// `rustc 1.96.0 (ac68faa20 2026-05-25), LLVM 22.1.8`.
    pub rustc_version: String,
    /// `bpf-linker 0.13.0`.
    pub linker_version: String,
    /// `LLVM version 22.1.8`.
    pub strip_version: String,
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}, {}", self.kind.as_str(), self.rustc_version, self.linker_version)
    }
}

/// The folder in the project's tools into which set-up installs bpf-linker, named by what is in it.
///
/// # Errors
/// It is not pinned.
pub fn linker_folder(options: &Options) -> Result<PathBuf, Error> {
    let version = &linker_pin(options)?.version;
    Ok(options.tools.join(format!("bpf-linker-{version}-llvm{LINKER_LLVM}")))
}

/// The pinned bpf-linker.
pub(crate) fn linker_pin(options: &Options) -> Result<&Pin, Error> {
    // Never empty.
    Ok(options.pinned(LINKER)?[0])
}

/// The first toolchain that has all it needs; the error says what each one lacks.
pub fn find_toolchain(options: &Options) -> Result<Toolchain, Error> {
    let choice = std::env::var_os(CHOICE).filter(|choice| !choice.is_empty());
    let mut tried = Vec::new();
    for kind in ToolchainKind::ALL {
        let folder = match &choice {
            Some(choice) if Path::new(choice).is_absolute() => {
                Some(PathBuf::from(choice)).filter(|_| kind == ToolchainKind::Environment)
            }
            Some(choice) => compilers(options, kind).filter(|_| choice == kind.as_str()),
            None => compilers(options, kind),
        };
        match folder
            .ok_or_else(|| absent(kind, choice.is_some()))
            .and_then(|folder| complete(options, kind, &folder))
        {
            Ok(found) => return Ok(found),
            Err(lack) => tried.push(format!("{}: {lack}", kind.as_str())),
        }
    }
    Err(Error::NoToolchain { tried })
}

/// Whether any compiler for the object is there, with or without the other programs.
pub(crate) fn has_compiler(options: &Options) -> bool {
    ToolchainKind::ALL.iter().any(|kind| compilers(options, *kind).is_some())
}

fn absent(kind: ToolchainKind, chosen: bool) -> String {
    if chosen {
        return format!("not what {CHOICE} names");
    }
    match kind {
        ToolchainKind::Environment => "no rustc with rust-src on PATH",
        ToolchainKind::Nightly => "no nightly of rustup's with rust-src",
        ToolchainKind::Debian => "rustc-web, cargo-web or libstd-rust-web-dev-bpf is not installed",
    }
    .to_owned()
}

/// The folder whose `bin` has the compiler of one kind.
fn compilers(options: &Options, kind: ToolchainKind) -> Option<PathBuf> {
    match kind {
        ToolchainKind::Environment => {
            sysroot(&options.program("rustc")?).filter(|root| rust_src(root).is_some())
        }
        ToolchainKind::Nightly => {
            let rustup = options.program("rustup")?;
            let rustc =
                process::text(Command::new(rustup).args(["which", "--toolchain", "nightly", "rustc"]))
                    .ok()?;
            sysroot(Path::new(&rustc)).filter(|root| rust_src(root).is_some())
        }
        ToolchainKind::Debian => {
            let usr = options.at("/usr");
            has_core(&usr).then_some(usr)
        }
    }
}

fn complete(options: &Options, kind: ToolchainKind, folder: &Path) -> Result<Toolchain, String> {
    let program = |name: &str| {
        let path = folder.join("bin").join(name);
        // A Nix shell's cargo does not lie beside its rustc.
        let found = if is_executable(&path) { Some(path) } else { options.program(name) };
        found.ok_or_else(|| format!("no {name} in {}", folder.display()))
    };
    let (rustc, cargo) = (program("rustc")?, program("cargo")?);
    let rust_src = if has_core(folder) { None } else { rust_src(folder) };
    if rust_src.is_none() && !has_core(folder) {
        return Err(format!("neither rust-src nor a core for bpfel-unknown-none in {}", folder.display()));
    }
    let linker = linker(options)?;
    let strip = strip(options, folder).ok_or("no llvm-strip")?;
    let version = |program: &Path, flag: &str| {
        process::text(Command::new(program).arg(flag)).map_err(|error| error.to_string())
    };
    Ok(Toolchain {
        kind,
        rustc_version: rustc_identity(&version(&rustc, "-vV")?),
        linker_version: version(&linker, "--version")?.lines().next().unwrap_or_default().to_owned(),
        strip_version: llvm_version(&version(&strip, "--version")?),
        rustc,
        cargo,
        linker,
        strip,
        rust_src,
    })
}

/// The project's own, pinned bpf-linker; else the one on `PATH`.
fn linker(options: &Options) -> Result<PathBuf, String> {
    let own = linker_folder(options).map_err(|error| error.to_string())?.join("bin/bpf-linker");
    let found = if is_executable(&own) { Some(own) } else { options.program("bpf-linker") };
    found.ok_or_else(|| {
        let version = linker_pin(options).map_or("", |pin| &pin.version);
        format!("no bpf-linker {version} in {} and none on PATH", options.tools.display())
    })
}

fn strip(options: &Options, folder: &Path) -> Option<PathBuf> {
    let versioned = format!("llvm-strip-{LINKER_LLVM}");
    let in_llvm = options.at(&format!("/usr/lib/llvm-{LINKER_LLVM}/bin/llvm-strip"));
    let component = folder.join(format!("lib/rustlib/{}/bin/llvm-strip", host_triple_guess()));
    [Some(in_llvm), Some(component), options.program(&versioned), options.program("llvm-strip")]
        .into_iter()
        .flatten()
        .find(|path| is_executable(path))
}

fn host_triple_guess() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    process::text(Command::new(rustc).args(["--print", "sysroot"])).ok().map(PathBuf::from)
}

fn rust_src(sysroot: &Path) -> Option<PathBuf> {
    Some(sysroot.join("lib/rustlib/src/rust")).filter(|path| path.join("library/core/Cargo.toml").is_file())
}

fn has_core(sysroot: &Path) -> bool {
    std::fs::read_dir(sysroot.join("lib/rustlib/bpfel-unknown-none/lib")).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes().starts_with(b"libcore-"))
        })
    })
}

fn rustc_identity(verbose: &str) -> String {
    let first = verbose.lines().next().unwrap_or_default();
    let llvm = verbose.lines().find_map(|line| line.strip_prefix("LLVM version: ")).unwrap_or("unknown");
    format!("{first}, LLVM {llvm}")
}

fn llvm_version(said: &str) -> String {
    let line = said.lines().find(|line| line.contains("LLVM version")).unwrap_or_default();
    line.find("LLVM version").map_or(line, |at| &line[at..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_release_commit_and_llvm() {
        let said = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\nbinary: rustc\nLLVM version: 22.1.8";
        assert_eq!(
            rustc_identity(said),
            "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball), LLVM 22.1.8"
        );
        assert_eq!(
            llvm_version("llvm-strip, compatible with GNU strip\nDebian LLVM version 22.1.8\n  x"),
            "LLVM version 22.1.8"
        );
    }
}
