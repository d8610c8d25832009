//! A bundle of one scenario in two passes: a shell that runs two programs, watched by two sensors, one of which misses an act.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use lab_model::{
    Accept, Act, ActKind, Address, Connect, Errno, Event, Exec, Exit, Expectation, Family, Fork,
    InstanceRecord, Interest, Open, OpenFlags, Origin, Outcome, PassRecord, Payload, PlannedPass, ProcessRef,
    Receipt, Refs, Role, ScenarioHead, Scope, SensorKind, Seq, Stamp, Step, Time, TimeSource, Verdict,
    VerdictRow, Witness,
};
use lab_store::{BundleWriter, FORMAT, Manifest, ScenarioEntry, append_verdicts};
use tempfile::TempDir;

/// A sealed bundle with verdicts.
pub(crate) struct Sample {
    /// kept while it is used
    pub(crate) runs: TempDir,
    pub(crate) dir: PathBuf,
}

/// One process's events, counted on.
struct Story {
    instance: &'static str,
    events: Vec<Event>,
}

impl Story {
    fn add(&mut self, pid: u32, exec_seq: u32, comm: &str, ns: u64, payload: impl Into<Payload>) {
        let n = self.events.len() as u64;
        let probe = self.instance.starts_with("probe");
        self.events.push(Event {
            instance: self.instance.into(),
            seq: Seq { stream: 0, n },
            time: Time { ns, began_ns: Some(ns - 3), error_ns: 0, source: TimeSource::Kernel },
            subject: None,
            image: ProcessRef {
                pid: Some(pid),
                start_ns: probe.then_some(u64::from(pid) * 1_000),
                exec_seq: probe.then_some(exec_seq),
                comm: Some(comm.into()),
                ..ProcessRef::default()
            },
            payload: payload.into(),
            refs: Refs::default(),
            raw: serde_json::Map::new(),
        });
    }
}

fn exec(path: &str, exe: &str) -> Exec {
    Exec {
        path: path.into(),
        argv: Some(vec![path.into(), "-l\u{1b}[31m".into()]),
        argv_truncated: false,
        exe: Some(exe.into()),
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    }
}

fn open(path: &str, result: Outcome) -> Open {
    Open { path: path.into(), flags: OpenFlags(0), late_path: false, opened: None, result }
}

fn connect(result: Outcome) -> Connect {
    Connect { address: Address::Inet { ip: [127, 0, 0, 1].into(), port: 4_433 }, later: None, result }
}

fn events(instance: &'static str) -> Vec<Event> {
    let (missing, refused) = (Outcome::Errno(Errno(2)), Outcome::Errno(Errno(111)));
    let mut story = Story { instance, events: Vec::new() };
    story.add(10, 1, "actor", 20_000, Fork { child: 20, child_start_ns: None });
    story.add(20, 1, "actor", 21_000, open("/etc/inherited", Outcome::Ok(3)));
    story.add(20, 2, "sh", 22_000, exec("/bin/sh", "/usr/bin/dash"));
    story.add(20, 2, "sh", 23_000, open("/etc/missing", missing));
    story.add(20, 2, "sh", 24_000, open("/etc/missing", missing));
    story.add(20, 2, "sh", 25_000, open("/etc/\u{1b}[2Jodd", Outcome::Errno(Errno(13))));
    story.add(20, 3, "curl", 26_000, exec("/usr/bin/curl", "/usr/bin/curl"));
    story.add(20, 3, "curl", 27_000, connect(Outcome::Ok(0)));
    if instance.starts_with("probe") {
        story.add(20, 3, "curl", 28_000, connect(refused));
        story.add(20, 3, "curl", 28_500, Accept { peer: None, result: Outcome::Ok(4) });
    }
    story.add(20, 3, "curl", 29_000, Exit { code: Some(0), signal: None });
    story.add(10, 1, "actor", 95_000, Exit { code: None, signal: Some(9) });
    story.events
}

fn act(id: u32, role: Role) -> Act {
    Act {
        id,
        role,
        origin: Origin::Performed,
        kind: ActKind::Connect { address: "127.0.0.1:4433".into(), payload: "x".into() },
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest: Interest {
            scope: Scope::Subtree,
            actions: BTreeSet::new(),
            exec_only: false,
            folded: BTreeSet::new(),
            free: Default::default(),
        },
        nonce: format!("sl00000000000{id}"),
    }
}

fn receipt(act: u32) -> Receipt {
    let process = Stamp { pid: 20, parent: 10, start_ticks: 0, ids: Default::default() };
    let payload = connect(Outcome::Errno(Errno(111))).into();
    let step = Step { process, began_ns: 26_500, ended_ns: 27_500, payload, content: None };
    Receipt { act, began_ns: 20_000, ended_ns: 30_000, steps: vec![step], principal: Some(0), error: None }
}

fn pass(number: u32, sensor: SensorKind, instance: &'static str) -> PassRecord {
    PassRecord {
        pass: number,
        actor: None,
        cgroup: None,
        variables: BTreeMap::new(),
        stages: Vec::new(),
        acts: vec![act(1, Role::Act), act(2, Role::Twin)],
        receipts: vec![receipt(1), receipt(2)],
        witnesses: vec![Witness {
            act: 1,
            family: Family::Outside,
            road: "sink".into(),
            claim: "it got the payload".into(),
            observed: true,
            contradicted: false,
            detail: String::new(),
        }],
        instances: vec![InstanceRecord {
            instance: instance.into(),
            sensor,
            version: "0".into(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: None,
            end_marker_ns: None,
            cost: None,
            counters: None,
            error: None,
            events: events(instance),
        }],
    }
}

/// Makes the bundle with this id.
pub(crate) fn sample(id: &str) -> Sample {
    let runs = tempfile::tempdir().unwrap();
    let writer = BundleWriter::create(runs.path(), "host", id, None).unwrap();
    let head = ScenarioHead { name: "beacon".into(), summary: "Connect".into(), attack: Vec::new() };
    for pass in [pass(1, SensorKind::Probe, "probe@host"), pass(2, SensorKind::Strace, "strace@host")] {
        writer.write_pass("beacon", &pass).unwrap();
    }
    let planned = |pass, sensor| PlannedPass { pass, sensors: vec![sensor] };
    writer
        .write_manifest(&Manifest {
            environment: "host".into(),
            distribution: "debian-12".into(),
            format: FORMAT,
            tool: "0.0.0".into(),
            profile: "host".into(),
            id: id.into(),
            created: writer.created().to_owned(),
            kernel: "6.1".into(),
            machine: "x86_64".into(),
            boot_id: "b".into(),
            inputs: BTreeMap::new(),
            plan: String::new(),
            scenarios: vec![ScenarioEntry {
                head,
                planned: vec![planned(1, SensorKind::Probe), planned(2, SensorKind::Strace)],
                passes: vec![1, 2],
            }],
            sensors: BTreeMap::new(),
            counters: BTreeMap::new(),
            stages: Vec::new(),
            interrupted: false,
            vm: None,
        })
        .unwrap();
    let dir = writer.dir().to_owned();
    writer.seal().unwrap();
    let row = |act, sensor, verdict| VerdictRow {
        scenario: "beacon".into(),
        act,
        sensor,
        verdict,
        reasons: if verdict == Verdict::Seen { Vec::new() } else { vec!["no event is near".to_owned()] },
        events: Vec::new(),
    };
    let verdicts = [
        row(1, SensorKind::Probe, Verdict::Seen),
        row(2, SensorKind::Probe, Verdict::Seen),
        row(1, SensorKind::Strace, Verdict::Seen),
        row(2, SensorKind::Strace, Verdict::Missed),
    ];
    append_verdicts(&dir, &verdicts).unwrap();
    Sample { runs, dir }
}
