//! The image's root as a tarball: Debian's packages put together by mmdebstrap from a repository that has the locked ones
//! and no others, then a release of Sightline on top.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::renew::mmdebstrap;
use super::{INITRD, KERNEL, Lock};
use crate::{Error, Options, files, process};

/// Where a release lies in the image.
const HOME: &str = "opt/sightline";

/// The errand of a run inside lies in the machine's first file system; here it is handed to the real one.
const HAND_OVER: &str = r#"#!/bin/sh
# Hands the errand that came with the kernel to the system.
[ "$1" = prereqs ] && exit 0
[ -f /sightline/errand.json ] || exit 0
cat /sightline/errand.json >"${rootmnt}/sightline/errand.json"
"#;

/// What an errand names beside itself: the release's own.
const LINKS: [(&str, &str); 3] = [
    ("sightline/lab", "/opt/sightline"),
    ("sightline/lab-actor", "/opt/sightline/lab-actor"),
    ("sightline/lab-probe", "/opt/sightline/lab-probe"),
];

/// The console is the only way in, and whoever has it has the machine.
const AUTOLOGIN: &str =
    "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %I $TERM\n";

/// What one reads after logging in.
const MOTD: &str =
    "Sightline. /opt/sightline/xtask lab run runs the lab `host`; poweroff ends the machine.\n";

/// Files of the image that are nobody's package: put there before packages are configured, so that the kernel's package finds the hook.
const OWN: [(&str, &str, u32); 4] = [
    ("etc/initramfs-tools/scripts/init-bottom/sightline", HAND_OVER, 0o755),
    ("etc/systemd/system/serial-getty@.service.d/autologin.conf", AUTOLOGIN, 0o644),
    ("etc/motd", MOTD, 0o644),
    ("etc/hostname", "sightline\n", 0o644),
];

/// Puts the packages together.
pub(super) fn build(
    options: &Options,
    lock: &Lock,
    debs: &[PathBuf],
    work: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let repository = work.join("repository");
    fill(&repository, lock, debs)?;
    let own = work.join("own");
    for (path, text, mode) in OWN {
        let place = own.join(path);
        files::write_if_changed(&place, text.as_bytes())?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(&place, mode).map_err(Error::io("set the mode of", &place))?;
    }
    fs::create_dir(own.join("sightline")).map_err(Error::io("create", &own))?;
    for (at, to) in LINKS {
        let at = own.join(at);
        std::os::unix::fs::symlink(to, &at).map_err(Error::io("create", &at))?;
    }
    let root = work.join("root.tar");
    let names: Vec<&str> = lock.packages.iter().map(|package| package.name.as_str()).collect();
    let mut command = mmdebstrap(options);
    command
        .args(["--variant=minbase", "--format=tar"])
        .arg(format!("--include={}", names.join(",")))
        .arg(format!("--essential-hook=sync-in {} /", own.display()))
        // Times of ours are none of a package's.
        .arg(format!("--customize-hook={}", touch(lock.epoch)))
        // It names the repository's folder, which is another one in each build and nowhere afterwards.
        .arg("--customize-hook=: >\"$1\"/etc/apt/sources.list")
        // What apt leaves is taken away here: it would leave two folders to its own user, or to root where that user may not
        // look into the folder of the build.
        .arg("--skip=cleanup/apt")
        .arg("--customize-hook=rm -rf \"$1\"/var/lib/apt/lists/* \"$1\"/var/cache/apt/archives/* \"$1\"/var/cache/apt/*.bin")
        .arg(&lock.suite)
        .arg(&root)
        .arg(format!("deb [trusted=yes] copy:{} ./", repository.display()))
        .env("SOURCE_DATE_EPOCH", lock.epoch.to_string())
        .env("TMPDIR", work);
    process::stream(&mut command, tell)?;
    Ok(root)
}

fn touch(epoch: u64) -> String {
    let own = OWN.iter().map(|(path, ..)| path).chain(LINKS.iter().map(|(path, _)| path));
    let paths: Vec<String> = own.map(|path| format!("\"$1\"/{path}")).collect();
    format!("touch -h -d @{epoch} \"$1\"/sightline {}", paths.join(" "))
}

/// A repository of these packages alone, so that nothing else can be installed.
fn fill(repository: &Path, lock: &Lock, debs: &[PathBuf]) -> Result<(), Error> {
    fs::create_dir_all(repository).map_err(Error::io("create", repository))?;
    let mut list = String::new();
    for (package, deb) in lock.packages.iter().zip(debs) {
        let name = format!("{}.deb", package.sha256);
        let place = repository.join(&name);
        fs::hard_link(deb, &place)
            .or_else(|_| fs::copy(deb, &place).map(drop))
            .map_err(Error::io("write", &place))?;
        let control = process::text(Command::new("dpkg-deb").arg("--field").arg(deb))?;
        let size = fs::metadata(deb).map_err(Error::io("read", deb))?.len();
        let _ = write!(list, "{control}\nFilename: ./{name}\nSize: {size}\nSHA256: {}\n\n", package.sha256);
    }
    files::write_if_changed(&repository.join("Packages"), list.as_bytes())?;
    // apt chooses what is essential by the release that packages are of.
    let release = format!(
        "Suite: {0}\nCodename: {0}\nArchitectures: amd64\nSHA256:\n {1} {2} Packages\n",
        lock.suite,
        files::sha256_hex(list.as_bytes()),
        list.len()
    );
    files::write_if_changed(&repository.join("Release"), release.as_bytes())?;
    Ok(())
}

/// Takes the kernel and its first file system out of the root.
pub(super) fn take_boot(root: &Path, to: &Path) -> Result<(), Error> {
    let folder = to.join("boot");
    let mut tar = Command::new("tar");
    tar.arg("-xf").arg(root).arg("-C").arg(to).args(["--strip-components=1", "--wildcards"]);
    process::output(tar.args(["./boot/vmlinuz-*", "./boot/initrd.img-*"]))?;
    let folder_entries = fs::read_dir(&folder).map_err(Error::io("list", &folder))?;
    for entry in folder_entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let to = to.join(if name.starts_with("vmlinuz-") { KERNEL } else { INITRD });
        fs::rename(entry.path(), &to).map_err(Error::io("write", &to))?;
    }
    fs::remove_dir(&folder).map_err(Error::io("remove", &folder))
}

/// Puts a release on top of the root.
pub(super) fn add_release(root: &Path, lock: &Lock, release: &Path, work: &Path) -> Result<(), Error> {
    let top = work.join("top");
    let home = top.join(HOME);
    fs::create_dir_all(&home).map_err(Error::io("create", &home))?;
    let mut unpack = Command::new("tar");
    process::output(unpack.arg("-xzf").arg(release).arg("-C").arg(&home).arg("--strip-components=1"))?;
    let over = work.join("top.tar");
    let mut pack = Command::new("tar");
    pack.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"]);
    pack.arg(format!("--mtime=@{}", lock.epoch)).arg("-cf").arg(&over).arg("-C").arg(&top);
    process::output(pack.arg(format!("./{HOME}")))?;
    process::output(Command::new("tar").arg("-Af").arg(root).arg(&over)).map(drop)
}
