//! Builds the programs that run where subjects run: static, so that they run in any of them.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::{Error, Options, process, remap};

/// What makes a program of the gnu target static.
const STATIC: &str = "-C target-feature=+crt-static -C relocation-model=static";
/// The profile of the workspace's manifest that is made for these programs.
const PROFILE: &str = "lab";

/// One built program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticBinary {
    /// Its name: `lab-actor`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Builds all programs of some packages as the user who runs this, telling each line that cargo writes.
pub fn build_static(
    root: &Path,
    packages: &[&str],
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<StaticBinary>, Error> {
    let triple = triple(root)?;
    let mut command = build_command(root, &triple, packages);
    command.env(flags_variable(&triple), STATIC).env_remove("CARGO_ENCODED_RUSTFLAGS");
    artifacts(&run(&mut command, tell)?)
}

/// Builds all programs of some packages so that the place leaves no trace in them: the target folder is beside the sources.
pub(crate) fn build_anywhere(
    stage: &Path,
    triple: &str,
    packages: &[&str],
    variables: &[(&str, &str)],
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<StaticBinary>, Error> {
    let places = remap::places(stage)?;
    let flags = STATIC.split(' ').map(str::to_owned);
    let flags = flags.chain(places.iter().map(|(place, name)| remap::flag(place, name)));
    // Programs in C name their files in assertions.
    let of_c = places.iter().map(|(place, name)| format!("-ffile-prefix-map={}={name}", place.display()));
    let mut command = build_command(stage, triple, packages);
    command
        .arg("--locked")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\u{1f}"))
        .env("CFLAGS", of_c.collect::<Vec<_>>().join(" "))
        .env("CARGO_TARGET_DIR", stage.with_file_name("target"))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_LAB_STRIP", "symbols")
        .envs(variables.iter().copied());
    artifacts(&run(&mut command, tell)?)
}

fn build_command(root: &Path, triple: &str, packages: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["build", "--bins", "--message-format=json-render-diagnostics"]);
    command.args(["--profile", PROFILE, "--target", triple]).env_remove("RUSTFLAGS");
    for package in packages {
        command.args(["--package", package]);
    }
    command
}

/// The target that the compiler of a workspace builds for by itself.
pub(crate) fn triple(root: &Path) -> Result<String, Error> {
    host_triple(Command::new("rustc").current_dir(root))
}

fn flags_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace(['-', '.'], "_"))
}

/// Messages on standard output while standard error is told line by line.
fn run(command: &mut Command, tell: &mut dyn FnMut(&str)) -> Result<String, Error> {
    let (mut messages, writer) = std::io::pipe().map_err(|cause| pipe_error(command, cause))?;
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut text = String::new();
            messages.read_to_string(&mut text).map(|_| text)
        });
        let ended = process::stream_errors(command.stdin(Stdio::null()).stdout(writer), tell);
        let text = reader.join().unwrap_or_else(|_| Err(std::io::Error::other("the reader panicked")));
        ended?;
        text.map_err(|cause| pipe_error(command, cause))
    })
}

fn pipe_error(command: &Command, cause: std::io::Error) -> Error {
    Error::Start { program: command.get_program().to_string_lossy().into_owned(), cause }
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The programs among cargo's messages (The Cargo Book, "External tools").
fn artifacts(messages: &str) -> Result<Vec<StaticBinary>, Error> {
    let mut found = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Message = serde_json::from_str(line)
            .map_err(|error| Error::Format { path: "cargo's messages".into(), what: error.to_string() })?;
        if message.reason != "compiler-artifact" {
            continue;
        }
        if let (Some(target), Some(path)) = (message.target, message.executable)
            && target.kind.iter().any(|kind| kind == "bin")
        {
            found.push(StaticBinary { name: target.name, path });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The target that the compiler builds for by itself.
fn host_triple(rustc: &mut Command) -> Result<String, Error> {
    let said = process::text(rustc.arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Error::Format { path: "rustc -vV".into(), what: "it names no host".into() })
}

/// Links an empty program statically and runs it; gives the target.
pub(crate) fn try_static_link(options: &Options) -> Result<String, Error> {
    let rustc = options.program("rustc").unwrap_or_else(|| "rustc".into());
    let triple = host_triple(Command::new(&rustc).current_dir(&options.clone))?;
    let folder = tempfile::tempdir().map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
    let source = folder.path().join("empty.rs");
    std::fs::write(&source, "fn main() {}\n").map_err(Error::io("write", &source))?;
    let program = folder.path().join("empty");
    let mut compile = Command::new(rustc);
    compile.current_dir(&options.clone).env("PATH", &options.path).args(["--target", &triple]);
    process::output(compile.args(STATIC.split(' ')).arg("-o").arg(&program).arg(&source))?;
    process::output(&mut Command::new(program))?;
    Ok(triple)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_are_taken_from_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"lab_act","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"lab-probe","kind":["bin"]},"executable":"/t/lab-probe","fresh":true}
{"reason":"compiler-artifact","target":{"name":"build-script-build","kind":["custom-build"]},"executable":"/t/b"}
{"reason":"compiler-artifact","target":{"name":"lab-actor","kind":["bin"]},"executable":"/t/lab-actor"}
{"reason":"build-finished","success":true}"#;
        let names: Vec<_> = artifacts(messages).unwrap().into_iter().map(|binary| binary.name).collect();
        assert_eq!(names, ["lab-actor", "lab-probe"]);
        assert!(artifacts("{").is_err());
    }

    #[test]
    fn flags_are_for_one_target() {
        assert_eq!(
            flags_variable("x86_64-unknown-linux-gnu"),
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS"
        );
    }
}
