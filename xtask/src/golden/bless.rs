//! `golden bless`: accept a run as golden, or what many runs say together.

use std::{collections::BTreeMap, ffi::OsString, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use lab_golden::{BlessError, BlessLock, Blessed, NeverBlessed, Tally};

use crate::{
    golden::{
        many::{self, Many},
        which::Which,
    },
    judged::JudgedScenario,
    privilege,
    root::Folders,
};

#[derive(clap::Args)]
pub(super) struct Cmd {
    #[command(flatten)]
    which: Which,
    /// Run this many times first, and mark what did not hold each time
    #[arg(long, value_name = "N", conflicts_with = "run", value_parser = clap::value_parser!(u32).range(2..))]
    runs: Option<u32>,
    /// Do it although this is CI (CI is set), where nobody looks at what is accepted
    #[arg(long)]
    in_ci: bool,
    #[command(flatten)]
    many: Many,
}

pub(super) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if ci && !cmd.in_ci {
        bail!(
            "failed to bless: CI is set, and a golden is to be accepted by somebody who has looked at it (--in-ci overrides)"
        );
    }
    // Root's files become the user's at the end; the folder has to be there before the lock.
    let golden = folders.lab.join("golden");
    let _lock = BlessLock::take(&golden).context("failed to bless")?;
    own(&golden)?;
    match cmd.runs {
        Some(runs) => many_runs(cmd, runs, folders),
        None => one_run(cmd, folders),
    }
}

fn one_run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let (dir, run) = cmd.which.load(folders)?;
    eprintln!("{}", dir.display());
    // All are checked before the first is written: a run is accepted whole or not at all.
    for JudgedScenario { judged, golden, .. } in &run.scenarios {
        let reasons = lab_golden::never_blessed(golden, judged);
        if !reasons.is_empty() {
            let scenario = judged.head.name.clone();
            return Err(BlessError::Never { scenario, reasons }).context("failed to accept the run");
        }
    }
    for scenario in &run.scenarios {
        let name = &scenario.judged.head.name;
        let path = folders.golden(name);
        report(name, &path, lab_golden::bless(&path, &scenario.golden, &scenario.judged)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn many_runs(cmd: &Cmd, runs: u32, folders: &Folders) -> Result<ExitCode> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut refused: Vec<(String, Vec<NeverBlessed>)> = Vec::new();
    let wanted = (&*cmd.which.profile, cmd.which.scenario.as_deref(), runs);
    let done = many::run(&cmd.many, wanted, folders, again(cmd, runs), |run| {
        for scenario in run.scenarios {
            let name = scenario.judged.head.name.clone();
            let reasons = lab_golden::never_blessed(&scenario.golden, &scenario.judged);
            if !reasons.is_empty() {
                refused.push((name.clone(), reasons));
            }
            tallies.entry(name).or_default().add(scenario.golden);
        }
        Ok(())
    })?;
    let done = match done {
        Ok(done) => done,
        Err(code) => return Ok(code),
    };
    if done.interrupted {
        return Ok(ExitCode::from(130));
    }
    if !refused.is_empty() {
        let times = refused.len();
        let (scenario, reasons) = refused.swap_remove(0);
        let what = format!("failed to accept the runs, {times} time(s), first");
        return Err(BlessError::Never { scenario, reasons }).context(what);
    }
    let merged = tallies.iter().map(|(name, tally)| Ok((name, tally.merge()?)));
    let merged =
        merged.collect::<Result<Vec<_>, lab_golden::MergeError>>().context("failed to merge the runs")?;
    for (name, golden) in merged {
        let path = folders.golden(name);
        report(name, &path, lab_golden::bless_many(&path, &golden, Vec::new())?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn report(name: &str, path: &Path, blessed: Blessed) -> Result<()> {
    match blessed {
        Blessed::Unchanged => eprintln!("{name}: unchanged"),
        Blessed::Written { diff } => {
            own(path)?;
            eprintln!("{name}: written to {}", path.display());
            print!("{diff}");
        }
    }
    Ok(())
}

/// Gives what root has made to the user for whom root did it.
fn own(path: &Path) -> Result<()> {
    let Some((user, group)) = privilege::owner() else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user), Some(group))
        .with_context(|| format!("failed to give {} to user {user}", path.display()))
}

fn again(cmd: &Cmd, runs: u32) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["golden".into(), "bless".into(), cmd.which.profile.clone().into()];
    args.extend(cmd.which.scenario.iter().map(OsString::from));
    args.extend(["--runs".into(), runs.to_string().into()]);
    args.extend(cmd.in_ci.then(|| "--in-ci".into()));
    args
}
