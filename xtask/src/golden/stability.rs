//! `golden stability`: run many times, and say which lines hold and how sure that is.

use std::{collections::BTreeMap, ffi::OsString, process::ExitCode};

use anyhow::Result;
use lab_golden::{Golden, Tally};
use lab_model::RunOutcome;

use crate::{
    golden::{
        many::{self, Many},
        stability_text,
    },
    root::Folders,
};

#[derive(clap::Args)]
pub(super) struct Cmd {
    /// Profile by name
    #[arg(default_value = "host")]
    profile: String,
    /// Only this scenario
    scenario: Option<String>,
    /// How many times
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    #[command(flatten)]
    many: Many,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What is known of a scenario after all runs.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) tally: Tally,
    /// runs that say nothing for sure
    pub(super) inconclusive: u32,
    /// in git
    pub(super) blessed: Option<Golden>,
}

pub(super) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let mut scenarios: BTreeMap<String, Measured> = BTreeMap::new();
    let wanted = (&*cmd.profile, cmd.scenario.as_deref(), cmd.runs);
    let done = many::run(&cmd.many, wanted, folders, again(&cmd), |run| {
        for scenario in run.scenarios {
            let measured = scenarios.entry(scenario.judged.head.name.clone()).or_default();
            measured.inconclusive +=
                u32::from(lab_judge::outcome(&scenario.judged) >= RunOutcome::Inconclusive);
            measured.blessed = scenario.blessed.map(|blessed| blessed.golden()).transpose()?;
            measured.tally.add(scenario.golden);
        }
        Ok(())
    })?;
    let done = match done {
        Ok(done) => done,
        Err(code) => return Ok(code),
    };
    if cmd.json {
        println!("{}", lab_report::json_text(&stability_text::json(&cmd.profile, &done, &scenarios)));
    } else {
        print!("{}", stability_text::text(&cmd.profile, &done, &scenarios));
    }
    let stable = |measured: &Measured| measured.tally.stability().is_none_or(|found| found.is_stable());
    Ok(ExitCode::from(match done.outcome() {
        _ if done.interrupted => 130,
        RunOutcome::Pass | RunOutcome::Drift => u8::from(!scenarios.values().all(stable)),
        worse => worse.exit_code(),
    }))
}

fn again(cmd: &Cmd) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["golden".into(), "stability".into(), cmd.profile.clone().into()];
    args.extend(cmd.scenario.iter().map(OsString::from));
    args.extend(["--runs".into(), cmd.runs.to_string().into()]);
    args.extend(cmd.json.then(|| "--json".into()));
    args
}
