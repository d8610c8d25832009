//! The scenario that most tests start from: a file read through an image, a shell, and calls of a bare child.

use lab_model::{
    ActKind, Address, Connect, Errno, Event, Ids, Outcome, PassRecord, Payload, Rename, ScenarioRecord,
    SensorKind, SetId, SetIdCall, Unlink, Verdict,
};

use crate::world::{MS, OK, World, exec, open, record};

/// Three acts under the probe in pass 1 and under strace in pass 2.
pub(crate) fn sample() -> ScenarioRecord {
    record(vec![pass(1, SensorKind::Probe), pass(2, SensorKind::Strace)])
}

pub(crate) fn pass(number: u32, sensor: SensorKind) -> PassRecord {
    let mut world = World::new(number, sensor);
    read(&mut world);
    shell(&mut world);
    beacon(&mut world);
    world.end()
}

/// Act 1: an image opens a file; its libraries are folded.
fn read(w: &mut World) {
    let (bin, nonce) = (w.var("bin"), w.nonce(1));
    let pid = w.fork(w.actor(), true);
    w.step(pid, exec(&format!("{bin}/cat"), &["cat", &nonce]));
    w.call(pid, open("/etc/ld.so.cache", Outcome::Ok(3)));
    w.call(pid, open("/lib/x86_64-linux-gnu/libc.so.6", Outcome::Ok(3)));
    w.step(pid, open("/etc/shadow", Outcome::Ok(i64::from(pid))));
    w.exit(pid, true);
    w.act(1, ActKind::Read { path: "/etc/shadow".to_owned() }, 2);
}

/// Act 2: a shell whose receipt knows nothing of what the shell starts.
fn shell(w: &mut World) {
    let nonce = w.nonce(2);
    let sh = w.fork(w.actor(), true);
    w.step(sh, exec("/bin/sh", &["sh", "-c", "id; true", &nonce]));
    w.call(sh, open("/etc/profile", OK));
    let id = w.fork(sh, false);
    w.call(id, exec("/usr/bin/id", &["id"]));
    w.call(id, open("/etc/passwd", OK));
    w.exit(id, false);
    w.exit(sh, true);
    w.act(2, ActKind::Shell { command: "id; true".to_owned() }, 1);
}

/// Act 3: a child that executes nothing connects, renames, unlinks what is not there and gives up its user.
fn beacon(w: &mut World) {
    let work = w.var("work");
    let port = w.var("sink").rsplit(':').next().and_then(|port| port.parse().ok()).unwrap();
    let pid = w.fork(w.actor(), true);
    let address = Address::Inet { ip: [127, 0, 0, 1].into(), port };
    w.step(pid, Connect { address, later: None, result: OK });
    let (from, to) = (format!("{work}/a-{}", w.nonce(3)).into(), format!("{work}/b").into());
    w.step(pid, Rename { from, to, result: OK });
    let gone = Outcome::Errno(Errno(2));
    w.step(pid, Unlink { path: format!("{work}/c").into(), directory: false, result: gone });
    let (before, after) = (Some(Ids::default()), Some(Ids::default()));
    let call = SetIdCall::Setuid;
    w.step(
        pid,
        SetId { call, requested: vec![Some(65534)], before, after, result: Outcome::Errno(Errno(1)) },
    );
    w.exit(pid, true);
    w.act(3, ActKind::Connect { address: w.var("sink"), payload: String::new() }, 1);
}

/// The verdicts of one sensor in the order of the acts.
pub(crate) fn verdicts(record: &ScenarioRecord, sensor: SensorKind) -> Vec<Verdict> {
    lab_judge::judge(record)
        .verdicts
        .iter()
        .filter(|row| row.sensor == sensor)
        .map(|row| row.verdict)
        .collect()
}

/// The reasons for one cell.
pub(crate) fn reasons(record: &ScenarioRecord, act: u32, sensor: SensorKind) -> String {
    let judged = lab_judge::judge(record);
    let row = judged.verdicts.iter().find(|row| row.act == act && row.sensor == sensor).unwrap();
    row.reasons.join("\n")
}

/// The events of a pass's only instance.
pub(crate) fn events(record: &mut ScenarioRecord, pass: usize) -> &mut Vec<Event> {
    &mut record.passes[pass].instances[0].events
}

/// The first event of a pass that `is` likes.
pub(crate) fn event(record: &mut ScenarioRecord, pass: usize, is: impl Fn(&Payload) -> bool) -> &mut Event {
    events(record, pass).iter_mut().find(|event| is(&event.payload)).unwrap()
}

/// An event that says what was lost around `at_ns`.
pub(crate) fn loss(like: &Event, at_ns: u64, of: Option<lab_model::Action>) -> Event {
    let mut event = like.clone();
    event.seq = lab_model::Seq { stream: 9, n: at_ns };
    event.payload = lab_model::Loss {
        count: Some(1),
        first_ns: at_ns.saturating_sub(MS / 10),
        last_ns: Some(at_ns + MS / 10),
        cpu: None,
        cause: lab_model::LossCause::ReserveFailed,
        of,
    }
    .into();
    event
}
