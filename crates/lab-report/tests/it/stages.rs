//! The table of stage times.

use std::collections::BTreeMap;

use lab_model::StageRecord;
use lab_report::stage_table;
use lab_store::{Bundle, FORMAT, Manifest};

use crate::samples::record;

#[test]
fn rows_are_passes_and_columns_stages() {
    let mut record = record();
    record.passes[1].stages.remove(0);
    let manifest = Manifest {
        format: FORMAT,
        tool: "0.0.0".into(),
        profile: "host".into(),
        id: "7f3a".into(),
        created: "2030-01-02T03:04:05Z".into(),
        kernel: "6.1.0".into(),
        machine: "x86_64".into(),
        boot_id: String::new(),
        inputs: BTreeMap::new(),
        plan: String::new(),
        scenarios: Vec::new(),
        sensors: BTreeMap::new(),
        stages: vec![StageRecord { stage: "plan".into(), began_ns: 0, took_ns: 1_500_000, error: None }],
        interrupted: false,
    };
    let bundle = Bundle { manifest, scenarios: vec![record], verdicts: None, head: None };
    assert_eq!(
        stage_table(&bundle),
        r#"milliseconds by stage
                  pass  plan  attach  exercise  cleanup    sum
  run                    1.5       -         -        -    1.5
  sensitive-read     1     -    12.3     100.0      0.5  112.8
                     2     -       -     100.0      0.5  100.5
  sum                    1.5    12.3     200.0      1.0  214.8
"#
    );
}
