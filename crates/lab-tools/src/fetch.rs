//! Fetches a pinned file into the project's tools: nothing has its name before its hash is known to be right.
//!
//! What has come of a download lies in one file that is named by the hash it must have, `.partial-HASH`. Whoever fetches
//! the same thing holds a lock on it; whoever comes after an interrupted download goes on where that ended.

mod download;
mod location;
mod unpack;

pub(crate) use location::location;

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_model::{Pin, PinSource};
use nix::fcntl::{Flock, FlockArg};

use crate::{Error, Options, files};

/// How the network is used.
#[derive(Debug, Clone)]
pub struct Network {
    /// Where files are taken from instead of their makers: `MIRROR/HOST/PATH`.
    pub mirror: Option<String>,
    /// How long one connection may take before another one goes on where it ended; twice as long each time.
    pub patience: Duration,
}

/// Names the mirror.
pub const MIRROR: &str = "SIGHTLINE_MIRROR";

impl Network {
    /// As the environment says.
    pub fn of_environment() -> Self {
        let mirror = std::env::var(MIRROR).ok().filter(|mirror| !mirror.is_empty());
        Self { mirror, patience: Duration::from_secs(60) }
    }

    /// The address under which a file is asked for.
    fn address(&self, url: &str) -> String {
        match &self.mirror {
            Some(mirror) => {
                let path = url.strip_prefix("https://").unwrap_or(url);
                format!("{}/{path}", mirror.trim_end_matches('/'))
            }
            None => url.to_owned(),
        }
    }
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetching {
    /// Bytes that are there, those of an earlier try among them.
    pub done: u64,
    /// Bytes in all, where the server says so.
    pub total: Option<u64>,
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The program or the file.
    pub path: PathBuf,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Where a pin's program or file is, once it was fetched; none for a kind that is not fetched as a file.
pub fn fetched_path(options: &Options, pin: &Pin) -> Option<PathBuf> {
    let url = pin.source.url()?;
    let arch = pin.arch.iter().flat_map(|arch| ["-", arch]);
    let folder: String = [pin.name.as_str(), "-", &pin.version].into_iter().chain(arch).collect();
    let folder = options.tools.join(folder.replace('/', "-"));
    let name = match &pin.source {
        PinSource::Tool { program, .. } => format!("bin/{}", program.as_ref().unwrap_or(&pin.name)),
        _ => url.rsplit('/').next()?.to_owned(),
    };
    Some(folder.join(name))
}

/// Fetches a pin, telling how far it is; nothing is asked for if it is there.
///
/// # Errors
/// It is of another kind; the download fails, or what came is not what was pinned. Of a download that was cut off what
/// came stays for the next try, under another name.
pub fn fetch(
    options: &Options,
    network: &Network,
    pin: &Pin,
    tell: &mut dyn FnMut(Fetching),
) -> Result<Fetched, Error> {
    let (Some(url), Some(path)) = (pin.source.url(), fetched_path(options, pin)) else {
        return Err(Error::NotAFile { name: pin.name.clone(), kind: pin.source.word() });
    };
    if path.exists() {
        return Ok(Fetched { path, was_there: true });
    }
    let tools = &options.tools;
    fs::create_dir_all(tools).map_err(Error::io("create", tools))?;
    let partial = tools.join(format!(".partial-{}", pin.sha256));
    let file = locked(&partial)?;
    // Another one may have fetched it while we waited.
    if path.exists() {
        remove(&partial)?;
        return Ok(Fetched { path, was_there: true });
    }
    let url = network.address(url);
    let begun = file.metadata().map_err(Error::io("look at", &partial))?.len() > 0;
    bring(network, &url, &file, &partial, tell)?;
    let mut found = files::hash_file(&partial)?;
    if found != pin.sha256 && begun {
        // The two parts may be of different files.
        file.set_len(0).map_err(Error::io("write", &partial))?;
        bring(network, &url, &file, &partial, tell)?;
        found = files::hash_file(&partial)?;
    }
    if found != pin.sha256 {
        remove(&partial)?;
        return Err(Error::WrongHash { url, expected: pin.sha256.clone(), found });
    }
    let installed = install(tools, pin, &partial, &path);
    // It has its place now, or has none: on a full disk it is the first thing to go.
    remove(&partial)?;
    installed?;
    Ok(Fetched { path, was_there: false })
}

/// Downloads what is missing of a file; what is left of it is what the next try can use.
fn bring(
    network: &Network,
    url: &str,
    file: &File,
    partial: &Path,
    tell: &mut dyn FnMut(Fetching),
) -> Result<(), Error> {
    match download::download(network, url, file, tell) {
        Ok(()) => Ok(()),
        // On a full disk a part is of no use to anybody.
        Err(download::Failure::Write(cause)) => {
            remove(partial)?;
            Err(Error::Io { action: "write", path: partial.to_owned(), cause })
        }
        Err(download::Failure::Server(what)) => {
            if file.metadata().is_ok_and(|meta| meta.len() == 0) {
                remove(partial)?;
            }
            Err(Error::Download { url: url.to_owned(), what })
        }
    }
}

/// The file of what has come so far, once nobody else has it.
fn locked(partial: &Path) -> Result<Flock<File>, Error> {
    loop {
        let file = OpenOptions::new().read(true).append(true).create(true).open(partial);
        let file = file.map_err(Error::io("open", partial))?;
        let mine = file.metadata().map_err(Error::io("look at", partial))?.ino();
        let lock = Flock::lock(file, FlockArg::LockExclusive);
        let lock = lock.map_err(|(_, errno)| Error::io("lock", partial)(errno.into()))?;
        // Who had it before may have taken the name away.
        if fs::metadata(partial).is_ok_and(|meta| meta.ino() == mine) {
            return Ok(lock);
        }
    }
}

fn remove(partial: &Path) -> Result<(), Error> {
    fs::remove_file(partial).map_err(Error::io("remove", partial))
}

/// Makes the pin's folder beside its place and moves it there.
fn install(tools: &Path, pin: &Pin, download: &Path, path: &Path) -> Result<(), Error> {
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(tools);
    let unfinished = unfinished.map_err(Error::io("create a folder in", tools))?;
    let below = path.strip_prefix(tools).unwrap_or(path);
    let mut parts = below.components();
    let folder = tools.join(parts.next().map(|part| part.as_os_str().to_owned()).unwrap_or_default());
    let made = unfinished.path().join("made");
    let target = made.join(parts.as_path());
    let above = target.parent().unwrap_or(&made);
    fs::create_dir_all(above).map_err(Error::io("create", above))?;
    match &pin.source {
        PinSource::Tool { program: Some(program), url } => unpack::unpack(download, url, program, &target)?,
        _ => drop(fs::copy(download, &target).map_err(Error::io("write", &target))?),
    }
    let mode = if matches!(pin.source, PinSource::Tool { .. }) { 0o755 } else { 0o644 };
    fs::set_permissions(&target, fs::Permissions::from_mode(mode)).map_err(Error::io("change", &target))?;
    File::open(&target).and_then(|file| file.sync_all()).map_err(Error::io("write", &target))?;
    fs::rename(&made, &folder).map_err(Error::io("move what was fetched to", &folder))
}
