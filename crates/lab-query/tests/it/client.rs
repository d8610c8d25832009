//! DuckDB's own client reads the same files without us, and says the same.

use std::collections::BTreeMap;

use lab_query::Lab;

use crate::{duckdb, sample::sample};

#[test]
fn duckdbs_own_client_gives_the_same_answers() {
    let Some(python) = duckdb::python("client::duckdbs_own_client_gives_the_same_answers") else { return };
    let sample = sample("a1");
    let files = format!("{}/*/pass-*/events/*.parquet", sample.dir.display());
    let lab = Lab::open(std::slice::from_ref(&sample.dir)).unwrap();
    for sql in [
        "select instance, action, count(*) as events from events group by all order by all",
        "select path, error, count(*) as times from events where error is not null group by all order by all",
        "select ip, port, error, socket_path from events where action = 'connect' order by instance, seq",
        "select instance, seq, time_ns - took_ns as began_ns, pid, start_ns, exe, argv[2] from events order by 1, 2",
        "select instance, seq, exit_code, exit_signal, child_pid, ret, rest from events order by 1, 2",
    ] {
        let ours = String::from_utf8(lab.query(python, sql).unwrap().csv().unwrap()).unwrap();
        let theirs = duckdb::client(python, &sql.replace("from events", &format!("from '{files}'")));
        assert_eq!(ours, theirs, "{sql}");
        assert!(ours.lines().count() > 2, "{ours}");
    }

    // And it counts what our own reader reads.
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for scenario in lab_store::read(&sample.dir).unwrap().scenarios {
        for event in scenario.passes.iter().flat_map(|pass| &pass.instances).flat_map(|i| &i.events) {
            *counts.entry(event.payload.action().to_string()).or_default() += 1;
        }
    }
    let counted: String = counts.iter().map(|(action, n)| format!("{action},{n}\n")).collect();
    let sql = format!("select action, count(*) as n from '{files}' group by action order by action");
    assert_eq!(duckdb::client(python, &sql), format!("action,n\n{counted}"));
}
