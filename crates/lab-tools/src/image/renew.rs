//! Renewing the lock: what the mirror of this machine has today for the same wishes.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use super::Lock;
use crate::packages::{Package, mirror};
use crate::{Error, Options, process};

/// Resolves what is wanted by a trial installation, and locks what came of it.
///
/// # Errors
/// There is no mmdebstrap, no mirror, or a package is not to be had.
pub fn renew(options: &Options, lock: &Lock, tell: &mut dyn FnMut(&str)) -> Result<Lock, Error> {
    let mirror = mirror(options)?;
    let work = tempfile::tempdir().map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
    let mut command = mmdebstrap(options);
    command
        .args(["--variant=minbase", "--components=main", "--format=null"])
        .arg(format!("--include={}", lock.wanted.join(",")))
        .arg(format!(
            "--customize-hook=copy-out /var/lib/dpkg/status /var/lib/apt/lists {}",
            work.path().display()
        ))
        .arg(format!("--keyring={}", options.at("/usr/share/keyrings/debian-archive-keyring.gpg").display()))
        .args([&lock.suite, "/dev/null", &mirror]);
    process::stream(&mut command, tell)?;
    let status = read(&work.path().join("status"))?;
    let mut index = String::new();
    let lists = work.path().join("lists");
    for entry in std::fs::read_dir(&lists).map_err(Error::io("list", &lists))?.flatten() {
        if entry.file_name().to_string_lossy().ends_with("_Packages") {
            index += &read(&entry.path())?;
            index += "\n\n";
        }
    }
    let packages = join(&status, &index, &lock.suite).map_err(|package| Error::NoPackage {
        package,
        suite: lock.suite.clone(),
        cause: "it was installed, and the mirror's list has no hash of it".to_owned(),
    })?;
    Ok(Lock { packages, ..lock.clone() })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::io("read", path))
}

/// mmdebstrap, as it must be called for the same bits: no writes are waited for, and nothing says when or where it was.
pub(super) fn mmdebstrap(options: &Options) -> Command {
    let mut command = Command::new(options.program("mmdebstrap").unwrap_or_else(|| "mmdebstrap".into()));
    command.arg("--dpkgopt=force-unsafe-io").env("LC_ALL", "C.UTF-8").env_remove("SOURCE_DATE_EPOCH");
    command
}

/// Package, version and architecture of a paragraph of dpkg's or of a mirror's list.
fn name(paragraph: &str) -> Option<(&str, &str, &str)> {
    Some((field(paragraph, "Package")?, field(paragraph, "Version")?, field(paragraph, "Architecture")?))
}

fn field<'a>(paragraph: &'a str, name: &str) -> Option<&'a str> {
    paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}

/// What is installed, with the hashes of the mirror's list; or the first that has none.
fn join(status: &str, index: &str, suite: &str) -> Result<Vec<Package>, String> {
    let hashes: HashMap<_, _> = index
        .split("\n\n")
        .filter_map(|paragraph| Some((name(paragraph)?, field(paragraph, "SHA256")?)))
        .collect();
    let mut packages = Vec::new();
    for installed in status.split("\n\n").filter_map(name) {
        let (package, version, arch) = installed;
        let sha256 = hashes.get(&installed).ok_or_else(|| format!("{package} {version}"))?;
        packages.push(Package {
            name: package.to_owned(),
            version: version.to_owned(),
            arch: arch.to_owned(),
            suite: suite.to_owned(),
            sha256: (*sha256).to_owned(),
        });
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn installed_packages_get_the_hash_of_their_version() {
        let status = "Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 2\n\n\
                      Package: a\nArchitecture: amd64\nVersion: 1\nDescription: x\n Package: no\n";
        let index = "Package: a\nVersion: 0\nArchitecture: amd64\nSHA256: old\n\n\
                     Package: a\nVersion: 1\nArchitecture: amd64\nSHA256: aa\n\n\
                     Package: b\nVersion: 2\nArchitecture: all\nSHA256: bb\n";
        let packages = join(status, index, "trixie").unwrap();
        let told: Vec<_> = packages.iter().map(|p| (p.name.as_str(), p.sha256.as_str())).collect();
        assert_eq!(told, [("a", "aa"), ("b", "bb")]);
        assert_eq!(join(status, "", "trixie").unwrap_err(), "b 2");
    }
}
