//! Made-up records with events, receipts and witnesses.

use lab_model::{
    Event, Exec, Open, OpenFlags, Outcome, ParentRef, ProcessRef, Receipt, Refs, ScenarioRecord, Seq, Time,
    TimeSource, Witness,
};
use serde_json::json;

use crate::samples;

/// Ten processes that open files in turn, a microsecond apart; the first half while act 1 was performed.
pub(crate) fn record(events: u64) -> ScenarioRecord {
    let mut record = samples::record();
    let open = |n: u64| {
        let path = format!("/var/spool/{n}");
        let open = Open {
            path: path.as_str().into(),
            flags: OpenFlags(0),
            late_path: false,
            result: Outcome::Ok(3),
        };
        event(n, open.into())
    };
    let half = 1_000_000 + events / 2 * 1000;
    let pass = &mut record.passes[0];
    pass.instances[0].events = (0..events).map(open).collect();
    pass.receipts = vec![receipt(1, 1_000_000, half), receipt(2, half + 1, 1_000_000 + events * 1000)];
    pass.witnesses = vec![witness("a keyed hash")];
    record
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
        result: Outcome::Ok(0),
    };
    let mut event = event(0, exec.into());
    event.image.comm = Some(text.into());
    let pass = &mut record.passes[0];
    pass.instances[0].events = vec![event];
    pass.instances[0].instance = text.into();
    pass.witnesses = vec![Witness { road: text.into(), claim: text.into(), ..witness(text) }];
    record
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
