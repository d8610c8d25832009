//! `golden diff`: how a run differs from the goldens.

use std::process::ExitCode;

use anyhow::Result;
use lab_golden::{Drift, Tolerated};
use serde_json::{Value, json};

use crate::{golden::which::Which, root::Folders};

#[derive(clap::Args)]
pub(super) struct Cmd {
    #[command(flatten)]
    which: Which,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = cmd.which.load(folders)?;
    eprintln!("{}", dir.display());
    let drifts: Vec<&Drift> = run.scenarios.iter().map(|scenario| &scenario.drift).collect();
    if cmd.json {
        let drifts: Vec<Value> = drifts.iter().map(|drift| as_json(drift)).collect();
        println!("{}", lab_report::json_text(&json!({ "scenarios": drifts })));
    } else {
        drifts.iter().for_each(|drift| print(drift));
    }
    Ok(ExitCode::from(u8::from(!drifts.iter().all(|drift| drift.is_empty()))))
}

fn print(drift: &Drift) {
    for difference in &drift.differences {
        println!("{}:{}: {difference}", drift.file_of(&difference.file), difference.line);
    }
    for tolerated in &drift.tolerated {
        println!("{}:{}: {tolerated}", drift.file_of(&tolerated.file), tolerated.line);
    }
    print!("{}", drift.text_diff());
}

fn as_json(drift: &Drift) -> Value {
    json!({
        "scenario": drift.scenario,
        "file": drift.file,
        "state": if drift.new { "none-yet" } else if drift.is_empty() { "as-blessed" } else { "drift" },
        "differences": drift.differences.iter().map(lab_report::difference_json).collect::<Vec<_>>(),
        "tolerated": drift.tolerated.iter().map(tolerated).collect::<Vec<_>>(),
        "diff": drift.text_diff(),
    })
}

fn tolerated(tolerated: &Tolerated) -> Value {
    json!({
        "key": tolerated.key.to_string(),
        "file": tolerated.file,
        "line": tolerated.line,
        "mark": tolerated.mark,
        "how": tolerated.how,
    })
}
