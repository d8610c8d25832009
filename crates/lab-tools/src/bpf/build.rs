//! Builds the eBPF object so that the place where it is built leaves no trace in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::hash::{inherited, sources};
use super::{Toolchain, source_hash};
use crate::{Error, files, process, remap};

const TARGET: &str = "bpfel-unknown-none";
const ARTIFACT: &str = "target/bpfel-unknown-none/release/sightline-ebpf";

/// A freshly built object.
#[derive(Debug, Clone)]
pub struct Built {
    /// The stripped object; its BTF stays.
    pub object: Vec<u8>,
    /// The hash of the sources it was made of.
    pub sources_sha256: String,
}

/// Builds the object of a workspace below `out`, telling each line that cargo writes.
///
/// The sources are staged first: cargo mixes the absolute folder of a path dependency outside the workspace into symbol
/// names, so `lab-abi` is put inside. Paths of the stage, the registry and the compiler's sources are remapped.
pub fn build(
    root: &Path,
    toolchain: &Toolchain,
    out: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Built, Error> {
    let sources_sha256 = source_hash(root)?;
    std::fs::create_dir_all(out).map_err(Error::io("create", out))?;
    let out = &out.canonicalize().map_err(Error::io("find", out))?;
    let stage = out.join("stage");
    stage_sources(root, &stage)?;

    // The registry's source folders must be there before the flags that name them are made.
    let mut fetch = cargo(toolchain, &stage, out);
    process::stream(fetch.args(["fetch", "--locked"]), tell)?;
    let mut build = cargo(toolchain, &stage, out);
    build.args(["build", "--locked", "--release", "--target", TARGET]);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, &stage)?.join("\u{1f}"));
    if toolchain.rust_src.is_some() {
        build.args(["-Z", "build-std=core"]);
    }
    process::stream(&mut build, tell)?;

    let stripped = out.join("sightline-ebpf.o");
    let mut strip = Command::new(&toolchain.strip);
    process::output(strip.arg("-g").arg("-o").arg(&stripped).arg(out.join(ARTIFACT)))?;
    let object = std::fs::read(&stripped).map_err(Error::io("read", &stripped))?;
    Ok(Built { object, sources_sha256 })
}

/// The flags that decide what comes out; a word in angle brackets stands for a folder of the machine.
pub(super) fn portable_flags() -> Vec<String> {
    let mut flags = fixed_flags();
    let places = [("<stage>", "/sightline"), ("<registry>", "/registry"), ("<rust-src>", "/rust-src")];
    flags.extend(places.map(|(place, name)| remap::flag(Path::new(place), name)));
    flags
}

fn fixed_flags() -> Vec<String> {
    let arch = std::env::consts::ARCH;
    let arch = format!("--cfg=bpf_target_arch=\"{arch}\"");
    vec![arch, "-Ctarget-cpu=v3".into(), "-Cdebuginfo=2".into(), "-Clink-arg=--btf".into()]
}

fn flags(toolchain: &Toolchain, stage: &Path) -> Result<Vec<String>, Error> {
    let mut flags = fixed_flags();
    flags.extend(remap::places(stage)?.iter().map(|(place, name)| remap::flag(place, name)));
    flags.extend(toolchain.rust_src.iter().map(|source| remap::flag(source, "/rust-src")));
    Ok(flags)
}

fn cargo(toolchain: &Toolchain, stage: &Path, out: &Path) -> Command {
    let mut cargo = Command::new(&toolchain.cargo);
    for variable in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"]
    {
        cargo.env_remove(variable);
    }
    // The named form lets two crates alone use what is not stable; building `core` needs it everywhere.
    let bootstrap = if toolchain.rust_src.is_some() { "1" } else { "aya_ebpf,sightline_ebpf" };
    cargo
        .current_dir(stage)
        .env("CARGO", &toolchain.cargo)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", bootstrap)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", out.join("target"))
        .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &toolchain.linker);
    cargo
}

/// Copies what the object is made of: `bpf/` to the top, `lab-abi` below it, with what it inherits in the manifest.
fn stage_sources(root: &Path, stage: &Path) -> Result<(), Error> {
    let mut wanted = Vec::new();
    for relative in sources(root)? {
        let from = root.join(&relative);
        let mut content = std::fs::read(&from).map_err(Error::io("read", &from))?;
        let to = relative.strip_prefix("bpf").unwrap_or(&relative);
        if to == Path::new("Cargo.toml") {
            content = staged_manifest(&from, content, &inherited(root)?)?.into_bytes();
        }
        files::write_if_changed(&stage.join(to), &content)?;
        wanted.push(to.to_owned());
    }
    remove_others(stage, Path::new(""), &wanted)
}

fn staged_manifest(path: &Path, content: Vec<u8>, inherited: &str) -> Result<String, Error> {
    let format = |what: &str| Error::Format { path: path.to_owned(), what: what.to_owned() };
    let manifest = String::from_utf8(content).map_err(|_| format("it is not UTF-8"))?;
    let (outside, inside) = ("\"../crates/lab-abi\"", "\"crates/lab-abi\"");
    if !manifest.contains(outside) {
        return Err(format("lab-abi is not taken from \"../crates/lab-abi\""));
    }
    Ok(format!("{}\n{inherited}", manifest.replace(outside, inside)))
}

/// Removes files of an earlier stage that are no longer sources.
fn remove_others(stage: &Path, below: &Path, wanted: &[PathBuf]) -> Result<(), Error> {
    let folder = stage.join(below);
    for entry in std::fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
        let entry = entry.map_err(Error::io("list", &folder))?;
        let relative = below.join(entry.file_name());
        if entry.path().is_dir() {
            remove_others(stage, &relative, wanted)?;
        } else if !wanted.contains(&relative) {
            std::fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::hash::tests::sample;
    use super::*;

    #[test]
    fn stage_puts_abi_inside_and_forgets_removed_files() {
        let workspace = sample();
        let manifest = workspace.path().join("bpf/Cargo.toml");
        std::fs::write(&manifest, "[dependencies]\nlab-abi = { path = \"../crates/lab-abi\" }\n").unwrap();
        let stage = tempfile::tempdir().unwrap();
        stage_sources(workspace.path(), stage.path()).unwrap();
        std::fs::remove_file(workspace.path().join("bpf/src/deep/er.rs")).unwrap();
        stage_sources(workspace.path(), stage.path()).unwrap();
        assert!(!stage.path().join("src/deep/er.rs").exists());
        assert!(stage.path().join("crates/lab-abi/src/lib.rs").exists());
        let staged = std::fs::read_to_string(stage.path().join("Cargo.toml")).unwrap();
        assert!(staged.contains("path = \"crates/lab-abi\""), "{staged}");
        assert!(staged.contains("[workspace.package]\nedition = \"2024\""), "{staged}");
        assert!(!staged.contains("dependencies]\na ="), "{staged}");
    }

    #[test]
    fn a_manifest_without_abi_is_refused() {
        let workspace = sample();
        let stage = tempfile::tempdir().unwrap();
        let error = stage_sources(workspace.path(), stage.path()).unwrap_err().to_string();
        assert!(error.ends_with("lab-abi is not taken from \"../crates/lab-abi\""), "{error}");
    }
}
