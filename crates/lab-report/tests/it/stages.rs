//! The table of stage times.

use lab_model::StageRecord;
use lab_report::{Style, stage_table};

use crate::samples::record;

#[test]
fn rows_are_passes_and_columns_stages() {
    let mut record = record();
    record.passes[1].stages.remove(0);
    let run = [StageRecord { stage: "plan".into(), began_ns: 0, took_ns: 1_500_000, error: None }];
    assert_eq!(
        stage_table(Style::default(), &run, [&record]),
        r#"milliseconds by stage
                  pass  plan  attach  exercise  cleanup    sum
  run                    1.5       -         -        -    1.5
  sensitive-read     1     -    12.3     100.0      0.5  112.8
                     2     -       -     100.0      0.5  100.5
  sum                    1.5    12.3     200.0      1.0  214.8
"#
    );
}
