//! What would trouble a reader: one that does not come to run, floods, names that are no text, things that go away.

use std::{fs, os::unix::ffi::OsStrExt, process::Stdio};

use lab_model::{Event, Payload};

use crate::lab::{Lab, Subject, of, open};

fn signal(lab: &Lab, signal: i32) {
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::kill(lab.probe.id() as i32, signal) }, 0);
}

/// Stops the reader and waits until it stands still.
fn halt(lab: &Lab) {
    signal(lab, libc::SIGSTOP);
    let stat = format!("/proc/{}/stat", lab.probe.id());
    while !fs::read_to_string(&stat).unwrap().contains(") T ") {
        std::thread::yield_now();
    }
}

/// Resident memory of the reader in bytes.
fn resident(lab: &Lab) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", lab.probe.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn opens(lab: &Lab, processes: usize, each: usize) {
    let path = lab.path("none");
    let body = || {
        for _ in 0..each {
            open(&path, libc::O_RDONLY);
        }
        0
    };
    let subjects: Vec<Subject> = (0..processes).map(|_| lab.subject(body)).collect();
    subjects.iter().for_each(|subject| assert_eq!(subject.wait(), 0));
}

fn told_lost(events: &[Event]) -> u64 {
    let lost = events.iter().filter_map(|event| match &event.payload {
        Payload::Loss(loss) => loss.count,
        _ => None,
    });
    lost.sum()
}

#[test]
fn a_reader_that_stands_still_in_a_flood_loses_and_counts() {
    const OPENS: usize = 200_000;
    let Some(lab) = Lab::start("adverse-halted", &[]) else { return };
    let before = resident(&lab);
    halt(&lab);
    opens(&lab, 1, OPENS);
    signal(&lab, libc::SIGCONT);
    let after = resident(&lab);
    let (events, counters) = lab.stop();
    let balance = &counters.programs["open"];
    assert!(balance.lost_total() > 0, "the ring holds fewer than {OPENS}: {balance:?}");
    assert_eq!(balance.received + balance.lost_total(), OPENS as u64);
    assert_eq!(told_lost(&events), counters.lost_total());
    // The ring itself is mapped twice.
    assert!(after < before + (20 << 20), "it grew from {before} to {after} bytes");
}

#[test]
fn a_million_opens_through_a_ring_of_64_kib_are_all_accounted_for() {
    const EACH: usize = 500_000;
    let Some(lab) = Lab::start("adverse-million", &["--ring-bytes", "65536"]) else { return };
    opens(&lab, 2, EACH);
    let (events, counters) = lab.stop();
    let balance = &counters.programs["open"];
    assert_eq!(balance.received + balance.lost_total(), 2 * EACH as u64);
    assert_eq!(told_lost(&events), counters.lost_total());
    let read = events.iter().filter(|event| matches!(event.payload, Payload::Open(_))).count();
    assert_eq!(read as u64, balance.received);
    println!("a ring of 64 KiB: {} of {} lost", balance.lost_total(), 2 * EACH);
}

#[test]
fn who_is_gone_before_the_record_is_read_is_known_all_the_same() {
    let Some(lab) = Lab::start("adverse-gone", &[]) else { return };
    halt(&lab);
    let path = lab.path("none");
    let subject = lab.subject(|| {
        open(&path, libc::O_RDONLY);
        7
    });
    subject.wait();
    signal(&lab, libc::SIGCONT);
    let (events, _) = lab.stop();
    let event = events.iter().find(|event| matches!(event.payload, Payload::Open(_))).unwrap();
    let image = &event.image;
    assert_eq!(
        (image.pid, image.parent.map(|parent| parent.pid)),
        (Some(subject.pid), Some(std::process::id()))
    );
    assert!(image.start_ns.is_some() && image.ids.is_some() && image.comm.is_some(), "{image:?}");
}

#[test]
fn names_that_are_no_text_are_kept() {
    let Some(lab) = Lab::start("adverse-names", &[]) else { return };
    let name = b"line\nbreak \x1b[31m\xff\xfe\x80 <script>";
    let file = lab.dir.path().join(std::ffi::OsStr::from_bytes(name));
    fs::write(&file, "").unwrap();
    let path = std::ffi::CString::new(file.as_os_str().as_bytes()).unwrap();
    let subject = lab.subject(|| open(&path, libc::O_RDONLY).min(0));
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    let opened = opens[0].opened.as_ref().unwrap();
    let expected = file.as_os_str().as_bytes();
    assert_eq!((opens[0].path.as_bytes(), opened.path.as_ref().unwrap().as_bytes()), (expected, expected));
}

#[test]
fn a_scope_that_is_removed_while_it_is_observed_does_no_harm() {
    let Some(lab) = Lab::start("adverse-removed", &[]) else { return };
    opens(&lab, 1, 10);
    fs::remove_dir(&lab.cgroup).unwrap();
    let (_, counters) = lab.stop();
    assert_eq!(counters.programs["open"].received, 10);
}

#[test]
fn a_runner_that_hears_nothing_any_more_leaves_a_whole_spool() {
    let Some(lab) = Lab::start("adverse-deaf", &[]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    let mut probe = std::process::Command::new(crate::lab::PROBE)
        .args(["record", "--scope"])
        .arg(&lab.cgroup)
        .arg("--spool")
        .arg(&spool)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    std::io::Read::read_exact(probe.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(probe.stdout.take());
    opens(&lab, 1, 10);
    drop(probe.stdin.take());
    assert!(probe.wait().unwrap().success());
    let decoded = lab_probe::decode(&spool, "probe@host").unwrap();
    assert_eq!((decoded.counters.unwrap().programs["open"].received, decoded.damage), (10, None));
    let (_, counters) = lab.stop();
    assert_eq!(counters.programs["open"].received, 10);
}
