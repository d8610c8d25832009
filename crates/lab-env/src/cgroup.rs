//! Control groups, version 2: found wherever they are mounted, made, killed, removed.

use std::{
    fs, io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::EnvError;

/// Where the version 2 hierarchy is mounted (`/sys/fs/cgroup`, or `/sys/fs/cgroup/unified` on hybrid hosts).
///
/// # Errors
/// If it is not.
pub fn mount_point() -> Result<PathBuf, EnvError> {
    let mounts = procfs::process::Process::myself()
        .and_then(|me| me.mountinfo())
        .map_err(|error| EnvError::Call { doing: "read the mounts", source: io::Error::other(error) })?;
    let mount = mounts.into_iter().find(|mount| mount.fs_type == "cgroup2" && mount.root == "/");
    mount.map(|mount| mount.mount_point).ok_or(EnvError::NoCgroup2)
}

/// The id by which the kernel and our probe know the group: its folder's inode.
///
/// # Errors
/// If the folder is gone.
pub fn id(folder: &Path) -> Result<u64, EnvError> {
    fs::metadata(folder).map(|meta| meta.ino()).map_err(EnvError::io("read the cgroup", folder))
}

/// The ids of the group and of all that are below it now.
///
/// # Errors
/// If a folder cannot be read.
pub fn ids(folder: &Path) -> Result<Vec<u64>, EnvError> {
    let mut ids = vec![id(folder)?];
    for below in below(folder)? {
        ids.extend(self::ids(&below)?);
    }
    Ok(ids)
}

/// The groups right below.
fn below(folder: &Path) -> Result<Vec<PathBuf>, EnvError> {
    let mut below = Vec::new();
    for entry in fs::read_dir(folder).map_err(EnvError::io("read", folder))? {
        let entry = entry.map_err(EnvError::io("read", folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below.push(entry.path());
        }
    }
    Ok(below)
}

/// Kills every process in the group and below, and waits until they are gone.
///
/// # Errors
/// If one outlives its kill by `within`.
pub fn kill(folder: &Path, within: Duration) -> Result<(), EnvError> {
    match fs::write(folder.join("cgroup.kill"), "1") {
        Ok(()) => wait_empty(folder, within),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => Ok(()),
        Err(error) => Err(EnvError::io("kill the cgroup", folder)(error)),
    }
}

/// The processes in the group and below. A group below may go while it is read; who moves meanwhile may be named twice.
///
/// # Errors
/// If the group itself cannot be read.
pub fn processes(folder: &Path) -> Result<Vec<u32>, EnvError> {
    let procs = folder.join("cgroup.procs");
    let text = fs::read_to_string(&procs).map_err(EnvError::io("read", &procs))?;
    let mut processes: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    for below in below(folder)? {
        match self::processes(&below) {
            // A threaded group has no processes of its own.
            Err(EnvError::Io { source, .. }) if is_gone(&source) || is_threaded(&source) => {}
            found => processes.extend(found?),
        }
    }
    Ok(processes)
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ENODEV)
}

fn is_threaded(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EOPNOTSUPP)
}

/// How many processes there are in the group and below.
///
/// # Errors
/// If the group itself cannot be read.
pub fn count(folder: &Path) -> Result<usize, EnvError> {
    Ok(processes(folder)?.len())
}

/// Waits until no process is left in the group and below.
fn wait_empty(folder: &Path, within: Duration) -> Result<(), EnvError> {
    let path = folder.join("cgroup.events");
    let deadline = Instant::now() + within;
    loop {
        // The file must be read anew before each poll: the kernel reports a change since the last read.
        let file = fs::File::open(&path).map_err(EnvError::io("open", &path))?;
        let events = io::read_to_string(&file).map_err(EnvError::io("read", &path))?;
        if events.lines().any(|line| line == "populated 0") {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(EnvError::Outlived { path: folder.to_owned() });
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLPRI)];
        poll(&mut fds, timeout).map_err(|error| EnvError::io("wait for", &path)(error.into()))?;
    }
}

/// Removes the group and the groups below it; they must be empty of processes. One that is gone is fine.
///
/// # Errors
/// If one will not go.
pub fn remove(folder: &Path) -> Result<(), EnvError> {
    let below = match below(folder) {
        Err(EnvError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
        below => below?,
    };
    for below in below {
        remove(&below)?;
    }
    fs::remove_dir(folder).map_err(EnvError::io("remove", folder))
}
