//! Events on disk: nothing is lost, little is stored, damage is named.

use std::fs;

use lab_model::{
    Accept, Action, Address, Bind, Connect, Errno, Event, Exec, Executable, Exit, FileId, Fork, Ids, Loss,
    LossCause, NamespacedPid, Open, OpenFlags, Outcome, ParentRef, Payload, ProcessRef, Refs, Rename, Seq,
    SetId, SetIdCall, Text, Time, TimeSource, Unlink,
};
use lab_store::{BundleWriter, EVENT_COLUMNS, HEAD_EVENTS, read};
use proptest::{collection::vec, option, prelude::*};

use crate::bundle::{event, manifest, pass, sealed};

/// Any bytes, with the kinds that make trouble: escapes, controls, invalid UTF-8, paths as long as the kernel allows.
fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        vec(any::<u8>(), 0..24).prop_map(Text::from),
        "[\\x00-\\x1f\\x7f\\\\\"'</script>x]{0,12}".prop_map(Text::from),
        "/usr/(lib|share)/[a-zé→🦀]{0,8}".prop_map(Text::from),
        (any::<u8>(), 4000..4097_usize).prop_map(|(byte, len)| Text::from(vec![byte; len])),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any::<i64>().prop_map(Outcome::Ok),
        (1..4096).prop_map(|number| Outcome::Errno(Errno(number)))
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<(std::net::Ipv4Addr, u16)>().prop_map(|(ip, port)| Address::Inet { ip, port }),
        any::<(std::net::Ipv6Addr, u16)>().prop_map(|(ip, port)| Address::Inet6 { ip, port }),
        (text(), any::<bool>()).prop_map(|(path, is_abstract)| Address::Unix { path, is_abstract }),
        any::<u16>().prop_map(|number| Address::Other { number }),
        "[a-z]{1,6}".prop_map(|name| Address::Variable { name }),
    ]
}

prop_compose! {
    fn ids()(n in any::<[u32; 8]>()) -> Ids {
        let [uid, euid, suid, fsuid, gid, egid, sgid, fsgid] = n;
        Ids { uid, euid, suid, fsuid, gid, egid, sgid, fsgid }
    }
}

fn payload() -> impl Strategy<Value = Payload> {
    let file = any::<(u64, u64)>().prop_map(|(dev, ino)| FileId { dev, ino });
    let call = prop_oneof![Just(SetIdCall::Setuid), Just(SetIdCall::Setresgid)];
    let cause = prop_oneof![Just(LossCause::Killed), Just(LossCause::ReserveFailed)];
    let of = prop_oneof![Just(Action::Open), Just(Action::Loss)];
    prop_oneof![
        (
            text(),
            option::of(vec(text(), 0..5)),
            any::<bool>(),
            option::of(text()),
            option::of(file),
            outcome()
        )
            .prop_map(|(path, argv, argv_truncated, exe, file, result)| {
                let executable = file.map(|file: FileId| {
                    let mode = file.ino as u32;
                    let interpreter = exe.clone().filter(|_| mode.is_multiple_of(2));
                    Box::new(Executable {
                        mode,
                        in_memory: mode.is_multiple_of(3),
                        deleted: mode.is_multiple_of(5),
                        interpreter,
                    })
                });
                Exec { path, argv, argv_truncated, exe, file, executable, result }.into()
            }),
        any::<(u32, Option<u64>)>().prop_map(|(child, child_start_ns)| Fork { child, child_start_ns }.into()),
        any::<(Option<i32>, Option<i32>)>().prop_map(|(code, signal)| Exit { code, signal }.into()),
        (call, vec(any::<Option<u32>>(), 0..4), option::of(ids()), option::of(ids()), outcome()).prop_map(
            |(call, requested, before, after, result)| {
                SetId { call, requested, before, after, result }.into()
            }
        ),
        (text(), any::<u32>(), any::<bool>(), outcome()).prop_map(|(path, flags, late_path, result)| {
            Open { path, flags: OpenFlags(flags), late_path, opened: None, result }.into()
        }),
        (text(), any::<bool>(), outcome()).prop_map(|(path, directory, result)| Unlink {
            path,
            directory,
            result
        }
        .into()),
        (text(), text(), outcome()).prop_map(|(from, to, result)| Rename { from, to, result }.into()),
        (address(), option::of(outcome()), outcome()).prop_map(|(address, later, result)| Connect {
            address,
            later,
            result
        }
        .into()),
        (address(), outcome()).prop_map(|(address, result)| Bind { address, result }.into()),
        (option::of(address()), outcome()).prop_map(|(peer, result)| Accept { peer, result }.into()),
        (any::<(Option<u64>, u64, Option<u64>, Option<u32>)>(), cause, option::of(of)).prop_map(
            |((count, first_ns, last_ns, cpu), cause, of)| {
                Loss { count, first_ns, last_ns, cpu, cause, of }.into()
            }
        ),
    ]
}

prop_compose! {
    fn image()(
        (pid, tid, start_ns, exec_seq, mount_namespace, cgroup) in any::<(Option<u32>, Option<u32>, Option<u64>,
            Option<u32>, Option<u64>, Option<u64>)>(),
        in_namespace in option::of(any::<(u64, u32)>()),
        parent in option::of(any::<(u32, Option<u64>)>()),
        comm in option::of(text()),
        ids in option::of(ids()),
    ) -> ProcessRef {
        ProcessRef {
            pid, tid, start_ns, exec_seq, mount_namespace, cgroup, comm, ids,
            in_namespace: in_namespace.map(|(namespace, pid)| NamespacedPid { namespace, pid }),
            parent: parent.map(|(pid, start_ns)| ParentRef { pid, start_ns }),
        }
    }
}

/// What a foreign record may hold besides: also nothing at all, and names that are columns.
fn foreign() -> impl Strategy<Value = serde_json::Map<String, serde_json::Value>> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        Just(serde_json::json!({})),
        any::<u64>().prop_map(serde_json::Value::from),
        Just(serde_json::json!({ "pid": 1, "deep": [{}, null, "x"] })),
    ];
    vec(("(pid|action|payload|[a-z]{1,3})", value), 0..3).prop_map(|fields| fields.into_iter().collect())
}

prop_compose! {
    fn any_event()(
        (stream, n) in any::<(u32, u64)>(),
        // Also times that no signed number holds, and calls that end before they begin.
        (ns, began_ns, error_ns) in any::<(u64, Option<u64>, u64)>(),
        source in prop_oneof![Just(TimeSource::Kernel), Just(TimeSource::SensorWall), Just(TimeSource::Received)],
        subject in option::of("[a-z]{0,4}"),
        (image, payload, raw) in (image(), payload(), foreign()),
        nonce in option::of("sl[0-9a-f]{12}"),
    ) -> Event {
        Event {
            instance: "probe@host".into(),
            seq: Seq { stream, n },
            time: Time { ns, began_ns, error_ns, source },
            subject,
            image,
            payload,
            refs: Refs { nonce },
            raw,
        }
    }
}

/// Writes events into a bundle that is not sealed; gives its folder and that of the events' files.
fn written(runs: &std::path::Path, events: &[Event]) -> (std::path::PathBuf, std::path::PathBuf) {
    let writer = BundleWriter::create(runs, "host", "a1", None).unwrap();
    let mut record = pass(1);
    record.instances[0].events = events.to_vec();
    writer.write_pass("sensitive-read", &record).unwrap();
    let mut manifest = manifest(writer.created());
    manifest.scenarios[0].passes = vec![1];
    writer.write_manifest(&manifest).unwrap();
    (writer.dir().to_owned(), writer.dir().join("sensitive-read/pass-1/events"))
}

fn events_of(dir: &std::path::Path) -> Vec<Event> {
    read(dir).unwrap().scenarios.remove(0).passes.remove(0).instances.remove(0).events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_event_comes_back_as_it_was(events in vec(any_event(), 0..40)) {
        let runs = tempfile::tempdir().unwrap();
        // What looks like a secret is masked before it is written, and once masked it stays as it is.
        let masked: Vec<Event> = events.iter().map(|event| {
            let mut value = serde_json::to_value(event).unwrap();
            lab_model::redact::redact_value(&mut value);
            serde_json::from_value(value).unwrap()
        }).collect();
        let (dir, _) = written(runs.path(), &events);
        prop_assert_eq!(events_of(&dir), masked);
    }
}

/// A program that opens many files in a loop, as the probe has it: opens by one process, some 300,000 a second. Paths are
/// those of a walk through 400 packages of 20 to 60 files (names made from words, as in a tree of sources), every fifth
/// open is one of forty libraries again, one in nine fails; times are drawn from an open's usual cost of 1 to 3 µs, with
/// a pause now and then; the process changes its CPU every few thousand calls, and each CPU counts by itself.
fn storm(count: usize) -> Vec<Event> {
    let mut random = Random(0x5eed);
    let words =
        ["index", "main", "parser", "table", "util", "error", "node", "graph", "config", "reader", "stream"];
    let mut files = Vec::new();
    for package in 0..400 {
        let folder =
            format!("/srv/build/vendor/{}-{package}/src", words[random.below(words.len() as u64) as usize]);
        for file in 0..20 + random.below(41) {
            let word = words[random.below(words.len() as u64) as usize];
            files.push(format!("{folder}/{word}_{file}.c"));
        }
    }
    let (mut ns, mut cpu, mut seqs) = (81_000_000_000_000, 0_usize, [9_000_u64, 77_000]);
    let mut events = Vec::with_capacity(count);
    for n in 0..count {
        let took = 700 + random.below(900) + random.below(900);
        ns += took + 600 + random.below(700) + if random.below(400) == 0 { random.below(60_000) } else { 0 };
        if random.below(5_000) == 0 {
            cpu = 1 - cpu;
        }
        seqs[cpu] += 1;
        let path = if n % 5 == 0 {
            format!("/usr/lib/x86_64-linux-gnu/lib{}.so", random.below(40))
        } else {
            files[n % files.len()].clone()
        };
        let result = if random.below(9) == 0 { Outcome::Errno(Errno(2)) } else { Outcome::Ok(3) };
        let flags = OpenFlags(0o2000000);
        let mut event =
            event(seqs[cpu], Open { path: path.into(), flags, late_path: false, opened: None, result });
        event.seq.stream = cpu as u32;
        event.time = Time { ns, began_ns: Some(ns - took), error_ns: 0, source: TimeSource::Kernel };
        event.image = ProcessRef {
            pid: Some(4711),
            tid: Some(4711),
            start_ns: Some(80_999_123_456_789),
            exec_seq: Some(2),
            in_namespace: Some(NamespacedPid { namespace: 4_026_531_836, pid: 4711 }),
            mount_namespace: Some(4_026_531_841),
            parent: Some(ParentRef { pid: 4700, start_ns: Some(80_990_000_000_000) }),
            cgroup: Some(5_532),
            comm: Some("cc1".into()),
            ids: Some(Ids::default()),
        };
        events.push(event);
    }
    events
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[test]
fn an_open_storm_takes_at_most_ten_bytes_an_event() {
    let runs = tempfile::tempdir().unwrap();
    let events = storm(100_000);
    let (dir, files) = written(runs.path(), &events);
    let bytes = fs::metadata(files.join("probe@host.parquet")).unwrap().len();
    let each = bytes as f64 / events.len() as f64;
    println!("{each:.2} bytes an event");
    assert!(each <= 10.0, "{each}");
    assert!(events_of(&dir) == events);
}

#[test]
fn the_first_events_stand_there_for_people() {
    let runs = tempfile::tempdir().unwrap();
    let events = storm(HEAD_EVENTS + 20);
    let (_, files) = written(runs.path(), &events);
    let head = fs::read_to_string(files.join("probe@host.head.jsonl")).unwrap();
    let head: Vec<Event> = head.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(head, events[..HEAD_EVENTS]);
}

#[test]
fn secrets_are_masked_in_both_files() {
    let runs = tempfile::tempdir().unwrap();
    let argv = Some(["mysql", "--password", "hunter2"].map(Text::from).to_vec());
    let exec = Exec {
        path: "/usr/bin/mysql".into(),
        argv,
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    };
    let (dir, files) = written(runs.path(), &[event(0, exec)]);
    let head = fs::read_to_string(files.join("probe@host.head.jsonl")).unwrap();
    assert!(head.contains("*******") && !head.contains("hunter2"), "{head}");
    let Payload::Exec(exec) = events_of(&dir).remove(0).payload else { panic!("an exec") };
    assert_eq!(exec.argv.unwrap()[2], "*******".into());
}

#[test]
fn a_writer_that_is_dropped_leaves_no_events() {
    let runs = tempfile::tempdir().unwrap();
    let writer = BundleWriter::create(runs.path(), "host", "a1", None).unwrap();
    let mut events = writer.events("sensitive-read", 1, "probe@host").unwrap();
    events.push(&event(0, Exit { code: None, signal: Some(9) })).unwrap();
    drop(events);
    let left = fs::read_dir(writer.dir().join("sensitive-read/pass-1/events")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_sealed_table_that_is_cut_off_or_changed_is_named() {
    let sealed = sealed();
    let path = sealed.dir.join("sensitive-read/pass-2/events/probe@host.parquet");
    let whole = fs::read(&path).unwrap();
    let told = |bytes: &[u8]| {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let told = read(&sealed.dir).unwrap_err().to_string();
        let name = format!("read {}: ", path.display());
        told.strip_prefix(&name).unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    let cut = told(&whole[..whole.len() - 9]);
    assert_eq!(cut, format!("cut off, {} bytes of {} that were sealed", whole.len() - 9, whole.len()));
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    assert_eq!(told(&changed), "changed since it was sealed");
}

#[test]
fn a_damaged_table_that_was_never_sealed_is_an_error_or_reads() {
    let runs = tempfile::tempdir().unwrap();
    let (dir, files) = written(runs.path(), &storm(300));
    let path = files.join("probe@host.parquet");
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    let mut seen = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        if let Err(error) = read(&dir) {
            assert!(error.to_string().contains("events/probe@host.parquet: "), "{error}");
            refused += 1;
        }
    };
    for len in (0..whole.len()).step_by(397) {
        seen(&whole[..len]);
    }
    for at in (0..whole.len()).step_by(61) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        seen(&changed);
    }
    assert!(refused > whole.len() / 397, "{refused}");
}

#[test]
fn the_document_lists_the_columns() {
    let document = include_str!("../../../../docs/bundle.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        Some((name, rest.split_once(" | ")?.0))
    });
    let documented: Vec<(&str, &str)> = rows.collect();
    let kind = |column: &lab_store::Column| match column.kind {
        lab_store::ColumnKind::Text => "text",
        lab_store::ColumnKind::Number => "number",
        lab_store::ColumnKind::Flag => "flag",
        lab_store::ColumnKind::Texts => "list of text",
    };
    let columns: Vec<(&str, &str)> = EVENT_COLUMNS.iter().map(|c| (c.name, kind(c))).collect();
    assert_eq!(documented, columns, "left: docs/bundle.md, right: EVENT_COLUMNS");
}
