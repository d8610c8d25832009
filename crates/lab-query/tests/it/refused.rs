//! What is no question: statements that would write, mistakes, bundles that were touched.

use std::fs;

use lab_query::{Lab, QueryError};

use crate::{duckdb, sample::sample};

#[test]
fn only_one_statement_that_reads_is_answered() {
    let Some(python) = duckdb::python("refused::only_one_statement_that_reads_is_answered") else { return };
    let sample = sample("a1");
    let out = sample.runs.path().join("out.csv");
    let table = sample.dir.join("beacon/pass-1/events/probe@host.parquet");
    let (out_text, table_text) = (out.to_str().unwrap(), table.to_str().unwrap());
    let before = fs::read(&table).unwrap();
    let lab = Lab::open(std::slice::from_ref(&sample.dir)).unwrap();
    for (sql, what) in [
        ("create table t as select 1".to_owned(), "CREATE"),
        ("create view v as select 1".to_owned(), "CREATE"),
        ("insert into acts select * from acts".to_owned(), "INSERT"),
        ("update acts set act = 0".to_owned(), "UPDATE"),
        ("delete from acts".to_owned(), "DELETE"),
        ("drop table acts".to_owned(), "DROP"),
        (format!("copy (select 1) to '{out_text}'"), "COPY"),
        (format!("copy (select 1) to '{table_text}' (format parquet)"), "COPY"),
        (format!("explain analyze copy (select 1) to '{table_text}'"), "EXPLAIN"),
        (format!("attach '{out_text}' as x"), "ATTACH"),
        ("set threads = 1".to_owned(), "SET"),
        ("pragma database_list".to_owned(), "PRAGMA"),
        ("install httpfs".to_owned(), "LOAD"),
        ("load httpfs".to_owned(), "LOAD"),
        ("select 1; drop table acts".to_owned(), "2 statements"),
        (String::new(), "0 statements"),
    ] {
        let refused = lab.query(python, &sql).unwrap_err();
        assert!(matches!(&refused, QueryError::Refused { what: told } if told == what), "{sql}: {refused}");
    }
    assert!(!out.exists());
    assert_eq!(fs::read(&table).unwrap(), before);
}

#[test]
fn no_other_file_is_read() {
    let Some(python) = duckdb::python("refused::no_other_file_is_read") else { return };
    let sample = sample("a1");
    let lab = Lab::open(&[sample.dir]).unwrap();
    for sql in ["select * from read_text('/etc/passwd')", "select * from '/etc/*.csv'", "from glob('/etc/*')"]
    {
        let error = lab.query(python, sql).unwrap_err().to_string();
        assert!(error.contains("disabled") || error.contains("permission"), "{sql}: {error}");
    }
}

#[test]
fn mistakes_are_said_with_near_names() {
    let Some(python) = duckdb::python("refused::mistakes_are_said_with_near_names") else { return };
    let sample = sample("a1");
    let lab = Lab::open(&[sample.dir]).unwrap();
    let told = |sql| lab.query(python, sql).unwrap_err().to_string();
    assert_eq!(told("select * from evnts"), "query: there is no table `evnts`; near names: events");
    let column = told("select acton from events");
    assert!(column.starts_with("query: referenced column \"acton\" not found"), "{column}");
    assert!(column.contains("\"action\""), "{column}");
    assert_eq!(told("selec 1"), "query: syntax error at or near \"selec\"");
}

#[test]
fn a_bundle_that_was_touched_or_is_old_is_named() {
    let sample = sample("a1");
    let table = sample.dir.join("beacon/pass-2/events/strace@host.parquet");
    let mut bytes = fs::read(&table).unwrap();
    bytes[100] ^= 1;
    fs::remove_file(&table).unwrap();
    fs::write(&table, bytes).unwrap();
    let error = Lab::open(std::slice::from_ref(&sample.dir)).unwrap_err().to_string();
    assert!(error.ends_with("pass-2/events/strace@host.parquet: changed since it was sealed"), "{error}");
    let manifest = sample.dir.join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, r#"{"format": 1}"#).unwrap();
    assert!(Lab::open(&[sample.dir]).unwrap_err().hint().unwrap().contains("lab run"));
}
