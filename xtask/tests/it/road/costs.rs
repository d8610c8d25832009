//! What sensors cost, as it is measured; not how much it is.

use std::fs;

use super::{Lab, program, stderr, turn};

#[test]
fn each_call_of_a_workload_is_accounted_for() {
    let Some(_turn) = turn("costs::each_call_of_a_workload_is_accounted_for") else { return };
    let lab = Lab::new();
    let (page, temporary) = (lab.path("costs.html"), lab.path("tmp"));
    fs::create_dir(&temporary).unwrap();
    let mut command = lab.xtask(&["bench", "sensors", "--no-install", "--json", "--times", "1"]);
    command.args(["--sensor", "probe", "--workload", "fork-tree", "--workload", "connect-storm"]);
    command.arg("--actor").arg(program("lab-actor")).arg("--probe").arg(program("lab-probe"));
    let output = command.arg("--html").arg(&page).env("TMPDIR", &temporary).output().unwrap();
    // Whether goals are reached is no test's business.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let costs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = costs["rows"].as_array().unwrap();
    let workloads: Vec<&str> = rows.iter().map(|row| row["workload"].as_str().unwrap()).collect();
    assert_eq!(workloads, ["fork tree", "connect storm"]);
    for row in rows {
        let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("no {name}: {row}"));
        // Beside the workload's calls there are a few of its start.
        let more = (number("received") + number("lost")).checked_sub(number("expected"));
        assert!(more.is_some_and(|more| more < 10), "{row}");
        assert!(
            row["wall"]["median"].as_f64().unwrap() > 0.0 && row["sensor_mb"].as_f64().unwrap() > 1.0,
            "{row}"
        );
    }
    assert_eq!(fs::read_to_string(&page).unwrap().matches("<rect").count(), 2);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "what was needed meanwhile is gone");
}

#[test]
fn a_wrong_name_is_refused_with_those_that_are() {
    let lab = Lab::new();
    let output = lab.xtask(&["bench", "sensors", "--workload", "opens"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("`open-storm`") && said.contains("`mixed-build`"), "{said}");
}
