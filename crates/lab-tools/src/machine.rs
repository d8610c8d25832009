//! What virtual machines are made of: kernels and a small system, both from pinned packages, kept by content.
//!
//! The system is no installation: the packages' files as they are, less what no scenario reads, and the accounts that every
//! Debian has. No script of a package runs, so the same packages always give the same bytes.

mod archive;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use archive::{Archive, Entry};

use crate::files::{sha256_hex, write_if_changed};
use crate::packages::{Package, packages};
use crate::{Error, Options};

/// Says which making of the system it is; another number makes it anew.
const MAKING: u32 = 2;

/// Folders whose files no scenario reads.
const LEFT_OUT: &[&str] = &[
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/lib/x86_64-linux-gnu/perl",
];

/// Accounts that packages make for themselves, as lines of passwd(5) and group(5).
const USERS: &str = "tcpdump:x:105:105::/nonexistent:/usr/sbin/nologin\n";
const GROUPS: &str = "tcpdump:x:105:\n";

/// What Debian has merged into /usr.
const MERGED: &[&str] = &["bin", "sbin", "lib", "lib64"];

/// The kernel of a package: extracted once.
pub fn kernel(options: &Options, package: &Package, tell: &mut dyn FnMut(&str)) -> Result<PathBuf, Error> {
    let place = options.tools.join("kernels").join(&package.sha256);
    if place.is_file() {
        return Ok(place);
    }
    let file = packages(options, std::slice::from_ref(package), tell)?.remove(0);
    let mut found = None;
    files(&file, &mut |entry| {
        if let Entry::File { path, content, .. } = entry
            && path.rsplit('/').next().is_some_and(|name| name.starts_with("vmlinuz"))
        {
            found = Some(content);
        }
        Ok(())
    })?;
    let kernel = found
        .ok_or_else(|| Error::Format { path: file, what: format!("{} holds no kernel", package.name) })?;
    write_if_changed(&place, &kernel)?;
    Ok(place)
}

/// The system of these packages as an archive that a kernel unpacks: made once.
pub fn system(options: &Options, parts: &[Package], tell: &mut dyn FnMut(&str)) -> Result<PathBuf, Error> {
    let hashes: Vec<&str> = parts.iter().map(|package| package.sha256.as_str()).collect();
    let id = sha256_hex(format!("{MAKING}\n{}", hashes.join("\n")).as_bytes());
    let place = options.tools.join("systems").join(format!("{id}.cpio"));
    if place.is_file() {
        return Ok(place);
    }
    let mut archive = Archive::default();
    for at in ["usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "root", "var", "var/lib", "mnt"] {
        archive.add(Entry::folder(at, 0o755));
    }
    for name in MERGED {
        archive.add(Entry::link(name, &format!("usr/{name}")));
    }
    let mut accounts = Accounts::default();
    for file in packages(options, parts, tell)? {
        files(&file, &mut |entry| {
            accounts.look(&entry);
            if !LEFT_OUT.iter().any(|folder| entry.path().starts_with(folder)) {
                archive.add(entry);
            }
            Ok(())
        })?;
    }
    archive.add(Entry::link("usr/bin/sh", "dash"));
    archive.add(Entry::folder("var/log", 0o755));
    archive.add(Entry::folder("var/log/audit", 0o700));
    accounts.add_to(&mut archive);
    write_if_changed(&place, &archive.finish().map_err(Error::io("write", &place))?)?;
    Ok(place)
}

/// The accounts that Debian's package base-passwd tells, without a password each.
#[derive(Default)]
struct Accounts {
    users: Vec<u8>,
    groups: Vec<u8>,
    switch: Vec<u8>,
}

impl Accounts {
    fn look(&mut self, entry: &Entry) {
        let Entry::File { path, content, .. } = entry else { return };
        match path.as_str() {
            "usr/share/base-passwd/passwd.master" => self.users.clone_from(content),
            "usr/share/base-passwd/group.master" => self.groups.clone_from(content),
            "usr/share/libc-bin/nsswitch.conf" | "usr/share/base-files/nsswitch.conf" => {
                self.switch.clone_from(content);
            }
            _ => {}
        }
    }

    fn add_to(self, archive: &mut Archive) {
        let users = String::from_utf8_lossy(&self.users).replace(":*:", ":x:") + USERS;
        let groups = [self.groups, GROUPS.as_bytes().to_vec()].concat();
        let names = users.lines().filter_map(|line| line.split(':').next());
        let shadow: String = names.map(|name| format!("{name}:*:19000:0:99999:7:::\n")).collect();
        archive.add(Entry::file("etc/passwd", 0o644, users.into_bytes()));
        archive.add(Entry::file("etc/shadow", 0o640, shadow.into_bytes()));
        archive.add(Entry::file("etc/group", 0o644, groups));
        archive.add(Entry::file("etc/nsswitch.conf", 0o644, self.switch));
    }
}

/// Each file of a package, by its path in a merged system.
fn files(package: &Path, each: &mut dyn FnMut(Entry) -> Result<(), Error>) -> Result<(), Error> {
    let start = |cause| Error::Start { program: "dpkg-deb".into(), cause };
    let mut command = Command::new("dpkg-deb");
    command.arg("--fsys-tarfile").arg(package).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(start)?;
    let read = |cause| Error::Io { action: "read", path: package.to_owned(), cause };
    let mut tar =
        tar::Archive::new(child.stdout.take().ok_or_else(|| start(std::io::ErrorKind::Other.into()))?);
    for entry in tar.entries().map_err(read)? {
        let mut entry = entry.map_err(read)?;
        if let Some(entry) = archive::from_tar(&mut entry).map_err(read)? {
            each(entry.merged(MERGED))?;
        }
    }
    drop(tar);
    let status = child.wait().map_err(start)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Format { path: package.to_owned(), what: format!("dpkg-deb ended with {status}") })
}

/// A kernel looks for the next archive at multiples of so many bytes, and skips the zeros before it.
const ALIGNED: u64 = 512;

/// One archive of several, one after the other as a kernel reads them, at `place`.
pub fn join(parts: &[&Path], last: &[u8], place: &Path) -> Result<(), Error> {
    let write = || Error::io("write", place);
    let mut whole = fs::File::create(place).map_err(Error::io("create", place))?;
    let mut length = 0_u64;
    for part in parts {
        let mut part_file = fs::File::open(part).map_err(Error::io("read", part))?;
        length += std::io::copy(&mut part_file, &mut whole).map_err(write())?;
        let gap = length.next_multiple_of(ALIGNED) - length;
        length += std::io::copy(&mut std::io::repeat(0).take(gap), &mut whole).map_err(write())?;
    }
    whole.write_all(last).map_err(write())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_archive_begins_where_a_kernel_looks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, length: usize| {
            let path = folder.path().join(name);
            fs::write(&path, vec![b'x'; length]).unwrap();
            path
        };
        let (odd, even, place) = (part("odd", 513), part("even", 512), folder.path().join("whole"));
        join(&[&odd, &even], b"last", &place).unwrap();
        let whole = fs::read(&place).unwrap();
        let text: Vec<usize> = (0..whole.len()).step_by(512).filter(|at| whole[*at] != 0).collect();
        assert_eq!(text, [0, 512, 1024, 1536]);
        assert_eq!((&whole[512..514], &whole[1536..]), (&b"x\0"[..], &b"last"[..]));
    }
}
