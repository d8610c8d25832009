//! The adapters, what to feed them, and what must hold whatever they are fed. Of the tests and of the fuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lab_adapters::{Clock, Decoded, bpftrace, strace, tcpdump};
use lab_model::{Event, Payload};

use crate::capture;

pub(crate) const CLOCK: Clock = Clock { offset_ns: 0, error_ns: 0 };

/// An adapter that needs nothing but the record.
pub(crate) type Adapter = fn(&[u8], &str, Clock) -> Decoded;

/// Each; the samples of those for other people's tools lie in folders of their names.
pub(crate) const ADAPTERS: &[(&str, Adapter)] = &[
    ("auditd", lab_adapters::auditd::decode),
    ("falco", lab_adapters::falco::decode),
    ("hubble", lab_adapters::hubble::decode),
    ("kubernetes-audit", lab_adapters::kubernetes_audit::decode),
    ("proc", lab_adapters::proc::decode),
    ("tetragon", lab_adapters::tetragon::decode),
];

/// A whole record of each that writes text.
pub(crate) const RECORDS: &[(&str, &str)] = &[
    (
        "auditd",
        "type=SYSCALL msg=audit(1492037291.036:59): arch=c000003e syscall=87 success=yes exit=0 a0=1 a1=2 a2=3 \
         a3=4 items=1 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=8 \
         comm=\"rm\" exe=\"/bin/rm\" key=(null)\n\
         type=PATH msg=audit(1492037291.036:59): item=0 name=2F612062 inode=1 nametype=DELETE\n",
    ),
    (
        "bpftrace",
        r#"{"type": "attached_probes", "data": {"probes": 5}}
{"type": "printf", "data": "sightline-ready"}
{"type": "printf", "data": "< 100 7 8 257 1 524288 /tmp/\uffffffc3\u0001"}
{"type": "printf", "data": "> 200 7 8 257 -2"}
{"type": "printf", "data": "< 300 7 8 82 0 0 "}
{"type": "printf", "data": "+ 301 7 8 /b c"}
{"type": "printf", "data": "~ 399 7 8 /a"}
{"type": "printf", "data": "> 400 7 8 82 0"}
{"type": "printf", "data": "@ 500 7 8 42 \\x02\\x00\\x00P\\x7f\\x00\\x00\\x01"}
{"type": "lost_events", "data": {"events": 3}}
{"type": "printf", "data": "> 600 7 8 42 -111"}
{"type": "printf", "data": "x 700 7 7 3"}
"#,
    ),
    (
        "falco",
        "{\"rule\":\"R\",\"priority\":\"Error\",\"time\":\"2019-05-17T15:31:56Z\",\"output_fields\":{\"proc.pid\":7}}\n",
    ),
    (
        "hubble",
        "{\"flow\":{\"time\":\"2023-08-21T12:12:13Z\",\"IP\":{\"source\":\"::1\",\"destination\":\"::2\"},\
         \"l4\":{\"TCP\":{\"source_port\":1,\"destination_port\":2}}}}\n",
    ),
    (
        "kubernetes-audit",
        "{\"kind\":\"Event\",\"verb\":\"get\",\"requestURI\":\"/\",\"stageTimestamp\":\"2023-08-21T12:12:13Z\"}\n",
    ),
    (
        "proc",
        "{\"say\":\"new\",\"from\":100,\"to\":200,\"process\":{\"pid\":7,\"parent\":1,\"start\":0,\"comm\":\"a\",\
         \"ids\":{\"uid\":0,\"euid\":0,\"suid\":0,\"fsuid\":0,\"gid\":0,\"egid\":0,\"sgid\":0,\"fsgid\":0},\
         \"image\":{\"exe\":\"/bin/a\",\"argv\":[\"a\",\"--password\",\"x\"]}}}\n",
    ),
    (
        "tetragon",
        "{\"process_exec\":{\"process\":{\"pid\":1,\"binary\":\"/a\"}},\"time\":\"2023-08-21T12:12:13Z\"}\n",
    ),
    (
        "strace",
        "100 2.0 execve(\"/bin/a\", [\"a\", \"--password\", \"\\303x\"...], 0x1 /* 2 vars */) = 0 <0.000012>\n\
         100 2.1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n\
         101 2.2 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 \
         EINPROGRESS (Operation now in progress)\n100 2.3 <... clone resumed>) = 101\n101 3.0 +++ exited with 0 +++\n\
         100 3.0 +++ killed by SIGKILL +++\n",
    ),
];

/// A call of the kernel's audit in each form: two paths, a path that lies nowhere, numbers alone, a record beside it.
const CALLS: &str = "\
type=SYSCALL msg=audit(1492037291.036:60): arch=c000003e syscall=86 success=yes exit=0 a0=1 a1=2 ppid=1 pid=2
type=PATH msg=audit(1492037291.036:60): item=0 name=\"/a\" nametype=PARENT
type=PATH msg=audit(1492037291.036:60): item=1 name=\"b\" nametype=NORMAL
type=PATH msg=audit(1492037291.036:60): item=2 name=\"c\" nametype=CREATE
type=SYSCALL msg=audit(1492037291.036:61): arch=c000003e syscall=165 success=no exit=-14 a0=1 a1=2 a2=3 a3=c0ed0002 pid=2
type=SYSCALL msg=audit(1492037291.036:62): arch=c000003e syscall=62 success=yes exit=0 a0=ffffffff a1=f pid=2
type=SYSCALL msg=audit(1492037291.036:63): arch=c000003e syscall=133 success=yes exit=0 a0=1 a1=21b6 a2=103 pid=2
type=PATH msg=audit(1492037291.036:63): item=0 name=\"d\" nametype=CREATE
type=SYSCALL msg=audit(1492037291.036:64): arch=c000003e syscall=313 success=no exit=-1 a0=3 a1=4 a2=0 pid=2
type=KERN_MODULE msg=audit(1492037291.036:64): name=\"m\"
";

/// What else the poller says.
const POLLED: &str = r#"{"say":"ready","interval_ns":10000000}
{"say":"new","to":9,"process":{"pid":6,"parent":1,"start":0,"comm":"b","ids":{"uid":0,"euid":0,"suid":0,"fsuid":0,"gid":0,"egid":0,"sgid":0,"fsgid":0},"image":{"exe":"/bin/b","argv":[]}}}
{"say":"new","from":9,"to":19,"process":{"pid":8,"parent":6,"start":0,"comm":"c","ids":{"uid":0,"euid":0,"suid":0,"fsuid":0,"gid":0,"egid":0,"sgid":0,"fsgid":0}},"parent_image":{"exe":"/bin/b","argv":["\\xff"]}}
{"say":"exec","from":9,"to":19,"process":{"pid":6,"parent":1,"start":0,"comm":"d","ids":{"uid":0,"euid":0,"suid":0,"fsuid":0,"gid":0,"egid":0,"sgid":0,"fsgid":0},"image":{"exe":"/bin/d","argv":["d"]}}}
{"say":"ids","from":9,"to":19,"before":{"uid":1},"process":{"pid":6,"parent":1,"start":0,"comm":"d","ids":{"uid":0,"euid":0,"suid":0,"fsuid":0,"gid":0,"egid":0,"sgid":0,"fsgid":0}}}
{"say":"unread","from":9,"to":19,"pid":9}
{"say":"gone","from":19,"to":29,"pid":6,"start":0}
{"say":"mark","name":"m","ns":30}
{"say":"end","rounds":3,"median_ns":10,"longest_ns":11,"unread":1}
"#;

/// The sample files of a tool, with what they hold, if they lie beside the project.
pub(crate) fn samples(tool: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let place = |above: &Path| Some(above.join("shared/samples").join(tool)).filter(|folder| folder.is_dir());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(place);
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map_while(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read(&path).ok().map(|log| (path, log))).collect()
}

/// Everything that there is to damage for a tool.
pub(crate) fn corpus(tool: &str) -> Vec<u8> {
    let mut log: Vec<u8> =
        samples(tool).into_iter().flat_map(|(_, log)| [log, b"\n".to_vec()].concat()).collect();
    for (_, record) in RECORDS.iter().filter(|(known, _)| *known == tool) {
        log.extend_from_slice(record.as_bytes());
    }
    match tool {
        "tcpdump" => log.extend(capture::of_each()),
        "proc" => log.extend_from_slice(POLLED.as_bytes()),
        "auditd" => log.extend_from_slice(CALLS.as_bytes()),
        _ => {}
    }
    log
}

/// Reads `log` as `tool` would have written it, and says what is wrong with the account of it.
pub(crate) fn check(tool: &str, log: &[u8]) -> Result<(), String> {
    match tool {
        "strace" => return check_strace(log),
        "bpftrace" => return check_bpftrace(log),
        "tcpdump" => return check_tcpdump(log),
        _ => {}
    }
    let (_, decode) = ADAPTERS.iter().find(|(known, _)| *known == tool).ok_or("no such adapter")?;
    let decoded = decode(log, "x@host", CLOCK);
    numbered(&decoded.events)?;
    let balance = &decoded.counters.programs["log"];
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count() as u64;
    let losses =
        decoded.events.iter().filter(|event| matches!(event.payload, Payload::Loss(_))).count() as u64;
    if !balance.holds() || balance.received + balance.filtered + losses < lines {
        return Err(format!("{lines} lines came to {balance:?}"));
    }
    let mut masked = log.to_vec();
    match tool {
        "auditd" => drop(lab_adapters::auditd::redact_line(&mut masked)),
        "proc" => drop(lab_adapters::proc::redact_line(&mut masked)),
        _ => {}
    }
    Ok(())
}

fn check_strace(log: &[u8]) -> Result<(), String> {
    let decoded = strace::decode(log, 100, "x@host", CLOCK);
    numbered(&decoded.events)?;
    strace::redact_line(&mut log.to_vec());
    let balance = &decoded.counters.programs["log"];
    if balance.holds() { Ok(()) } else { Err(format!("{balance:?}")) }
}

fn check_bpftrace(log: &[u8]) -> Result<(), String> {
    let decoded = bpftrace::decode(log, "x@host", CLOCK);
    numbered(&decoded.events)?;
    bpftrace::redact_line(&mut log.to_vec());
    let balance = &decoded.counters.programs["log"];
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count() as u64;
    let holds = balance.holds() && balance.produced >= lines;
    if holds { Ok(()) } else { Err(format!("{lines} lines came to {balance:?}")) }
}

fn check_tcpdump(capture: &[u8]) -> Result<(), String> {
    let decoded = tcpdump::decode(capture, "x@host", CLOCK);
    numbered(&decoded.events)?;
    // What is no capture is an error of its own.
    let _ = tcpdump::copy(capture, std::io::sink(), CLOCK, |_, _| ());
    let balance = &decoded.counters.programs["log"];
    if balance.holds() { Ok(()) } else { Err(format!("{balance:?}")) }
}

fn numbered(events: &[Event]) -> Result<(), String> {
    let wrong = events.iter().enumerate().find(|(n, event)| event.seq.n != *n as u64);
    wrong.map_or(Ok(()), |(n, _)| Err(format!("event {n} has another number")))
}
