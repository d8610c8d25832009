//! Whose folder is it: a mark in each run's folder says which process made it, in which boot.
//!
//! A folder outlives its inventory when the machine goes down in the middle of a run. Nothing is ever removed on its
//! name or place alone: the mark must say that its maker is dead.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use serde::{Deserialize, Serialize};

use crate::EnvError;

/// The mark's file name.
const MARK: &str = ".sightline-run";

#[derive(Serialize, Deserialize)]
struct Birth {
    boot: String,
    pid: u32,
    start_ticks: u64,
}

/// This process: pid and start in clock ticks since boot.
pub(crate) fn own() -> Result<(u32, u64), EnvError> {
    let stat = procfs::process::Process::myself().and_then(|me| me.stat());
    let stat = stat.map_err(|error| EnvError::Call {
        doing: "read the runner's own state",
        source: io::Error::other(error),
    })?;
    Ok((stat.pid.unsigned_abs(), stat.starttime))
}

/// True if that process is alive; one that only waits to be buried is not.
pub(crate) fn lives(pid: u32, start_ticks: u64) -> bool {
    let pid = i32::try_from(pid).ok();
    let stat = pid.and_then(|pid| procfs::process::Process::new(pid).ok()?.stat().ok());
    stat.is_some_and(|stat| stat.starttime == start_ticks && !matches!(stat.state, 'Z' | 'X'))
}

fn boot() -> Result<String, EnvError> {
    let path = "/proc/sys/kernel/random/boot_id";
    Ok(fs::read_to_string(path).map_err(EnvError::io("read", path))?.trim().to_owned())
}

/// Marks a folder as made by this process in this boot.
pub(crate) fn mark(folder: &Path) -> Result<(), EnvError> {
    let (pid, start_ticks) = own()?;
    mark_as(folder, &boot()?, pid, start_ticks)
}

pub(crate) fn mark_as(folder: &Path, boot: &str, pid: u32, start_ticks: u64) -> Result<(), EnvError> {
    let path = folder.join(MARK);
    let birth = serde_json::to_vec(&Birth { boot: boot.to_owned(), pid, start_ticks })
        .map_err(|error| EnvError::Call { doing: "encode a folder's mark", source: error.into() })?;
    fs::write(&path, birth).map_err(EnvError::io("write", &path))
}

/// True only if `folder` is a run's own folder, called by the run's id, whose maker is certainly dead.
pub(crate) fn is_dead(folder: &Path, id: &str) -> bool {
    let called_like_a_run = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let ours = fs::symlink_metadata(folder)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == nix::unistd::geteuid().as_raw());
    if !called_like_a_run || !ours {
        return false;
    }
    let birth = fs::read(folder.join(MARK)).ok().and_then(|text| serde_json::from_slice::<Birth>(&text).ok());
    let (Some(birth), Ok(boot)) = (birth, boot()) else { return false };
    // In this boot an inventory names it, or another namespace hides the inventory of a live run.
    birth.boot != boot
}
