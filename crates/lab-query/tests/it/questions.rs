//! The questions of docs/query.md, and what else is to be asked.

use lab_query::Lab;

use crate::{duckdb, sample::sample};

fn asked(test: &str) -> Option<impl Fn(&str) -> String> {
    let python = duckdb::python(test)?;
    let sample = sample("a1");
    let lab = Lab::open(&[sample.dir]).unwrap();
    let runs = sample.runs;
    Some(move |sql: &str| {
        assert!(runs.path().exists(), "the bundle stays as long as it is asked");
        String::from_utf8(lab.query(python, sql).unwrap().csv().unwrap()).unwrap()
    })
}

#[test]
fn the_documented_questions_have_the_answers_that_the_bundle_holds() {
    let Some(ask) = asked("questions::the_documented_questions_have_the_answers_that_the_bundle_holds")
    else {
        return;
    };
    let answers = [
        "instance,action,events\n\
         probe@host,open,4\nprobe@host,connect,2\nprobe@host,exec,2\nprobe@host,exit,2\nprobe@host,accept,1\nprobe@host,fork,1\n\
         strace@host,open,4\nstrace@host,exec,2\nstrace@host,exit,2\nstrace@host,connect,1\nstrace@host,fork,1\n",
        "instance,path,error,times\n\
         probe@host,/etc/missing,ENOENT,2\nstrace@host,/etc/missing,ENOENT,2\n\
         probe@host,/etc/\u{1b}[2Jodd,EACCES,1\nstrace@host,/etc/\u{1b}[2Jodd,EACCES,1\n",
        "scenario,act,role,kind,sensor,verdict,reasons\n\
         beacon,2,twin,connect,strace,missed,\"[\"\"no event is near\"\"]\"\n",
        "executable,events\n/usr/bin/curl,5\n/usr/bin/dash,4\n[actor],3\n",
        "scenario,pid,comm,lived_ns\nbeacon,10,actor,85000\n",
        "scenario,ip,port,result,times\nbeacon,127.0.0.1,4433,ok,2\nbeacon,127.0.0.1,4433,ECONNREFUSED,1\n",
    ];
    let questions = duckdb::questions();
    assert_eq!(questions.len(), answers.len());
    for ((question, sql), answer) in questions.iter().zip(answers) {
        assert_eq!(ask(sql), answer, "{question}");
    }
}

#[test]
fn every_table_says_whose_row_it_is() {
    let Some(ask) = asked("questions::every_table_says_whose_row_it_is") else { return };
    for table in ["events", "acts", "receipts", "witnesses", "verdicts"] {
        let found = ask(&format!("select distinct run, scenario, pass from {table} order by pass"));
        assert_eq!(found, "run,scenario,pass\na1,beacon,1\na1,beacon,2\n", "{table}");
    }
    let receipts =
        ask("select act, steps, ret, error, record->>'$.steps[0].payload.address.ip' from receipts limit 1");
    assert_eq!(receipts.lines().nth(1), Some("1,1,,ECONNREFUSED,127.0.0.1"));
    assert_eq!(ask("select run, profile, interrupted from runs"), "run,profile,interrupted\na1,host,false\n");
    assert_eq!(ask("select argv[1] as a from events where action = 'exec' limit 1"), "a\n/bin/sh\n");
}

#[test]
fn the_document_lists_every_column() {
    let Some(ask) = asked("questions::the_document_lists_every_column") else { return };
    let document = include_str!("../../../../docs/query.md");
    for table in ["acts", "receipts", "witnesses", "verdicts", "runs"] {
        let row = document.lines().find(|line| line.starts_with(&format!("| `{table}` |"))).expect(table);
        let own = ask(&format!("select column_name from (describe {table})"));
        let own = own.lines().skip(1).filter(|name| !["run", "scenario", "pass"].contains(name));
        let listed = row.rsplit('|').nth(1).unwrap_or_default();
        let listed = listed.split('`').skip(1).step_by(2).filter(|name| !["act", "twin"].contains(name));
        let (own, listed): (Vec<&str>, Vec<&str>) = (own.filter(|n| *n != "act").collect(), listed.collect());
        assert_eq!(own, listed, "{table}");
    }
}

#[test]
fn several_bundles_are_one_table() {
    let Some(python) = duckdb::python("questions::several_bundles_are_one_table") else { return };
    let (one, other) = (sample("a1"), sample("b2"));
    let lab = Lab::open(&[one.dir, other.dir]).unwrap();
    let sql = "select run, count(*) from events group by run order by run";
    let rows = lab.query(python, sql).unwrap().rows().to_vec();
    assert_eq!(rows, [[serde_json::json!("a1"), 22.into()], [serde_json::json!("b2"), 22.into()]]);
    let none = Lab::open(&[]).unwrap();
    assert_eq!(
        none.query(python, "select count(*), max(path), max(argv) from events").unwrap().rows()[0][0],
        0
    );
}
