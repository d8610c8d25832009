//! What needs root is run by re-executing this very binary through sudo; nothing is ever built as root for a user.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use anyhow::Result;

/// Neither root nor a way to it.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed to become root: this command makes cgroups and loads eBPF programs, and there is no sudo on this machine"
)]
pub(crate) struct NoRoot;

impl NoRoot {
    pub(crate) fn hint(&self) -> &'static str {
        "run it as root, or install sudo"
    }
}

/// True if we are root.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The user to whom files belong: the one who called sudo, or nobody in particular.
pub(crate) fn owner() -> Option<(u32, u32)> {
    let id = |name| std::env::var(name).ok()?.parse().ok();
    Some((id("SUDO_UID")?, id("SUDO_GID")?)).filter(|_| is_root())
}

/// Replaces this process by the same command as root. Returns only if that fails.
pub(crate) fn become_root(args: Vec<OsString>) -> Result<ExitCode> {
    failed(&as_root(args)?.exec())
}

/// Runs the same command as root, and stays: for what only this process can give.
pub(crate) fn run_as_root(args: Vec<OsString>) -> Result<ExitCode> {
    match as_root(args)?.status() {
        // What ended it has ended us too, as far as a caller can see.
        Ok(status) => Ok(ExitCode::from(status.code().map_or(130, |code| u8::try_from(code).unwrap_or(2)))),
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> Result<ExitCode> {
    if error.kind() == std::io::ErrorKind::NotFound {
        Err(NoRoot.into())
    } else {
        Err(anyhow::anyhow!("failed to start sudo: {error}"))
    }
}

fn as_root(args: Vec<OsString>) -> Result<Command> {
    let me = std::env::current_exe()?;
    // sudo empties the environment; these are the person's word on how the command is to behave, and cargo's on where.
    let kept = ["NO_COLOR", "SIGHTLINE_STATE", "CARGO_MANIFEST_DIR"].into_iter().filter_map(|name| {
        let mut pair = OsString::from(format!("{name}="));
        pair.push(std::env::var_os(name)?);
        Some(pair)
    });
    let mut command = Command::new("sudo");
    command.args(["--", "env"]).args(kept).arg(me).args(args);
    Ok(command)
}
