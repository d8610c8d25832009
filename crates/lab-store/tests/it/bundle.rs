//! A small bundle, and what holds for every one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use lab_model::{
    Act, ActKind, Errno, Event, Exit, Expectation, Family, Freedom, InstanceRecord, Interest, Open,
    OpenFlags, Origin, Outcome, PassRecord, Payload, ProcessRef, Receipt, Refs, Role, ScenarioHead,
    ScenarioRecord, Scope, SensorKind, Seq, Time, TimeSource, Verdict, VerdictRow, Witness,
};
use lab_store::{
    BundleWriter, FORMAT, Manifest, ReadError, ScenarioEntry, StoreError, append_verdicts, read, verify,
};
use tempfile::TempDir;

/// A sealed bundle.
pub(crate) struct Sealed {
    pub(crate) runs: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) head: String,
    pub(crate) scenarios: Vec<ScenarioRecord>,
}

pub(crate) fn event(n: u64, payload: impl Into<Payload>) -> Event {
    Event {
        instance: "probe@host".into(),
        seq: Seq { stream: 0, n },
        time: Time { ns: 5 + n, began_ns: None, error_ns: 0, source: TimeSource::Kernel },
        subject: None,
        image: ProcessRef { pid: Some(7), ..ProcessRef::default() },
        payload: payload.into(),
        refs: Refs::default(),
        raw: serde_json::Map::new(),
    }
}

pub(crate) fn pass(number: u32) -> PassRecord {
    let path = b"/tmp/\xffodd\n".as_slice().into();
    let open =
        Open { path, flags: OpenFlags(0), late_path: false, opened: None, result: Outcome::Errno(Errno(13)) };
    PassRecord {
        pass: number,
        actor: None,
        cgroup: Some(12),
        variables: BTreeMap::from([("work".into(), "/var/lib/w".into())]),
        stages: Vec::new(),
        acts: vec![Act {
            id: 1,
            role: Role::Act,
            origin: Origin::Performed,
            kind: ActKind::Read { path: "/etc/shadow".into() },
            via: Vec::new(),
            user: None,
            expect: Expectation::Errno(Errno(13)),
            interest: Interest {
                scope: Scope::Subtree,
                actions: BTreeSet::new(),
                exec_only: false,
                folded: BTreeSet::new(),
                free: BTreeMap::from([(
                    "/etc/localtime".into(),
                    Freedom { optional: true, at_most: Some(3), ..Freedom::default() },
                )]),
            },
            nonce: "sl0123456789ab".into(),
        }],
        receipts: vec![Receipt {
            act: 1,
            began_ns: 1,
            ended_ns: 9,
            steps: Vec::new(),
            principal: None,
            error: None,
        }],
        witnesses: vec![Witness {
            act: 1,
            family: Family::Outside,
            road: "canary".into(),
            claim: "unchanged".into(),
            observed: true,
            contradicted: false,
            detail: String::new(),
        }],
        instances: vec![InstanceRecord {
            instance: "probe@host".into(),
            sensor: SensorKind::Probe,
            version: "0".into(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: Some(1),
            end_marker_ns: None,
            cost: None,
            counters: None,
            error: None,
            events: vec![event(0, open), event(1, Exit { code: Some(0), signal: None })],
        }],
    }
}

pub(crate) fn head_of(name: &str) -> ScenarioHead {
    ScenarioHead { name: name.into(), summary: "Read it".into(), attack: vec!["T1003.008".into()] }
}

pub(crate) fn manifest(created: &str) -> Manifest {
    Manifest {
        format: FORMAT,
        tool: "0.0.0".into(),
        profile: "host".into(),
        id: "a1".into(),
        created: created.into(),
        kernel: "6.1".into(),
        machine: "x86_64".into(),
        environment: "host".into(),
        distribution: "debian-12".into(),
        boot_id: "b".into(),
        inputs: BTreeMap::new(),
        plan: lab_store::sha256_hex(b"plan"),
        scenarios: vec![ScenarioEntry {
            head: head_of("sensitive-read"),
            planned: Vec::new(),
            passes: vec![1, 2],
        }],
        sensors: BTreeMap::from([("probe@host".into(), "0".into())]),
        counters: Default::default(),
        stages: Vec::new(),
        interrupted: false,
        vm: None,
    }
}

pub(crate) fn verdict(verdict: Verdict) -> VerdictRow {
    VerdictRow {
        scenario: "sensitive-read".into(),
        act: 1,
        sensor: SensorKind::Probe,
        verdict,
        reasons: Vec::new(),
        events: Vec::new(),
    }
}

pub(crate) fn sealed() -> Sealed {
    let runs = tempfile::tempdir().unwrap();
    let writer = BundleWriter::create(runs.path(), "host", "a1", None).unwrap();
    let passes = vec![pass(1), pass(2)];
    for pass in &passes {
        let raw = writer.raw_path("sensitive-read", pass.pass, "probe@host", "spool").unwrap();
        fs::write(raw, b"SLSPOOL\x01 and frames").unwrap();
        writer.write_pass("sensitive-read", pass).unwrap();
    }
    writer.write_manifest(&manifest(writer.created())).unwrap();
    let dir = writer.dir().to_owned();
    let head = writer.seal().unwrap();
    Sealed {
        runs,
        dir,
        head,
        scenarios: vec![ScenarioRecord { head: head_of("sensitive-read"), planned: Vec::new(), passes }],
    }
}

#[test]
fn what_is_written_is_read() {
    let sealed = sealed();
    let bundle = read(&sealed.dir).unwrap();
    assert_eq!(bundle.scenarios, sealed.scenarios);
    assert_eq!(bundle.head.as_deref(), Some(&*sealed.head));
    assert_eq!(bundle.verdicts, None);
    assert_eq!(bundle.manifest, manifest(&bundle.manifest.created));
    let verified = verify(&sealed.dir, Some(&sealed.head)).unwrap();
    assert_eq!((verified.head, verified.files), (sealed.head, 15));
}

#[test]
fn a_sealed_bundle_is_read_only() {
    let sealed = sealed();
    let mut folders = vec![sealed.dir];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o444, "{path:?}");
            }
        }
    }
    assert_eq!(files, 16);
}

#[test]
fn verdicts_are_one_link_more() {
    let sealed = sealed();
    let seen = [verdict(Verdict::Seen)];
    let head = append_verdicts(&sealed.dir, &seen).unwrap();
    assert_ne!(head, sealed.head);
    assert_eq!(append_verdicts(&sealed.dir, &seen).unwrap(), head);
    assert_eq!(read(&sealed.dir).unwrap().verdicts.unwrap(), seen);
    assert_eq!(verify(&sealed.dir, Some(&head)).unwrap().files, 16);
    assert!(matches!(
        append_verdicts(&sealed.dir, &[verdict(Verdict::Missed)]),
        Err(StoreError::OtherVerdicts { .. })
    ));
    let old = verify(&sealed.dir, Some(&sealed.head)).unwrap_err().to_string();
    assert!(old.ends_with("(the expected one is from before the verdicts were added)"), "{old}");
}

#[test]
fn verdicts_whose_link_was_never_written_are_taken_up() {
    let sealed = sealed();
    let seen = [verdict(Verdict::Seen)];
    let chain = fs::read(sealed.dir.join("chain.jsonl")).unwrap();
    let head = append_verdicts(&sealed.dir, &seen).unwrap();
    fs::remove_file(sealed.dir.join("chain.jsonl")).unwrap();
    fs::write(sealed.dir.join("chain.jsonl"), chain).unwrap();
    assert_eq!(
        verify(&sealed.dir, None).unwrap_err().to_string(),
        "verify `verdicts.jsonl`: extra, the chain does not know it"
    );
    assert_eq!(append_verdicts(&sealed.dir, &seen).unwrap(), head);
    verify(&sealed.dir, Some(&head)).unwrap();
}

#[test]
fn events_that_were_written_before_stay() {
    let runs = tempfile::tempdir().unwrap();
    let writer = BundleWriter::create(runs.path(), "host", "a1", None).unwrap();
    let mut record = pass(1);
    let events = std::mem::take(&mut record.instances[0].events);
    let mut table = writer.events("sensitive-read", 1, "probe@host").unwrap();
    events.iter().for_each(|event| table.push(event).unwrap());
    assert_eq!(table.finish().unwrap(), events.len());
    writer.write_pass("sensitive-read", &record).unwrap();
    let mut manifest = manifest(writer.created());
    manifest.scenarios[0].passes = vec![1];
    writer.write_manifest(&manifest).unwrap();
    let bundle = read(writer.dir()).unwrap();
    assert_eq!(bundle.scenarios[0].passes[0].instances[0].events, events);
    assert_eq!(bundle.head, None, "not sealed yet");
    assert!(verify(writer.dir(), None).unwrap_err().to_string().contains("it is not sealed"));
}

#[test]
fn a_reader_names_file_and_line() {
    let sealed = sealed();
    let receipts = sealed.dir.join("sensitive-read/pass-2/receipts.jsonl");
    let good = fs::read_to_string(&receipts).unwrap();
    let replace = |content: String| {
        fs::remove_file(&receipts).unwrap();
        fs::write(&receipts, content).unwrap();
        read(&sealed.dir).unwrap_err().to_string()
    };
    let message = replace(format!("{good}{{\"act\":true}}\n"));
    assert!(message.contains("pass-2/receipts.jsonl:2: invalid type: boolean `true`"), "{message}");
    let message = replace(format!("{good}{}", good.trim_end()));
    assert!(message.contains("receipts.jsonl:2: cut off"), "{message}");
    fs::remove_file(&receipts).unwrap();
    let message = read(&sealed.dir).unwrap_err().to_string();
    assert!(message.contains("receipts.jsonl: No such file"), "{message}");
}

#[test]
fn another_format_is_said_first_with_what_to_do() {
    let sealed = sealed();
    let path = sealed.dir.join("manifest.json");
    let told = |manifest: &str| {
        fs::remove_file(&path).unwrap();
        fs::write(&path, manifest).unwrap();
        let error = read(&sealed.dir).unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default())
    };
    let (old, hint) = told(r#"{"format": 1, "unheard": "of"}"#);
    assert!(old.ends_with("manifest.json: bundle format 1 is no longer read, expected 3"), "{old}");
    assert!(hint.contains("`cargo xtask lab run`"), "{hint}");
    let (new, hint) = told(r#"{"format": 4, "unheard": "of"}"#);
    assert!(new.ends_with("manifest.json: bundle format 4 is unknown, expected 3"), "{new}");
    assert!(!hint.contains("lab run"), "{hint}");
    assert!(matches!(read(sealed.runs.path()), Err(ReadError::NotABundle { .. })));
}
