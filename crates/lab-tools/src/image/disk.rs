//! The image's file system: made from the tarball of its root by its own mke2fs, so that it is the same everywhere.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Lock;
use crate::{Error, process};

/// What is left free for those who work in it.
const FREE_MIB: u64 = 256;
const MIB: u64 = 1 << 20;

/// What mke2fs is made of: itself, its loader and libraries (libarchive is among them), and its settings.
const PARTS: [&str; 4] =
    ["./usr/sbin/mke2fs", "./usr/lib/x86_64-linux-gnu", "./usr/lib64", "./etc/mke2fs.conf"];

/// Makes the file system of a root, whose size alone decides its size.
pub(super) fn make(
    root: &Path,
    lock: &Lock,
    work: &Path,
    disk: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let size = fs::metadata(root).map_err(Error::io("read", root))?.len();
    // Blocks are bigger than a tarball's, and inodes have a table.
    let bytes = (size + size / 8).div_ceil(MIB) * MIB + FREE_MIB * MIB;
    has_room(work, size)?;
    let tools = work.join("tools");
    fs::create_dir(&tools).map_err(Error::io("create", &tools))?;
    process::output(Command::new("tar").arg("-xf").arg(root).arg("-C").arg(&tools).args(PARTS))?;
    let libraries = tools.join("usr/lib/x86_64-linux-gnu");
    let file = File::create(disk).map_err(Error::io("create", disk))?;
    file.set_len(bytes).map_err(Error::io("write", disk))?;
    let mut mke2fs = Command::new(libraries.join("ld-linux-x86-64.so.2"));
    mke2fs
        .arg("--library-path")
        .arg(&libraries)
        .arg(tools.join("usr/sbin/mke2fs"))
        .args(["-q", "-t", "ext4", "-L", "sightline", "-m", "0", "-O", "^has_journal", "-U", &lock.uuid])
        .arg("-E")
        .arg(format!("hash_seed={},root_owner=0:0", lock.uuid))
        .arg("-d")
        .arg(root)
        .arg(disk)
        .env("MKE2FS_CONFIG", tools.join("etc/mke2fs.conf"))
        .env("SOURCE_DATE_EPOCH", lock.epoch.to_string())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    tell("making the file system");
    process::stream(&mut mke2fs, tell)
}

/// Whether a folder has room for so many bytes more.
fn has_room(folder: &Path, needed: u64) -> Result<(), Error> {
    let stat =
        nix::sys::statvfs::statvfs(folder).map_err(|error| Error::io("look at", folder)(error.into()))?;
    let free = stat.blocks_available() * stat.fragment_size();
    if free >= needed {
        return Ok(());
    }
    Err(Error::NoRoom { path: folder.to_owned(), needed_mib: needed.div_ceil(MIB), free_mib: free / MIB })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_room_is_said_to_have_none() {
        let folder = tempfile::tempdir().unwrap();
        has_room(folder.path(), 1).unwrap();
        let error = has_room(folder.path(), u64::MAX / 2).unwrap_err();
        assert!(matches!(error, Error::NoRoom { .. }), "{error}");
    }
}
