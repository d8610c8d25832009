//! A release: the static programs and the lab's definitions as one tarball, the same bits wherever it is built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::{Error, binaries, bpf, files, process};

/// What a release is built from: a commit, never what lies uncommitted beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The commit, in full.
    pub commit: String,
    /// Its time, in seconds since 1970: every file of the release has it.
    pub committed: u64,
    /// How many files differ from it, and are not in the release.
    pub uncommitted: usize,
}

impl Source {
    /// What the programs say of themselves.
    pub fn version(&self) -> String {
        format!("{}+{}", env!("CARGO_PKG_VERSION"), &self.commit[..12.min(self.commit.len())])
    }
}

/// A release as it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The tarball.
    pub tarball: PathBuf,
    /// Its hash.
    pub sha256: String,
    /// What is in it of ours that was built, with hashes.
    pub programs: BTreeMap<String, String>,
}

/// What stands in the release about itself.
#[derive(Serialize)]
struct About<'a> {
    version: &'a str,
    commit: &'a str,
    target: &'a str,
    rustc: &'a str,
    ebpf_object_sha256: &'a str,
    programs_sha256: &'a BTreeMap<String, String>,
}

/// Packages whose programs are built, and the programs of theirs that a release has.
const PACKAGES: [&str; 5] = ["xtask", "lab-probe", "lab-poll", "lab-act", "lab-init"];
const PROGRAMS: [&str; 5] = ["xtask", "lab-probe", "lab-poll", "lab-actor", "lab-init"];

/// What a release has besides: what the programs read, and what people do.
const FILES: [&str; 8] =
    ["LICENSE", "README.md", "docs", "golden", "pins.toml", "profiles", "rules", "scenarios"];

/// The commit that the checkout is at.
///
/// # Errors
/// It is no checkout, or there is no git.
pub fn source(root: &Path) -> Result<Source, Error> {
    let commit = process::text(git(root).args(["rev-parse", "HEAD"]))?;
    let time = process::text(git(root).args(["show", "--no-patch", "--format=%ct", "HEAD"]))?;
    let committed = time.parse().map_err(|_| Error::Format {
        path: "git show --format=%ct".into(),
        what: format!("`{time}` is no time"),
    })?;
    let changes = process::text(git(root).args(["status", "--porcelain"]))?;
    Ok(Source { commit, committed, uncommitted: changes.lines().count() })
}

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root);
    command
}

/// Builds the release of a commit below `place`, telling each line that cargo writes.
///
/// # Errors
/// Something could not be built or written; there is no tarball then that was not there before.
pub fn build(
    root: &Path,
    source: &Source,
    place: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Release, Error> {
    std::fs::create_dir_all(place).map_err(Error::io("create", place))?;
    let place = &place.canonicalize().map_err(Error::io("find", place))?;
    let stage = place.join("source");
    files::remove_folder(&stage)?;
    std::fs::create_dir(&stage).map_err(Error::io("create", &stage))?;
    let archive = place.join("source.tar");
    process::output(
        git(root).args(["archive", "--format=tar", "--output"]).arg(&archive).arg(&source.commit),
    )?;
    process::output(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&stage))?;

    let version = source.version();
    let epoch = source.committed.to_string();
    let variables = [("SIGHTLINE_VERSION", version.as_str()), ("SOURCE_DATE_EPOCH", &epoch)];
    let target = binaries::triple(&stage)?;
    let built = binaries::build_anywhere(&stage, &target, &PACKAGES, &variables, tell)?;
    let name = format!("sightline-{version}-{target}");
    let folder = place.join(&name);
    files::remove_folder(&folder)?;
    std::fs::create_dir(&folder).map_err(Error::io("create", &folder))?;
    let mut programs = BTreeMap::new();
    for binary in built.iter().filter(|binary| PROGRAMS.contains(&binary.name.as_str())) {
        let to = folder.join(&binary.name);
        std::fs::copy(&binary.path, &to).map_err(Error::io("write", &to))?;
        programs.insert(binary.name.clone(), files::hash_file(&to)?);
    }
    for file in FILES {
        process::output(Command::new("cp").arg("-r").arg(stage.join(file)).arg(&folder))?;
    }
    about(&stage, source, &target, &programs, &folder.join("release.json"))?;
    let tarball = pack(place, &name, &epoch)?;
    files::remove_folder(&folder)?;
    let sha256 = files::hash_file(&tarball)?;
    let sums = place.join("SHA256SUMS");
    files::write_if_changed(&sums, format!("{sha256}  {name}.tar.gz\n").as_bytes())?;
    Ok(Release { tarball, sha256, programs })
}

fn about(
    stage: &Path,
    source: &Source,
    target: &str,
    programs: &BTreeMap<String, String>,
    place: &Path,
) -> Result<(), Error> {
    let object = stage.join(bpf::PREBUILT_OBJECT);
    let about = About {
        version: &source.version(),
        commit: &source.commit,
        target,
        rustc: &process::text(Command::new("rustc").current_dir(stage).arg("-V"))?,
        ebpf_object_sha256: &files::hash_file(&object)?,
        programs_sha256: programs,
    };
    let text = serde_json::to_string_pretty(&about)
        .map_err(|error| Error::Format { path: place.to_owned(), what: error.to_string() })?;
    files::write_if_changed(place, format!("{text}\n").as_bytes())?;
    Ok(())
}

/// Packs a folder so that neither its order, its times nor its owner tell where; whole or not at all.
fn pack(place: &Path, name: &str, epoch: &str) -> Result<PathBuf, Error> {
    let tarball = place.join(format!("{name}.tar.gz"));
    let unfinished = place.join(format!(".unfinished-{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args([
        "--sort=name",
        "--format=ustar",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u=rwX,go=rX",
    ]);
    tar.arg(format!("--mtime=@{epoch}")).args(["--use-compress-program", "gzip -9n", "-cf"]).arg(&unfinished);
    let packed = process::output(tar.arg("-C").arg(place).arg(name));
    let packed =
        packed.and_then(|_| std::fs::rename(&unfinished, &tarball).map_err(Error::io("write", &tarball)));
    if packed.is_err() {
        // The error that is told is the first one.
        let _ = std::fs::remove_file(&unfinished);
    }
    packed.map(|()| tarball)
}

/// What came of building a release twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Twice {
    /// Name and hashes of each thing that was built, the tarball last.
    pub built: Vec<(String, [String; 2])>,
}

impl Twice {
    /// Whether all are the same.
    pub fn is_same(&self) -> bool {
        self.built.iter().all(|(_, [first, second])| first == second)
    }
}

/// Builds the release of a commit in two folders of different depth, from nothing each, and compares.
///
/// # Errors
/// Something could not be built.
pub fn verify(root: &Path, source: &Source, tell: &mut dyn FnMut(&str)) -> Result<Twice, Error> {
    let mut once = |below: &str| -> Result<BTreeMap<String, String>, Error> {
        let place = tempfile::Builder::new().prefix("sightline-dist-").tempdir();
        let place = place.map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
        let release = build(root, source, &place.path().join(below), tell)?;
        let mut hashes = release.programs;
        let name = release.tarball.file_name().unwrap_or_default().to_string_lossy().into_owned();
        hashes.insert(name, release.sha256);
        Ok(hashes)
    };
    let (first, second) = (once("a")?, once("another/place")?);
    Ok(compare(first, &second))
}

pub(crate) fn compare(first: BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Twice {
    let missing = || "missing".to_owned();
    let only_second = second.keys().filter(|name| !first.contains_key(*name)).cloned();
    let only_second: Vec<_> = only_second.map(|name| (name, missing())).collect();
    let pairs = first.into_iter().chain(only_second);
    let built = pairs.map(|(name, hash)| {
        let other = second.get(&name).cloned().unwrap_or_else(missing);
        (name, [hash, other])
    });
    Twice { built: built.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect()
    }

    #[test]
    fn what_differs_or_is_missing_is_not_the_same() {
        let one = hashes(&[("a", "1"), ("b", "2")]);
        assert!(compare(one.clone(), &one).is_same());
        assert!(!compare(one.clone(), &hashes(&[("a", "1"), ("b", "3")])).is_same());
        assert!(!compare(one.clone(), &hashes(&[("a", "1")])).is_same());
        assert!(!compare(hashes(&[("a", "1")]), &one).is_same());
    }

    #[test]
    fn packing_does_not_depend_on_place_order_owner_or_time() {
        let pack_in = |names: [&str; 2]| {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("x");
            std::fs::create_dir(&folder).unwrap();
            for name in names {
                std::fs::write(folder.join(name), name).unwrap();
            }
            let tarball = pack(place.path(), "x", "1700000000").unwrap();
            assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "something unfinished stayed");
            std::fs::read(tarball).unwrap()
        };
        assert_eq!(pack_in(["a", "b"]), pack_in(["b", "a"]));
        assert_ne!(pack_in(["a", "b"]), pack_in(["a", "c"]));
    }

    #[test]
    fn what_is_no_checkout_has_no_source() {
        let folder = tempfile::tempdir().unwrap();
        let error = source(folder.path()).unwrap_err().to_string();
        assert!(error.contains("not a git repository"), "{error}");
    }
}
