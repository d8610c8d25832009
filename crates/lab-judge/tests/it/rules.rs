//! Sigma rules over records: what fires on what, what each sensor's events can be asked, what a bad rule gets.

use std::collections::BTreeMap;

use lab_judge::{Category, Rules, detect};
use lab_model::{ActKind, Outcome, Payload, ScenarioRecord, SensorKind};
use proptest::prelude::{Just, Strategy as _, proptest};

use crate::{
    sample::{event, sample},
    world::{OK, World, exec, open, record},
};

/// A rule whose detection is `detection`, one line a key.
fn rule(category: &str, detection: &str) -> String {
    let detection: String = detection.lines().map(|line| format!("  {}\n", line.trim_end())).collect();
    format!(
        "title: a rule\nid: 3e7bd4f1-2f5c-4f0e-9a44-2d9a2b6f0c11\nstatus: test\ndescription: what it is for\n\
         level: low\ntags:\n  - attack.t1059.004\nfalsepositives:\n  - none that we know\n\
         logsource:\n  product: linux\n  category: {category}\ndetection:\n{detection}"
    )
}

fn rules(text: &str) -> Rules {
    Rules::parse(&[("rules/x.yml".to_owned(), text.to_owned())])
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// (act, instance, number of events) that a rule with one selection fires on.
#[track_caller]
fn fires_in(record: &ScenarioRecord, category: &str, selection: &str) -> Vec<(Option<u32>, String, usize)> {
    let selection: String = selection.lines().map(|line| format!("  {line}\n")).collect();
    let rules = rules(&rule(category, &format!("selection:\n{selection}condition: selection")));
    let hits = detect(record, &rules).into_iter().flat_map(|detection| detection.hits);
    hits.map(|hit| (hit.act, hit.instance, hit.events.len())).collect()
}

#[track_caller]
fn fires(category: &str, selection: &str) -> Vec<(Option<u32>, String, usize)> {
    fires_in(&sample(), category, selection)
}

fn both(act: u32) -> Vec<(Option<u32>, String, usize)> {
    ["probe@host", "strace@host"].map(|instance| (Some(act), instance.to_owned(), 1)).to_vec()
}

fn probe(act: u32) -> Vec<(Option<u32>, String, usize)> {
    vec![(Some(act), "probe@host".to_owned(), 1)]
}

#[test]
fn a_file_that_an_image_opens() {
    assert_eq!(fires("file_access", "TargetFilename: /etc/shadow\nImage|endswith: /cat"), both(1));
    assert_eq!(fires("file_access", "TargetFilename: /etc/passwd\nImage: /usr/bin/id"), both(2));
    assert_eq!(fires("file_access", "TargetFilename: /ETC/SHADOW"), both(1), "Sigma ignores case");
    assert_eq!(fires("file_access", "TargetFilename|cased: /ETC/SHADOW"), []);
    assert_eq!(fires("file_event", "TargetFilename: /etc/shadow"), [], "it was only read");
}

#[test]
fn who_was_refused_has_tried() {
    let mut record = sample();
    let shadow = |payload: &Payload| matches!(payload, Payload::Open(open) if open.path.contains("shadow"));
    for pass in [0, 1] {
        let Payload::Open(open) = &mut event(&mut record, pass, shadow).payload else { unreachable!() };
        open.result = Outcome::Errno(lab_model::Errno(13));
    }
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /etc/shadow"), both(1));
}

#[test]
fn a_link_is_no_way_round_a_path() {
    let mut record = sample();
    let shadow = |payload: &Payload| matches!(payload, Payload::Open(open) if open.path.contains("shadow"));
    let Payload::Open(open) = &mut event(&mut record, 0, shadow).payload else { unreachable!() };
    let file = lab_model::FileId { dev: 1, ino: 2 };
    let opened = lab_model::Opened { path: Some(open.path.clone()), file, mode: 0o100_640, by_fd: true };
    (open.path, open.opened) = ("/tmp/harmless".into(), Some(Box::new(opened)));
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /etc/shadow"), both(1));
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /tmp/harmless"), probe(1));
}

#[test]
fn a_file_that_is_written() {
    let mut record = sample();
    let shadow = |payload: &Payload| matches!(payload, Payload::Open(open) if open.path.contains("shadow"));
    for (pass, flags) in [(0, 0o1), (1, 0o100)] {
        let Payload::Open(open) = &mut event(&mut record, pass, shadow).payload else { unreachable!() };
        open.flags = lab_model::OpenFlags(flags);
    }
    assert_eq!(fires_in(&record, "file_event", "TargetFilename: /etc/shadow"), both(1));
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /etc/shadow"), both(1));
}

#[test]
fn processes_with_their_parents() {
    let parent = "Image|endswith: /id\nCommandLine: id\nParentImage|endswith: /sh\nParentCommandLine|startswith: 'sh -c'";
    assert_eq!(fires("process_creation", parent), both(2));
    assert_eq!(fires("process_creation", "CommandLine|contains: 'sh -c id; true'"), both(2));
    assert_eq!(fires("process_creation", "ParentImage|endswith: /id"), []);
}

#[test]
fn only_what_the_sensor_knows() {
    assert_eq!(fires("process_creation", "Image|endswith: /id\nUser: root"), probe(2));
    assert_eq!(fires("process_creation", "Image|endswith: /id\nUser|exists: false").len(), 1);
}

#[test]
fn a_child_that_executes_nothing_runs_its_parents_image() {
    let made = |number, sensor| {
        let mut w = World::new(number, sensor);
        let sh = w.fork(w.actor(), true);
        w.step(sh, exec("/bin/sh", &["sh", "-c", "x"]));
        let before = w.fork(sh, false);
        w.step(sh, exec("/bin/next", &["next"]));
        let after = w.fork(sh, false);
        w.call(before, open("/etc/one", OK));
        w.call(after, open("/etc/two", OK));
        w.exit(before, false);
        w.exit(after, false);
        w.exit(sh, true);
        w.act(1, ActKind::Shell { command: "x".to_owned() }, 1);
        w.end()
    };
    let record = record(vec![made(1, SensorKind::Probe), made(2, SensorKind::Strace)]);
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /etc/one\nImage: /bin/sh"), both(1));
    assert_eq!(fires_in(&record, "file_access", "TargetFilename: /etc/two\nImage: /bin/next"), both(1));
}

#[test]
fn names_and_connections() {
    assert_eq!(fires("file_rename", "SourceFilename|contains: /a-\nTargetFilename|endswith: /b"), both(3));
    assert_eq!(fires("file_delete", "TargetFilename|contains: /"), [], "the name was not there");
    let connection = "DestinationIp|cidr: 127.0.0.0/8\nInitiated: 'true'\nDestinationPort|gte: 40000";
    assert_eq!(fires("network_connection", connection), both(3));
    assert_eq!(fires("network_connection", "DestinationIp|cidr: 10.0.0.0/8"), []);
    assert_eq!(fires("network_connection", "Image|exists: true"), [], "a bare child of the actor");
}

#[test]
fn conditions() {
    let text = rule(
        "process_creation",
        "selection_a:\n  Image|endswith:\n    - /id\n    - /cat\nselection_b:\n  Image|re: '^/usr/'\nfilter_x:\n  \
         CommandLine|contains|all:\n    - sh\n    - id\ncondition: 1 of selection_* and not filter_x",
    );
    let detection = detect(&sample(), &rules(&text)).remove(0);
    assert_eq!(detection.acts(), [1, 2].into());
    assert_eq!((&*detection.source, &*detection.title), ("sigma", "a rule"));
    let all = text.replace("1 of selection_*", "all of selection_*");
    assert_eq!(detect(&sample(), &rules(&all)).remove(0).acts(), [2].into());
}

#[track_caller]
fn errors(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let errors = Rules::parse(&files).expect_err("they are good");
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn bad_rules_get_file_and_line() {
    let good = rule("process_creation", "selection:\n  Image: /bin/sh\ncondition: selection");
    rules(&good);
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let bad = [
        (with("title: a rule", "title: [a rule"), "rules/x.yml:2: YAML parse error"),
        (with("title: a rule\n", ""), "rules/x.yml:1: missing required field 'title'"),
        (
            with("  Image: ", "  Imgae: "),
            "rules/x.yml:15: no sensor knows field `Imgae` of process_creation, expected one of CommandLine,",
        ),
        (
            with("  Image: ", "  LogonId: "),
            "rules/x.yml:15: no sensor knows field `LogonId` of process_creation",
        ),
        (
            with("  Image: /bin/sh", "  Image|fieldref: Parent"),
            "rules/x.yml:15: no sensor knows field `Parent` of",
        ),
        (with("  Image: ", "  Image|sounds: "), "rules/x.yml:15: unknown modifier 'sounds'"),
        (with("  Image: /bin/sh", "  Image|re: '('"), "rules/x.yml:15: "),
        (with("condition: selection", "condition: other"), "rules/x.yml:16: "),
        (with("condition: selection", "condition: selection and ("), "rules/x.yml:16: "),
        (with("condition: selection", "timeframe: 5m\n  condition: selection"), "rules/x.yml:16: a time"),
        (good[..good.find("detection:").unwrap()].to_owned(), "rules/x.yml:"),
        (
            with("product: linux", "product: windows"),
            "rules/x.yml:10: no sensor has records of product windows",
        ),
        (with("process_creation", "dns_query"), "rules/x.yml:10: no sensor has records of"),
        (with("falsepositives:", "falsepositive:"), "rules/x.yml:8: "),
        (with("  Image: /bin/sh", "  - sh"), "rules/x.yml:14: a keyword cannot be evaluated here"),
        (format!("{good}---\n{good}"), "rules/x.yml:1: expected one detection rule in the file, found 2"),
        (with("id: 3e7bd4f1-2f5c-4f0e-9a44-2d9a2b6f0c11\n", ""), "rules/x.yml:1: the rule has no `id`"),
        (String::new(), "rules/x.yml:1: document is not a YAML mapping"),
    ];
    let mut wrong = Vec::new();
    for (text, wanted) in bad {
        let errors = errors(&[("rules/x.yml", &text)]);
        if !errors[0].starts_with(wanted) {
            wrong.push(format!("{wanted}\n    {errors:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ids_and_titles_are_unique() {
    let one = rule("process_creation", "selection:\n  Image: /bin/sh\ncondition: selection");
    let found = errors(&[("rules/a.yml", &one), ("rules/b.yml", &one)]);
    assert_eq!(
        found,
        [
            "rules/b.yml:1: title `a rule` is that of rules/a.yml, too",
            "rules/b.yml:2: id `3e7bd4f1-2f5c-4f0e-9a44-2d9a2b6f0c11` is that of rules/a.yml, too",
        ]
    );
}

#[test]
fn what_a_reader_misses_is_remarked() {
    let good = rule("process_creation", "selection:\n  Image: /bin/sh\ncondition: selection");
    assert!(rules(&good).rules()[0].remarks.is_empty(), "{:?}", rules(&good).rules()[0].remarks);
    let bare = good.replace("level: low\n", "").replace("  - attack.t1059.004\n", "  - attack.execution\n");
    let remarks: Vec<String> = rules(&bare).rules()[0].remarks.iter().map(ToString::to_string).collect();
    assert!(remarks.contains(&"rules/x.yml:1: the rule has no `level`".to_owned()), "{remarks:?}");
    assert!(remarks.iter().any(|remark| remark.contains("attack.t")), "{remarks:?}");
}

/// The rules of the repository, by name.
fn ours() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeMap<String, String> = paths
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.into_iter().collect()
}

#[test]
fn the_rules_of_the_repository_lack_nothing() {
    let rules = Rules::parse(&ours()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let remarks: Vec<String> =
        rules.rules().iter().flat_map(|rule| &rule.remarks).map(ToString::to_string).collect();
    assert_eq!(remarks, Vec::<String>::new());
    for words in ["/var/lib/sightline", "webd", "dropper", "beacon", "helper", "editor"] {
        let made = ours().into_iter().find(|(_, text)| {
            let detection =
                text.split("\ndetection:").nth(1).and_then(|rest| rest.split("\nfalsepositives:").next());
            detection.is_some_and(|detection| detection.contains(words))
        });
        assert_eq!(made, None, "made for the scenario");
    }
}

#[test]
fn the_order_of_events_does_not_matter() {
    let rules = Rules::parse(&ours()).unwrap();
    let mut record = sample();
    let detections = detect(&record, &rules);
    assert!(detections.iter().any(|detection| detection.acts().contains(&1)), "{detections:?}");
    for pass in &mut record.passes {
        pass.instances[0].events.reverse();
    }
    assert_eq!(detect(&record, &rules), detections);
}

proptest! {
    #[test]
    fn parsing_never_panics(text in rule_like()) {
        let _ = Rules::parse(&[("x.yml".to_owned(), text)]);
    }
}

/// A rule with a piece of it replaced.
fn rule_like() -> impl proptest::prelude::Strategy<Value = String> {
    let good = rule("file_event", "selection:\n  Image|endswith: /sh\ncondition: 1 of selection*");
    let length = good.len();
    (Just(good), 0..length, 0..12_usize, "[ -~\n]{0,8}").prop_map(|(good, at, cut, piece)| {
        let end = (at + cut).min(good.len());
        format!("{}{piece}{}", &good[..at], &good[end..])
    })
}

#[test]
fn categories_are_found_by_their_word() {
    for category in Category::ALL {
        let field = category.fields()[0];
        let text = rule(category.word(), &format!("selection:\n  {field}: x\ncondition: selection"));
        assert_eq!(rules(&text).rules()[0].category, category);
    }
}
