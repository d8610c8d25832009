//! What is wrong is said, in one line.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::lab::{Lab, PROBE, open};

fn record(scope: &str, spool: &Path) -> Output {
    let mut command = Command::new(PROBE);
    command.args(["record", "--scope", scope, "--spool"]).arg(spool).stdin(Stdio::null()).output().unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_scope_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    let text = error(&record("/nonexistent", &spool));
    assert_eq!(
        text,
        "lab-probe: failed to use /nonexistent as scope: No such file or directory (os error 2)\n"
    );
    let text = error(&record("/tmp", &spool));
    assert_eq!(
        text,
        "lab-probe: failed to use /tmp as scope: it is not a directory of the cgroup v2 hierarchy\n"
    );
    assert!(!spool.exists());
}

#[test]
fn a_spool_that_cannot_be_made() {
    let Some(lab) = Lab::start("errors-spool", &[]) else { return };
    let text = error(&record(lab.cgroup.to_str().unwrap(), Path::new("/nonexistent/spool")));
    assert!(text.starts_with("lab-probe: failed to create spool /nonexistent/spool: "), "{text}");
}

#[test]
fn no_privileges() {
    let Some(lab) = Lab::start("errors-root", &[]) else { return };
    let text = error(
        &Command::new("setpriv")
            .args(["--bounding-set=-all", "--inh-caps=-all", PROBE, "record", "--scope"])
            .arg(&lab.cgroup)
            .args(["--spool", "/dev/null"])
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    );
    assert!(text.starts_with("lab-probe: failed to load the eBPF programs: "), "{text}");
    assert!(text.contains("it takes root, or the capabilities bpf and perfmon"), "{text}");
}

#[test]
fn a_full_disk_ends_it_with_its_counters() {
    let Some(lab) = Lab::start("errors-full", &[]) else { return };
    // A second probe on the same scope writes to a device that is always full.
    let output = record(lab.cgroup.to_str().unwrap(), Path::new("/dev/full"));
    let text = error(&output);
    assert_eq!(text, "lab-probe: failed to write spool /dev/full: No space left on device (os error 28)\n");
}

#[test]
fn a_disk_that_fills_up_ends_it_with_its_counters() {
    let Some(lab) = Lab::start("errors-fills", &[]) else { return };
    let path = lab.path("none");
    let disk = lab.dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&disk).status();
    assert!(mounted.unwrap().success());
    let mut probe = Command::new(PROBE)
        .args(["record", "--scope"])
        .arg(&lab.cgroup)
        .arg("--spool")
        .arg(disk.join("spool"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 1];
    std::io::Read::read_exact(probe.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let subject = lab.subject(|| {
        for _ in 0..1000 {
            open(&path, libc::O_RDONLY);
        }
        0
    });
    subject.wait();
    let input = probe.stdin.take();
    let output = probe.wait_with_output().unwrap();
    drop(input);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert!(error(&output).contains("No space left on device"));
    let said = String::from_utf8(output.stdout).unwrap();
    let counters = said.lines().find(|line| line.contains(r#""say":"counters""#)).unwrap();
    assert!(counters.contains("write-failed"), "{counters}");
    assert!(said.lines().last().unwrap().contains(r#""say":"failed""#), "{said}");
}

#[test]
fn a_spool_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    fs::write(&spool, "text").unwrap();
    let output = Command::new(PROBE)
        .args(["decode", "--instance", "probe@host", "--events", "/dev/null", "--spool"])
        .arg(&spool)
        .output()
        .unwrap();
    let text = error(&output);
    assert!(text.ends_with("spool: not a spool: it does not begin with its magic bytes\n"), "{text}");
}

#[test]
fn check_says_what_is_there() {
    let output = Command::new(PROBE).arg("check").output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["ok"].as_bool(), Some(output.status.success()));
    assert!(said["rows"].as_array().unwrap().iter().any(|row| row["name"] == "btf"));
}
