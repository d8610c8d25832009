//! `explain`: why a verdict is what it is.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lab_model::{CATALOGUE, SensorKind};

use crate::{judged, report, root::Folders};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// A run: its id, the beginning of its folder's name, a path, or `latest`
    run: String,
    /// SCENARIO/ACT, such as `shell-spawn/2`; the number alone where the run has one scenario
    act: String,
    /// The sensor, such as `probe`
    sensor: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let Ok(sensor) = cmd.sensor.parse::<SensorKind>() else {
        let known: Vec<&str> = CATALOGUE.iter().map(|entry| entry.word).collect();
        bail!("unknown sensor `{}`, expected one of {}", cmd.sensor, known.join(", "));
    };
    let dir = lab_store::find(&folders.runs(), &cmd.run)?;
    let bundle = judged::open(&dir)?;
    let (scenario, act) = match cmd.act.rsplit_once('/') {
        Some((scenario, act)) => (Some(scenario), act),
        None => (None, cmd.act.as_str()),
    };
    let act: u32 = act.parse().with_context(|| format!("`{act}` is no act's number"))?;
    let names: Vec<&str> = bundle.scenarios.iter().map(|record| record.head.name.as_str()).collect();
    let record = match scenario {
        Some(name) => bundle.scenarios.iter().find(|record| record.head.name == name),
        None if names.len() == 1 => bundle.scenarios.first(),
        None => bail!("act {act} of which scenario? say `SCENARIO/{act}` with one of {}", names.join(", ")),
    };
    let Some(record) = record else {
        bail!("this run has no such scenario, expected one of {}", names.join(", "));
    };
    if !record.passes.iter().any(|pass| pass.acts.iter().any(|known| known.id == act)) {
        bail!("{} has no act {act}", record.head.name);
    }
    let explanation = lab_judge::explain(record, act, sensor);
    if cmd.json {
        println!("{}", lab_report::json_text(&lab_report::explanation_json(&explanation)));
    } else {
        print!("{}", lab_report::explanation(&explanation, report::style()));
    }
    Ok(ExitCode::SUCCESS)
}
