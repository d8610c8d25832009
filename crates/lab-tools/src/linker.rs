//! Builds the pinned bpf-linker.

use std::process::Command;

use lab_model::Pin;

use crate::bpf::{self, LINKER_LLVM};
use crate::{Error, Options, files, options, process};

/// Builds bpf-linker in a temporary folder beside its place, tries it, and moves it there.
pub(crate) fn install(options: &Options, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let place = bpf::linker_folder(options)?;
    let pin = bpf::linker_pin(options)?;
    if options::is_executable(&place.join("bin/bpf-linker")) {
        return Ok(());
    }
    let tools = &options.tools;
    std::fs::create_dir_all(tools).map_err(Error::io("create", tools))?;
    let temporary = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(tools);
    let temporary = temporary.map_err(Error::io("create a folder in", tools))?;
    let root = temporary.path().join("root");
    let llvm = format!("/usr/lib/llvm-{LINKER_LLVM}");
    let cargo = options.program("cargo").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["install", "--locked", "--no-default-features", "--features", &format!("llvm-{LINKER_LLVM}")])
        .args(["--version", &format!("={}", pin.version), "--root"])
        .arg(&root)
        .arg("bpf-linker")
        .current_dir(temporary.path())
        .env("CARGO_TARGET_DIR", temporary.path().join("target"))
        .env("LLVM_PREFIX", &llvm)
        .env(format!("LLVM_SYS_{LINKER_LLVM}0_PREFIX"), &llvm)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::stream(&mut command, tell)?;
    check(options, pin)?;
    process::output(Command::new(root.join("bin/bpf-linker")).arg("--version"))?;
    match std::fs::rename(&root, &place) {
        // Two set-ups at once: the other one's is as good.
        Err(_) if options::is_executable(&place.join("bin/bpf-linker")) => Ok(()),
        moved => moved.map_err(Error::io("move bpf-linker to", &place)),
    }
}

/// Sees to it that what cargo built is what was pinned: it keeps the file that it downloaded.
fn check(options: &Options, pin: &Pin) -> Result<(), Error> {
    let cache = options.cargo.join("registry/cache");
    let name = format!("{}-{}.crate", pin.name, pin.version);
    let registries = std::fs::read_dir(&cache).map_err(Error::io("list", &cache))?;
    let kept = registries.filter_map(|registry| Some(registry.ok()?.path().join(&name)));
    let mut found = kept.filter_map(|file| Some(files::sha256_hex(&std::fs::read(file).ok()?)));
    let Some(first) = found.next() else {
        let what = format!("cargo kept no {name} in it, so nobody can tell whether it is the pinned one");
        return Err(Error::Format { path: cache, what });
    };
    if first == pin.sha256 || found.any(|hash| hash == pin.sha256) {
        return Ok(());
    }
    Err(Error::WrongHash { url: name, expected: pin.sha256.clone(), found: first })
}
