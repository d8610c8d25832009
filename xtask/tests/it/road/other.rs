//! Another Debian: its own libc, shell, programs and strace, in memory. The committed goldens hold there as they are.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use super::{Lab, code, copied_programs, report, stderr, stdout, turn};

/// A release of Debian, and the version of its strace.
struct Release {
    name: &'static str,
    strace: &'static str,
}

const BOOKWORM: Release = Release { name: "bookworm", strace: "strace 6.1" };
const TRIXIE: Release = Release { name: "trixie", strace: "strace 6.13" };

/// What mmdebstrap is told; with the release's own hashes it says what the tarball holds.
const RECIPE: [&str; 5] = [
    "--variant=minbase",
    "--include=strace,auditd,bpftrace,tcpdump",
    "--components=main",
    "--dpkgopt=force-unsafe-io",
    "--format=tar",
];

/// Debian's keys, where each Debian has them; what apt trusts besides counts too.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The release that this machine is not.
fn release() -> Release {
    let here = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if here.contains("VERSION_CODENAME=trixie") { BOOKWORM } else { TRIXIE }
}

#[test]
fn the_committed_goldens_hold_there() {
    let test = "other::the_committed_goldens_hold_there";
    let Some(_turn) = turn(test) else { return };
    let release = release();
    let Some(tarball) = tarball(test, &release) else { return };
    let lab = Lab::new();
    let output = run(&lab, &tarball);
    code(&output, 0);
    assert_eq!(report(&output)["scenarios"].as_array().map(Vec::len), Some(5));
    let manifest = manifest(&lab);
    assert_eq!(manifest["sensors"]["strace@host"], release.strace, "it ran with another's programs");
    nothing_left(&lab, &manifest);
}

#[test]
fn a_change_is_drift_there_too_and_nothing_is_left() {
    let test = "other::a_change_is_drift_there_too_and_nothing_is_left";
    let Some(_turn) = turn(test) else { return };
    let Some(tarball) = tarball(test, &release()) else { return };
    let lab = Lab::new();
    lab.edit("scenarios/shell-spawn.toml", "/usr/bin/id -u", "/usr/bin/id -g");
    let output = run(&lab, &tarball);
    code(&output, 1);
    let drifted = stdout(&output).matches("/usr/bin/id").count();
    assert!(drifted >= 2, "the two lines that name it: {}", stdout(&output));
    nothing_left(&lab, &manifest(&lab));
}

fn manifest(lab: &Lab) -> Value {
    serde_json::from_slice(&fs::read(lab.bundle().join("manifest.json")).unwrap()).unwrap()
}

/// No mount, nothing on disk but the bundle, and of the run no cgroup, so no process, no folder and no inventory.
#[track_caller]
fn nothing_left(lab: &Lab, manifest: &Value) {
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(!mounts.contains(&lab.dir.path().display().to_string()), "{mounts}");
    assert_eq!(fs::read_dir(lab.path("root")).unwrap().count(), 0, "something was unpacked to the disk");
    let id = manifest["id"].as_str().expect("a run has an id");
    for place in
        [lab_env::cgroup::mount_point().unwrap(), "/run/sightline".into(), "/var/lib/sightline".into()]
    {
        let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path().display().to_string());
        assert_eq!(names.filter(|name| name.contains(id)).collect::<Vec<_>>(), Vec::<String>::new());
    }
}

/// Mounts of a namespace of its own: unpacked to memory, the system goes with its last process, however that ends. What
/// tells of the run to others, its inventory and its work folders, is the machine's.
const RUN: &str = r#"
root=$1 tarball=$2 lab=$3
shift 3
mount -t tmpfs -o mode=0755 tmpfs "$root"
tar --extract --file "$tarball" --directory "$root"
for place in /proc /sys /dev /run/sightline /var/lib/sightline; do
    mkdir -p "$place" "$root$place"
    mount --rbind "$place" "$root$place"
done
mkdir "$root/lab"
mount --bind "$lab" "$root/lab"
exec chroot "$root" "$@"
"#;

/// `lab run` of a lab in the other system.
fn run(lab: &Lab, tarball: &Path) -> Output {
    let (root, bin) = (lab.path("root"), lab.path("bin"));
    fs::create_dir(&root).unwrap();
    fs::create_dir(&bin).unwrap();
    copied_programs(&bin);
    let mut command = apart(RUN);
    command.arg(&root).arg(tarball).arg(lab.dir.path());
    command.args(["/lab/bin/xtask", "--lab", "/lab", "lab", "run", "--no-install", "--json"]);
    command.args(["--actor", "/lab/bin/lab-actor", "--probe", "/lab/bin/lab-probe"]);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CARGO_MANIFEST_DIR", "/lab/xtask");
    command.output().unwrap()
}

/// A shell with mounts that nobody else sees.
fn apart(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--", "sh", "-euc", script, "sh"]);
    command
}

/// The other system as a tarball, made once per state of the release; or says why there can be none.
fn tarball(test: &str, release: &Release) -> Option<PathBuf> {
    let skip = |reason: &str| {
        println!("SKIP road::{test}: {reason}");
        None
    };
    if Command::new("mmdebstrap").arg("--version").output().is_err() {
        return skip("mmdebstrap is not installed");
    }
    let Some(mirror) = mirror() else { return skip("apt's lists name no mirror of Debian") };
    let dir = tempfile::tempdir().unwrap();
    let hashes = dir.path().join("InRelease");
    // apt's own way to its mirrors, with its proxies.
    let fetched = Command::new("/usr/lib/apt/apt-helper")
        .args(["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10", "download-file"])
        .arg(format!("{mirror}dists/{}/InRelease", release.name))
        .arg(&hashes)
        .output();
    if !fetched.is_ok_and(|output| output.status.success()) {
        return skip(&format!("apt's mirror of Debian does not give {}", release.name));
    }
    let state = [fs::read(&hashes).unwrap(), RECIPE.concat().into_bytes()].concat();
    let name = format!("{}-{}.tar", release.name, &lab_store::sha256_hex(&state)[..16]);
    let cache = cache();
    let place = cache.join(&name);
    if !place.exists() {
        build(&mirror, release, &place);
        for old in fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()) {
            if old != place && old.extension().is_some_and(|extension| extension == "tar") {
                fs::remove_file(old).unwrap();
            }
        }
    }
    Some(place)
}

/// Where apt gets Debian from, as its lists tell.
fn mirror() -> Option<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)"])
        .args(["Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main"])
        .output()
        .ok()?;
    stdout(&output).lines().next().map(str::to_owned)
}

/// Outside of the clone, beside the project's tools.
fn cache() -> PathBuf {
    let absolute = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute.unwrap_or_else(|| std::env::home_dir().unwrap().join(".cache"));
    let cache = cache.join("sightline/systems");
    fs::create_dir_all(&cache).unwrap();
    cache
}

/// In memory, because dpkg's writes take most of the time on a disk.
const BUILD: &str = r#"
mount -t tmpfs -o mode=1777 tmpfs "$1"
TMPDIR=$1
export TMPDIR
shift
exec mmdebstrap "$@"
"#;

/// Builds the tarball whole or not at all.
fn build(mirror: &str, release: &Release, place: &Path) {
    let unfinished =
        tempfile::Builder::new().prefix(".unfinished-").tempfile_in(place.parent().unwrap()).unwrap();
    let work = tempfile::tempdir().unwrap();
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), settings_of_apt()).unwrap();
    let output = apart(BUILD)
        .arg(work.path())
        .args(RECIPE)
        .arg(format!("--keyring={KEYS}"))
        .arg(format!("--aptopt={}", settings.path().display()))
        .arg(release.name)
        .arg(unfinished.path())
        .arg(mirror)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    unfinished.persist(place).unwrap();
}

/// How this machine's apt reaches its mirrors, and what it makes of their dates.
fn settings_of_apt() -> String {
    let output = Command::new("apt-config").arg("dump").arg("Acquire").output().unwrap();
    let kept = ["Acquire::http", "Acquire::Check-"];
    let text = stdout(&output);
    text.lines()
        .filter(|line| kept.iter().any(|start| line.starts_with(start)))
        .fold(String::new(), |all, line| all + line + "\n")
}
