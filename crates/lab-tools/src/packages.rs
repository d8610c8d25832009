//! Pinned packages of Debian's: fetched by the machine's own apt from the mirror that it is set up with, kept by content.
//!
//! A suite that the machine itself does not use is read through a list of sources of our own, beside the system's. Its
//! release file may be old: what is fetched is known by its hash, not by its age.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::files::{hash_file, write_if_changed};
use crate::{Error, Options, process};

/// A package of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Debian's word for the architecture.
    pub arch: String,
    /// The suite that has it.
    pub suite: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// The files of packages, in the order of these; what is not there yet is fetched.
pub fn packages(
    options: &Options,
    wanted: &[Package],
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<PathBuf>, Error> {
    let folder = options.tools.join("packages");
    let place = |package: &Package| folder.join(format!("{}.deb", package.sha256));
    let missing: Vec<&Package> = wanted.iter().filter(|package| !place(package).is_file()).collect();
    if !missing.is_empty() {
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let apt = Apt::set_up(options, &missing, tell)?;
        apt.fetch(&missing, &place, tell)?;
    }
    Ok(wanted.iter().map(place).collect())
}

/// An apt with folders and sources of its own.
struct Apt {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Apt {
    fn set_up(options: &Options, wanted: &[&Package], tell: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        let program = options.program("apt-get").ok_or_else(|| Error::NoApt {
            packages: wanted.iter().map(|package| package.name.clone()).collect(),
        })?;
        let mirror = mirror(options)?;
        let folder = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&options.tools);
        let folder = folder.map_err(Error::io("create a folder in", &options.tools))?;
        let mut suites: Vec<&str> = wanted.iter().map(|package| package.suite.as_str()).collect();
        suites.sort_unstable();
        suites.dedup();
        let keys = options.at("/usr/share/keyrings/debian-archive-keyring.gpg");
        let signed = if keys.is_file() { format!("[signed-by={}] ", keys.display()) } else { String::new() };
        let sources = suites.iter().map(|suite| format!("deb {signed}{mirror} {suite} main\n"));
        write_if_changed(&folder.path().join("sources.list"), sources.collect::<String>().as_bytes())?;
        for part in ["lists/partial", "cache/archives/partial"] {
            let part = folder.path().join(part);
            fs::create_dir_all(&part).map_err(Error::io("create", &part))?;
        }
        write_if_changed(&folder.path().join("status"), b"")?;
        let apt = Self { program, folder };
        tell(&format!("lists of {}", suites.join(", ")));
        process::stream(apt.command().arg("update"), tell)?;
        Ok(apt)
    }

    fn command(&self) -> Command {
        let at = |part: &str| self.folder.path().join(part).display().to_string();
        let mut command = Command::new(&self.program);
        for option in [
            format!("Dir::Etc::SourceList={}", at("sources.list")),
            "Dir::Etc::SourceParts=-".to_owned(),
            format!("Dir::State::Lists={}", at("lists")),
            format!("Dir::State::Status={}", at("status")),
            format!("Dir::Cache={}", at("cache")),
            "Acquire::Check-Valid-Until=false".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command.env("LC_ALL", "C");
        command
    }

    /// Fetches packages to their places, where each is whole and right or not at all. All come at one word to apt; where that
    /// fails, one by one, so that the one that is not to be had is named.
    fn fetch(
        &self,
        wanted: &[&Package],
        place: &dyn Fn(&Package) -> PathBuf,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        if let Ok(folder) = self.download(wanted, tell) {
            return self.take(&folder, wanted, place);
        }
        for package in wanted {
            let folder = self.download(&[package], tell).map_err(|cause| Error::NoPackage {
                package: format!("{} {}", package.name, package.version),
                suite: package.suite.clone(),
                cause: cause.to_string(),
            })?;
            self.take(&folder, &[package], place)?;
        }
        Ok(())
    }

    fn download(&self, wanted: &[&Package], tell: &mut dyn FnMut(&str)) -> Result<tempfile::TempDir, Error> {
        let folder = tempfile::tempdir_in(self.folder.path())
            .map_err(Error::io("create a folder in", self.folder.path()))?;
        let mut command = self.command();
        command.arg("download").current_dir(folder.path());
        command.args(wanted.iter().map(|p| format!("{}:{}={}", p.name, p.arch, p.version)));
        process::stream(&mut command, tell)?;
        Ok(folder)
    }

    /// Moves what was fetched to the places that its hashes say.
    fn take(
        &self,
        folder: &tempfile::TempDir,
        wanted: &[&Package],
        place: &dyn Fn(&Package) -> PathBuf,
    ) -> Result<(), Error> {
        let mut strangers = Vec::new();
        for entry in fs::read_dir(folder.path()).map_err(Error::io("list", folder.path()))?.flatten() {
            let file = entry.path();
            let found = hash_file(&file)?;
            match wanted.iter().find(|package| package.sha256 == found) {
                Some(package) => {
                    let place = place(package);
                    fs::rename(&file, &place).map_err(Error::io("move a package to", &place))?;
                }
                None => strangers.push((entry.file_name().to_string_lossy().into_owned(), found)),
            }
        }
        let Some(package) = wanted.iter().find(|package| !place(package).is_file()) else { return Ok(()) };
        let named = |(file, _): &&(String, String)| file.starts_with(&format!("{}_", package.name));
        Err(match strangers.iter().find(named) {
            Some((_, found)) => Error::WrongPackage {
                what: format!("{} {}", package.name, package.version),
                pinned: package.sha256.clone(),
                found: found.clone(),
            },
            None => Error::NoPackage {
                package: format!("{} {}", package.name, package.version),
                suite: package.suite.clone(),
                cause: "apt has fetched nothing".to_owned(),
            },
        })
    }
}

/// Where this machine gets Debian from, as its apt is set up.
pub(crate) fn mirror(options: &Options) -> Result<String, Error> {
    let mut command = Command::new(options.program("apt-get").ok_or(Error::NoMirror)?);
    command.args(["indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"]);
    let said = process::text(command.args(["Origin: Debian"]))?;
    of_debian(&said).ok_or(Error::NoMirror)
}

/// The mirror of a suite whose name is one word: the others (`bookworm-security`) may have mirrors of their own.
fn of_debian(targets: &str) -> Option<String> {
    let mut lines = targets.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, codename)| !codename.contains('-')).map(|(mirror, _)| mirror.to_owned())
}

#[cfg(test)]
mod tests {
    use super::of_debian;

    #[test]
    fn the_mirror_is_that_of_a_whole_suite() {
        let targets = "http://a.test/debian-security/ bookworm-security\nhttp://a.test/debian/ bookworm\n";
        assert_eq!(of_debian(targets).unwrap(), "http://a.test/debian/");
        assert_eq!(of_debian(""), None);
    }
}
