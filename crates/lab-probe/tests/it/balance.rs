//! Nothing is unaccounted for: the programs' counters against the subject's own count.

use lab_model::{LossCause, Payload};

use crate::lab::{Lab, Subject, open};

fn flood(lab: &Lab, processes: usize, opens: u64) {
    let path = lab.path("none");
    let subjects: Vec<Subject> = (0..processes)
        .map(|_| {
            lab.subject(|| {
                for _ in 0..opens {
                    open(&path, libc::O_RDONLY);
                }
                0
            })
        })
        .collect();
    for subject in subjects {
        assert_eq!(subject.wait(), 0);
    }
}

/// Events of opens, and the sum of told losses with their causes.
fn account(events: &[lab_model::Event]) -> (u64, u64, Vec<LossCause>) {
    let mut causes = Vec::new();
    let (mut opens, mut lost) = (0, 0);
    for event in events {
        match &event.payload {
            Payload::Open(_) => opens += 1,
            Payload::Loss(loss) => {
                lost += loss.count.unwrap();
                causes.push(loss.cause);
                assert!(loss.first_ns <= loss.last_ns.unwrap());
            }
            _ => {}
        }
    }
    causes.dedup();
    (opens, lost, causes)
}

#[test]
fn idle() {
    let Some(lab) = Lab::start("balance-idle", &[]) else { return };
    flood(&lab, 1, 10);
    let (events, counters) = lab.stop();
    assert_eq!(account(&events), (10, 0, vec![]));
    assert_eq!(counters.programs["open"].received, 10);
    assert_eq!(counters.lost_total(), 0);
}

#[test]
fn a_flood_of_opens_by_two_processes() {
    let Some(lab) = Lab::start("balance-flood", &["--ring-bytes", "67108864"]) else { return };
    flood(&lab, 2, 100_000);
    let (events, counters) = lab.stop();
    let open = &counters.programs["open"];
    assert_eq!(open.received + open.lost_total(), 200_000);
    let (opens, lost, _) = account(&events);
    assert_eq!((opens, lost), (open.received, counters.lost_total()));
    assert_eq!(open.lost_total(), 0, "a ring of 64 MB is large enough");
}

/// The second program of the exit finds that the first did its work, here, where the first is skipped for nobody.
#[test]
fn a_kernel_that_leaves_preemption_on() {
    let Some(lab) =
        Lab::start("balance-preemptible", &["--pretend", "preemptible=1", "--ring-bytes", "67108864"])
    else {
        return;
    };
    flood(&lab, 3, 50_000);
    let (events, counters) = lab.stop();
    let open = &counters.programs["open"];
    assert_eq!((open.produced - open.filtered, open.received, open.lost_total()), (150_000, 150_000, 0));
    assert_eq!(account(&events), (150_000, 0, vec![]));
}

#[test]
fn a_ring_that_is_too_small_loses_and_counts() {
    let Some(lab) = Lab::start("balance-tiny", &["--ring-bytes", "4096"]) else { return };
    flood(&lab, 2, 20_000);
    let (events, counters) = lab.stop();
    let open = &counters.programs["open"];
    assert!(open.lost[&LossCause::ReserveFailed] > 0);
    assert_eq!(open.received + open.lost_total(), 40_000);
    let (opens, lost, causes) = account(&events);
    assert_eq!((opens, lost), (open.received, counters.lost_total()));
    assert_eq!(causes, [LossCause::ReserveFailed]);
}

#[test]
fn a_full_table_of_threads_loses_and_counts() {
    let Some(lab) = Lab::start("balance-threads", &["--threads", "1"]) else { return };
    // The first keeps the only place until it ends.
    let path = lab.path("fifo");
    // SAFETY: a valid string.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    let none = lab.path("none");
    let keeper = lab.subject(|| {
        let fd = open(&path, libc::O_RDONLY);
        let mut byte = 0u8;
        // SAFETY: room for one byte; returns when the other end is closed.
        unsafe { libc::read(fd, (&raw mut byte).cast(), 1) as i32 }
    });
    // Its end of the FIFO opens when the keeper has come to its own: then the place is taken.
    let writer = std::fs::OpenOptions::new().write(true).open(lab.dir.path().join("fifo")).unwrap();
    let other = lab.subject(|| {
        open(&none, libc::O_RDONLY);
        0
    });
    other.wait();
    drop(writer);
    keeper.wait();
    let (events, counters) = lab.stop();
    let lost: u64 = counters.programs.values().filter_map(|b| b.lost.get(&LossCause::StateFull)).sum();
    assert!(lost >= 2, "the other's open and its end: {counters:?}");
    assert_eq!(account(&events).1, counters.lost_total());
}

#[test]
fn a_call_that_has_not_returned_is_in_flight() {
    let Some(lab) = Lab::start("balance-flight", &[]) else { return };
    let (read, none) = (lab.path("fifo"), lab.path("none"));
    // SAFETY: a valid string.
    assert_eq!(unsafe { libc::mkfifo(read.as_ptr(), 0o600) }, 0);
    let mut lab = lab;
    let subject = lab.subject(|| {
        open(&none, libc::O_RDONLY);
        open(&read, libc::O_RDONLY).min(0)
    });
    // Until the marker is seen the subject has long come to its FIFO, which nobody opens for writing.
    while !std::fs::read_to_string(format!("/proc/{}/syscall", subject.pid)).unwrap().starts_with("257 ") {
        std::thread::yield_now();
    }
    lab.mark("in-flight-marker");
    lab.say("stop");
    let counters = match lab.report() {
        Some(lab_model::Report::Counters { counters }) => counters,
        other => panic!("expected counters, got {other:?}"),
    };
    // SAFETY: our own child.
    unsafe { libc::kill(subject.pid as i32, libc::SIGKILL) };
    subject.wait();
    assert_eq!(counters.programs["open"].in_flight, 1);
    assert!(counters.programs["open"].holds());
}
