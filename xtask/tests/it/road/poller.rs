//! The poller of `/proc` as a sensor of a lab. Which processes it sees is luck, and no test's business.

use std::fs;

use serde_json::Value;

use super::{Lab, program, report, stderr, turn};

fn instance<'a>(report: &'a Value, sensor: &str) -> &'a Value {
    let instances = report["scenarios"][0]["passes"][0]["instances"].as_array().expect("instances");
    instances.iter().find(|instance| instance["sensor"] == sensor).expect("it ran")
}

#[test]
fn both_markers_are_whole_rounds() {
    let Some(_turn) = turn("poller::both_markers_are_whole_rounds") else { return };
    let lab = Lab::new();
    let output = lab.run(&["proc", "--json"]).output().unwrap();
    let report = report(&output);
    assert_ne!(output.status.code(), Some(2), "{}", stderr(&output));
    let poller = instance(&report, "proc");
    let marker = |name: &str| poller[name].as_u64().unwrap_or_else(|| panic!("no {name}: {poller}"));
    assert!(0 < marker("start_marker_ns") && marker("start_marker_ns") < marker("end_marker_ns"));
    assert_eq!((&poller["error"], &poller["refused"]), (&Value::Null, &Value::Array(Vec::new())));
    // Whoever does what is asked for is there from the first marker to the last: nobody can miss that it ended.
    assert!(poller["counters"]["programs"]["log"]["received"].as_u64().unwrap() > 0, "{poller}");
}

#[test]
fn without_its_program_it_is_refused() {
    let Some(_turn) = turn("poller::without_its_program_it_is_refused") else { return };
    let lab = Lab::new();
    let alone = lab.path("lab-probe");
    fs::copy(program("lab-probe"), &alone).unwrap();
    let output = lab.run_with(&alone, &["proc", "--json"]).output().unwrap();
    let report = report(&output);
    let verdicts = report["scenarios"][0]["verdicts"].as_array().unwrap();
    let refused: Vec<&Value> = verdicts.iter().filter(|verdict| verdict["sensor"] == "proc").collect();
    assert!(!refused.is_empty() && refused.iter().all(|verdict| verdict["verdict"] == "refused"), "{report}");
    let reason = &instance(&report, "proc")["refused"][0]["reason"];
    assert_eq!(reason, "there is no `lab-poll` beside the probe");
}

#[test]
fn each_process_of_the_miss_curve_is_accounted_for() {
    let Some(_turn) = turn("poller::each_process_of_the_miss_curve_is_accounted_for") else { return };
    let lab = Lab::new();
    let mut command = lab.xtask(&["bench", "misses", "--no-install", "--json", "--lives", "1,0"]);
    command.args(["--count", "5"]);
    command.arg("--actor").arg(program("lab-actor")).arg("--probe").arg(program("lab-probe"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let misses: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = misses["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (row, wanted) in rows.iter().zip([0, 1]) {
        assert_eq!((&row["wanted_ms"], &row["processes"]), (&wanted.into(), &5.into()));
        assert!(row["lived_ms"]["least"].as_f64().unwrap() >= f64::from(wanted), "{row}");
        let theory = row["theory"].as_f64().unwrap();
        assert!(theory > 0.0 && theory <= 1.0, "{row}");
        let sensors: Vec<&str> =
            row["sighted"].as_array().unwrap().iter().map(|s| s["sensor"].as_str().unwrap()).collect();
        assert_eq!(sensors, ["probe", "proc"]);
        // What was made is in the record of a sensor that misses nothing.
        assert_eq!(row["sighted"][0]["seen"], 5, "{row}");
    }
}
