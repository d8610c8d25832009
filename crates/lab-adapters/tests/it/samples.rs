//! Real records of other tools, which lie beside the project: each is read, and each of its fields is kept.

use std::{collections::BTreeSet, path::PathBuf};

use lab_adapters::Decoded;
use lab_model::{Payload, Text};
use serde_json::Value;

use crate::account::{self, ADAPTERS, Adapter, CLOCK};

/// The sample files of a tool; a word of it where they do not lie beside the project.
fn samples(test: &str, tool: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let samples = account::samples(tool);
    if samples.is_empty() {
        println!("SKIP {test}: no samples of {tool} beside the project");
    }
    samples
}

/// Every number and every string below a value, as text.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, found)),
        Value::String(text) => _ = found.insert(text.clone()),
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => _ = found.insert(number.to_string()),
    }
}

/// Everything that the events hold; a text also without its escapes.
fn kept(decoded: &Decoded) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for event in &decoded.events {
        leaves(&serde_json::to_value(event).unwrap(), &mut found);
    }
    let plain: Vec<String> = found
        .iter()
        .filter_map(|text| text.parse::<Text>().ok())
        .map(|text| text.to_str_lossy().into_owned())
        .collect();
    found.extend(plain);
    found
}

/// Lines of the samples that are no record of their tool, by file and line.
const NOT_RECORDS: &[(&str, usize)] = &[("auparse_testdata_audit-rhel7.log", 31), ("fal_01_003.json", 1)];

/// The adapters of other people's tools.
fn foreign() -> impl Iterator<Item = &'static (&'static str, Adapter)> {
    ADAPTERS.iter().filter(|(tool, _)| *tool != "proc")
}

#[test]
fn every_record_is_read() {
    for (tool, decode) in foreign() {
        for (path, log) in samples("every_record_is_read", tool) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let decoded = decode(&log, "x@host", CLOCK);
            for unreadable in &decoded.unreadable {
                let known = NOT_RECORDS.contains(&(file, unreadable.line));
                // Some are single records of a call, and one file has no newline at its end: their fields are kept.
                let short =
                    ["without the records", "cut off"].iter().any(|word| unreadable.problem.contains(word));
                assert!(known || short, "{file}: {unreadable}");
            }
            let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
            let balance = &decoded.counters.programs["log"];
            assert!(balance.holds());
            let losses = decoded.events.iter().filter(|event| matches!(event.payload, Payload::Loss(_)));
            assert!(balance.received + balance.filtered + losses.count() as u64 >= lines as u64, "{file}");
        }
    }
}

#[test]
fn no_field_of_json_is_lost() {
    for (tool, decode) in foreign().filter(|(tool, _)| *tool != "auditd") {
        for (path, log) in samples("no_field_of_json_is_lost", tool) {
            for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let decoded = decode(line, "x@host", CLOCK);
                if !decoded.unreadable.is_empty() {
                    continue;
                }
                let (mut wanted, kept) = (BTreeSet::new(), kept(&decoded));
                leaves(&serde_json::from_slice(line).unwrap(), &mut wanted);
                // What is masked is not lost.
                let missing: Vec<_> =
                    wanted.difference(&kept).filter(|leaf| !kept.contains(&"*".repeat(leaf.len()))).collect();
                assert!(missing.is_empty(), "{}: {missing:?}", path.display());
            }
        }
    }
}

#[test]
fn no_field_of_the_audit_log_is_lost() {
    for (path, log) in samples("no_field_of_the_audit_log_is_lost", "auditd") {
        let decoded = lab_adapters::auditd::decode(&log, "auditd@host", CLOCK);
        let kept = kept(&decoded);
        for line in String::from_utf8(log).unwrap().lines() {
            let Some((_, body)) = line.split_once("):") else { continue };
            // Values without spaces, quotes or digits that stand for bytes: as they are.
            for value in body.split(' ').filter_map(|word| word.split_once('=')).map(|(_, value)| value) {
                let plain = value.bytes().all(|byte| byte.is_ascii_lowercase() || b"._/:-".contains(&byte));
                let inside = kept.iter().any(|text| text == value || text.contains(&format!("={value}")));
                assert!(!plain || value.is_empty() || inside, "{}: {value}", path.display());
            }
        }
    }
}

/// The events of a sample, short.
fn told(tool: &str, file: &str) -> Option<Vec<String>> {
    let samples = samples("told", tool);
    let (_, log) = samples.iter().find(|(path, _)| path.ends_with(file))?;
    let (_, decode) = ADAPTERS.iter().find(|(known, _)| *known == tool)?;
    let decoded = decode(log, "x@host", CLOCK);
    let line = |payload: &Payload| serde_json::to_string(payload).unwrap().replace('"', "");
    Some(decoded.events.iter().map(|event| line(&event.payload)).collect())
}

fn has(told: &[String], wanted: &str) {
    assert!(told.iter().any(|line| line.contains(wanted)), "{wanted}: {told:#?}");
}

#[test]
fn calls_of_the_audit_log() {
    let Some(told) = told("auditd", "testdata_normal.log") else { return };
    has(
        &told,
        "action:exec,path:/usr/bin/grep,argv:[grep,--color=auto,mapping],exe:/usr/bin/grep,result:{ok:0}",
    );
    has(&told, "action:connect,address:{family:inet,ip:169.254.169.254,port:80},result:{errno:EINPROGRESS}");
    let lost =
        |told: &[String]| told.iter().filter(|line| line.contains("cause:gap")).cloned().collect::<Vec<_>>();
    assert!(lost(&told).is_empty(), "{told:#?}");
    let Some(told) = self::told("auditd", "testdata_lost_messages.log") else { return };
    assert!(lost(&told)[0].contains("count:9"), "{told:#?}");
}

#[test]
fn flows_and_names() {
    let Some(told) = told("hubble", "cilium_docs_export_example.jsonl") else { return };
    has(
        &told,
        "action:flow,protocol:tcp,source:{family:inet,ip:10.244.1.60,port:44916},destination:{family:inet,ip:10.244.1.5,port:80},dropped:true",
    );
    has(&told, "protocol:icmpv6");
    let Some(told) = self::told("hubble", "testdata_basic-sample-5-dns-flows.json") else { return };
    has(&told, "action:dns,name:istiod-istio-1611.istio-system.svc.istio-system.svc.cluster.local,kinds:[A]");
    has(&told, "reply:3");
}

#[test]
fn requests_alerts_and_processes() {
    let Some(told) = told("kubernetes-audit", "exec_pod.json") else { return };
    has(
        &told,
        "action:request,verb:create,uri:/api/v1/namespaces/default/pods/nginx-deployment-7998647bdf-phvq7/exec?command=bash",
    );
    has(&told, "user:minikube-user,code:101");
    let Some(told) = self::told("falco", "README.md.jsonl") else { return };
    has(&told, "action:alert,rule:Write below binary dir,priority:Error");
    let process = "docs_content_en_docs_use-cases_process-lifecycle_process-execution.md.jsonl";
    let Some(told) = self::told("tetragon", process) else { return };
    has(&told, "action:exec,path:/usr/bin/whoami");
    has(&told, "action:exit,code:0");
    let Some(told) = self::told("tetragon", "docs_content_en_docs_concepts_cgroup-rate.md.jsonl") else {
        return;
    };
    let closed =
        told.iter().filter(|line| line.contains("cause:throttled") && !line.contains("last_ns:null"));
    assert_eq!(closed.count(), 1, "{told:#?}");
}
