//! Made-up records with events, receipts and witnesses.

use lab_model::{
    Event, Exec, FactNode, Judged, Open, OpenFlags, Outcome, ParentRef, ProcessRef, Receipt, Refs,
    ScenarioRecord, Seq, Time, TimeSource, Witness,
};
use serde_json::json;

use crate::samples;

/// Ten processes that open files in turn, a microsecond apart; the first half while act 1 was performed.
pub(crate) fn record(events: u64) -> ScenarioRecord {
    let mut record = samples::record();
    let half = 1_000_000 + events / 2 * 1000;
    let pass = &mut record.passes[0];
    pass.instances[0].events = (0..events).map(opened).collect();
    pass.receipts = vec![receipt(1, 1_000_000, half), receipt(2, half + 1, 1_000_000 + events * 1000)];
    pass.witnesses = vec![witness("a keyed hash")];
    record
}

/// So many processes of one parent, the first, each with an event.
pub(crate) fn children(count: u32) -> ScenarioRecord {
    let mut record = record(u64::from(count));
    for (event, pid) in record.passes[0].instances[0].events.iter_mut().zip(100..) {
        event.image.pid = Some(pid);
        event.image.start_ns = Some(u64::from(pid));
        event.image.parent = Some(ParentRef { pid: if pid == 100 { 1 } else { 100 }, start_ns: None });
    }
    record
}

fn opened(n: u64) -> Event {
    let path = format!("/var/spool/{n}");
    let open = Open {
        path: path.as_str().into(),
        flags: OpenFlags(0),
        late_path: false,
        opened: None,
        result: Outcome::Ok(3),
    };
    event(n, open.into())
}

/// `text` wherever events and witnesses may have one.
pub(crate) fn hostile(text: &str) -> ScenarioRecord {
    let mut record = record(0);
    let exec = Exec {
        path: text.into(),
        argv: Some(vec![text.into(), lab_model::Text::from(&b"\xff\xfe"[..])]),
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    };
    let mut exec = event(0, exec.into());
    exec.image.comm = Some(text.into());
    // not UTF-8, with an escape sequence, and longer than any path may be
    let path = [text.as_bytes(), b"/\xff\xfe\x1b[31m/", "x".repeat(4096).as_bytes()].concat();
    let open = Open {
        path: lab_model::Text::from(path.as_slice()),
        flags: OpenFlags(0),
        late_path: false,
        opened: None,
        result: Outcome::Ok(3),
    };
    let pass = &mut record.passes[0];
    pass.instances[0].events = vec![exec, event(1, open.into())];
    pass.instances[0].instance = text.into();
    pass.witnesses = vec![Witness { road: text.into(), claim: text.into(), ..witness(text) }];
    record
}

/// A tree of so many lines, each below the one before.
pub(crate) fn deep(lines: usize) -> Judged {
    let mut judged = samples::judged();
    let leaf = judged.tree[0].clone();
    let mut root = leaf.clone();
    for _ in 1..lines {
        root = FactNode { fact: leaf.fact.clone(), children: [root].into() };
    }
    judged.tree = vec![root];
    judged
}

/// A tree of one line with so many below it.
pub(crate) fn wide(children: usize) -> Judged {
    let mut judged = samples::judged();
    let leaf = judged.tree[0].clone();
    judged.tree = vec![FactNode { children: vec![leaf.clone(); children].into(), ..leaf }];
    judged
}

fn event(n: u64, payload: lab_model::Payload) -> Event {
    let pid = 100 + (n % 10) as u32;
    Event {
        instance: "probe@host".into(),
        seq: Seq { stream: 0, n },
        time: Time {
            ns: 1_000_000 + n * 1000,
            began_ns: Some(1_000_000 + n * 1000 - 500),
            error_ns: 0,
            source: TimeSource::Kernel,
        },
        subject: None,
        image: ProcessRef {
            pid: Some(pid),
            start_ns: Some(u64::from(pid)),
            parent: Some(ParentRef { pid: 99, start_ns: None }),
            comm: Some("worker".into()),
            ..ProcessRef::default()
        },
        payload,
        refs: Refs::default(),
        raw: serde_json::Map::new(),
    }
}

fn receipt(act: u32, began_ns: u64, ended_ns: u64) -> Receipt {
    Receipt { act, began_ns, ended_ns, steps: Vec::new(), principal: None, error: None }
}

fn witness(detail: &str) -> Witness {
    let witness = json!({
        "act": 1, "family": "outside", "road": "canary", "claim": "it was read", "observed": true, "detail": detail,
    });
    serde_json::from_value(witness).unwrap()
}
