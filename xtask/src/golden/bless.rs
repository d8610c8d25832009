//! `golden bless`: accept a run as golden, or what many runs say together.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use lab_golden::{BlessError, BlessLock, Blessed, NeverBlessed, Setting, Tally};

use crate::{
    golden::{
        interactive,
        many::{self, Many},
        which::Which,
    },
    judged::{self, JudgedScenario},
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
    /// Accept it only for runs made in a setting of this run: an environment, `debian-12`, `x86_64`, `linux-6.18`, `strace-6.1`
    #[arg(long = "for", value_name = "SETTING", conflicts_with = "runs")]
    setting: Option<String>,
    /// Why it is otherwise there, in a line
    #[arg(long, value_name = "TEXT", requires = "setting")]
    because: Option<String>,
    /// Go through what differs piece by piece: accept, reject, or leave free how often it is there
    #[arg(long, conflicts_with_all = ["runs", "setting"])]
    interactive: bool,
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
    if cmd.interactive {
        interactive::check_terminal()?;
    }
    // All are checked before the first is written: a run is accepted whole or not at all.
    for JudgedScenario { judged, golden, .. } in &run.scenarios {
        let reasons = lab_golden::never_blessed(golden, judged);
        if !reasons.is_empty() {
            let scenario = judged.head.name.clone();
            return Err(BlessError::Never { scenario, reasons }).context("failed to accept the run");
        }
    }
    let here = judged::setting(&run.bundle.manifest);
    if cmd.setting.is_none() {
        run.scenarios.iter().try_for_each(|scenario| no_override(scenario, &here))?;
    }
    if cmd.interactive {
        return interactive::run(&run, folders);
    }
    for scenario in &run.scenarios {
        let (name, judged) = (&scenario.judged.head.name, &scenario.judged);
        let (path, done) = match &cmd.setting {
            None => {
                let path = folders.golden(name);
                let done = match &scenario.blessed {
                    // What the golden says elsewhere is not this run's to say.
                    Some(blessed) if blessed.files.len() > 1 => Blessed::Unchanged,
                    _ => lab_golden::bless(&path, &scenario.golden, judged)?,
                };
                (path, done)
            }
            Some(setting) => {
                let about = (setting.as_str(), cmd.because.as_deref());
                let done =
                    lab_golden::bless_override(&folders.goldens(), (&scenario.golden, judged), &here, about)?;
                (folders.goldens().join(format!("{name}@{setting}.golden")), done)
            }
        };
        report(name, &path, done)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A drift from a golden with overrides could be meant for any of its files: the person has to say.
fn no_override(scenario: &JudgedScenario, here: &Setting) -> Result<()> {
    let files = scenario.blessed.as_ref().map_or(&[][..], |blessed| &blessed.files);
    if files.len() < 2 || scenario.drift.is_empty() {
        return Ok(());
    }
    bail!(
        "failed to accept the run: {} is put together from {}, so say for what it is otherwise: --for one of {}",
        scenario.judged.head.name,
        files.join(", "),
        here.names().join(", ")
    )
}

fn many_runs(cmd: &Cmd, runs: u32, folders: &Folders) -> Result<ExitCode> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut refused: Vec<(String, Vec<NeverBlessed>)> = Vec::new();
    let mut overridden = BTreeSet::new();
    let wanted = (&*cmd.which.profile, cmd.which.scenario.as_deref(), runs);
    let done = many::run(&cmd.many, wanted, folders, again(cmd, runs), |run| {
        let here = judged::setting(&run.bundle.manifest);
        for scenario in run.scenarios {
            no_override(&scenario, &here)?;
            let name = scenario.judged.head.name.clone();
            // As its overrides say, in every run: there is nothing to accept.
            if scenario.blessed.as_ref().is_some_and(|blessed| blessed.files.len() > 1) {
                overridden.insert(name.clone());
            }
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
    for (name, golden) in merged.into_iter().filter(|(name, _)| !overridden.contains(*name)) {
        let path = folders.golden(name);
        report(name, &path, lab_golden::bless_many(&path, &golden, Vec::new())?)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn report(name: &str, path: &Path, blessed: Blessed) -> Result<()> {
    match blessed {
        Blessed::Unchanged => eprintln!("{name}: unchanged"),
        Blessed::Written { diff } => {
            if path.exists() {
                own(path)?;
                eprintln!("{name}: written to {}", path.display());
            } else {
                eprintln!("{name}: nothing is otherwise any more; removed {}", path.display());
            }
            print!("{diff}");
        }
    }
    Ok(())
}

/// Gives what root has made to the user for whom root did it.
pub(super) fn own(path: &Path) -> Result<()> {
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
