//! A full disk, and files that belong to whom they are for.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use lab_model::Verdict;
use lab_store::{BundleWriter, StoreError, append_verdicts, read, verify};

use crate::bundle::{manifest, pass, verdict};

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A file system of its own, a megabyte at most, for as long as this lives.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        let at = at.to_owned();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|out| out.status.success()).then_some(Self(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_seals_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(small) = is_root().then(|| Small::mount(dir.path())).flatten() else {
        println!("SKIP a_full_disk_is_said_and_seals_nothing: mounting a tmpfs needs root");
        return;
    };
    let writer = BundleWriter::create(&small.0, "host", "a1", None).unwrap();
    writer.write_manifest(&manifest(writer.created())).unwrap();
    writer.write_pass("sensitive-read", &pass(1)).unwrap();
    let mut big = pass(2);
    big.variables.insert("big".into(), "x".repeat(1 << 20));
    let path = writer.dir().join("sensitive-read/pass-2/pass.json");
    let message = writer.write_pass("sensitive-read", &big).unwrap_err().to_string();
    assert_eq!(message, format!("write {}: No space left on device (os error 28)", path.display()));
    let dir = writer.dir().to_owned();
    assert!(dir.join("sensitive-read/pass-1/pass.json").exists(), "what was written stays");
    let left = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "nothing half-written");
    let refused = writer.seal().unwrap_err();
    assert!(matches!(&refused, StoreError::Incomplete { path: named } if *named == path), "{refused}");
    assert!(!dir.join("chain.jsonl").exists());
}

#[test]
fn every_file_and_folder_belongs_to_its_owner() {
    if !is_root() {
        println!("SKIP every_file_and_folder_belongs_to_its_owner: giving files away needs root");
        return;
    }
    let owner = (65534, 65533);
    let above = tempfile::tempdir().unwrap();
    let runs = above.path().join("new/runs");
    let writer = BundleWriter::create(&runs, "host", "a1", Some(owner)).unwrap();
    writer.raw_path("sensitive-read", 1, "probe@host", "spool").unwrap();
    writer.write_pass("sensitive-read", &pass(1)).unwrap();
    let mut manifest = manifest(writer.created());
    manifest.scenarios[0].passes = vec![1];
    writer.write_manifest(&manifest).unwrap();
    let all_given = || {
        let mut open = vec![above.path().join("new")];
        let mut count = 0;
        while let Some(path) = open.pop() {
            let metadata = fs::symlink_metadata(&path).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), owner, "{path:?}");
            count += 1;
            if metadata.is_dir() {
                open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
        count
    };
    assert_eq!(all_given(), 15, "before the seal already");
    // A sensor that made its file anew, as root.
    fs::write(writer.dir().join("sensitive-read/pass-1/raw/strace@host.log"), "x").unwrap();
    let dir = writer.dir().to_owned();
    writer.seal().unwrap();
    append_verdicts(&dir, &[verdict(Verdict::Seen)]).unwrap();
    assert_eq!(all_given(), 18);
    verify(&dir, None).unwrap();
    read(&dir).unwrap();
}
