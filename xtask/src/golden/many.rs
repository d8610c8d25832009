//! A profile run many times, judged each time.

use std::{ffi::OsString, fs, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context, Result};
use lab_model::RunOutcome;
use lab_run::{Moment, Observer};

use crate::{
    build::Programs,
    golden::load::Load,
    judged::{self, JudgedRun},
    lab::{self, Prepared},
    root::Folders,
};

/// What to run, and how.
#[derive(clap::Args, Clone)]
pub(super) struct Many {
    /// Busy processes beside the runs, one per core
    #[arg(long)]
    pub(super) load: bool,
    /// Keep the bundles in runs/ (otherwise they are removed)
    #[arg(long)]
    pub(super) keep: bool,
    /// Install nothing; say what is missing
    #[arg(long)]
    pub(super) no_install: bool,
    #[command(flatten)]
    pub(super) programs: Programs,
}

/// What was run.
#[derive(Default)]
pub(super) struct Done {
    /// outcomes, drift left out, by run
    pub(super) outcomes: Vec<RunOutcome>,
    /// the person wanted it to end
    pub(super) interrupted: bool,
    /// busy processes beside it
    pub(super) busy: usize,
    /// of all, in seconds
    pub(super) seconds: f64,
    /// the machine's load (one minute) at the start and at the end, less than exact
    pub(super) load: Option<(f64, f64)>,
}

impl Done {
    /// The worst of all.
    pub(super) fn outcome(&self) -> RunOutcome {
        self.outcomes.iter().copied().max().unwrap_or(RunOutcome::Pass)
    }
}

/// Runs `profile` (or the scenario of it) `runs` times and gives each run to `each`. `again` are the arguments by
/// which the caller is called again as root; the programs and `--no-install` are added here.
pub(super) fn run(
    many: &Many,
    (profile, scenario, runs): (&str, Option<&str>, u32),
    folders: &Folders,
    again: Vec<OsString>,
    mut each: impl FnMut(JudgedRun) -> Result<()>,
) -> Result<Result<Done, ExitCode>> {
    let cmd = lab::RunCmd {
        profile: profile.to_owned(),
        scenarios: scenario.map(str::to_owned).into_iter().collect(),
        programs: many.programs.clone(),
        no_install: many.no_install,
        json: false,
    };
    let mut ready = match lab::prepare(cmd, folders, |cmd| as_root(many, &cmd.programs, folders, again))? {
        Prepared::Elsewhere(code) => return Ok(Err(code)),
        Prepared::Here(ready) => ready,
    };
    let temporary = Temporary::new(many.keep)?;
    if let Some(folder) = &temporary.0 {
        ready.options.runs = folder.clone();
    }
    let busy = many.load.then(Load::start).transpose()?;
    let (began, before) = (Instant::now(), machine_load());
    let mut done = Done { busy: busy.as_ref().map_or(0, Load::processes), ..Done::default() };
    for run in 1..=runs {
        let from = Instant::now();
        let finished = lab_run::execute(&ready.plan, &ready.options, &Failures).context("failed to run")?;
        if finished.interrupted {
            done.interrupted = true;
            break;
        }
        let judged = judged::judge(&finished.bundle, folders)?;
        let outcome = judged.record_outcome();
        eprintln!(
            "run {run} of {runs}: {} {:.1} s {}",
            finished.id,
            from.elapsed().as_secs_f64(),
            outcome.word()
        );
        done.outcomes.push(outcome);
        each(judged)?;
        if temporary.0.is_some() {
            fs::remove_dir_all(&finished.bundle)
                .with_context(|| format!("failed to remove {}", finished.bundle.display()))?;
        }
    }
    drop(busy);
    done.seconds = began.elapsed().as_secs_f64();
    done.load = before.zip(machine_load());
    Ok(Ok(done))
}

fn as_root(many: &Many, programs: &Programs, folders: &Folders, again: Vec<OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--lab".into(), folders.lab.clone().into()];
    args.extend(again);
    for (option, program) in [("--actor", &programs.actor), ("--probe", &programs.probe)] {
        args.extend(program.iter().flat_map(|program| [option.into(), program.clone().into_os_string()]));
    }
    for (wanted, option) in [(true, "--no-install"), (many.load, "--load"), (many.keep, "--keep")] {
        args.extend(wanted.then(|| option.into()));
    }
    args
}

/// A folder for bundles that nobody wants to keep, removed when dropped.
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn new(keep: bool) -> Result<Self> {
        if keep {
            return Ok(Self(None));
        }
        let folder = std::env::temp_dir().join(format!("sightline-runs-{}", std::process::id()));
        // Not `create_dir_all`: a folder that somebody else has made there is none of ours.
        fs::create_dir(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        Ok(Self(Some(folder)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(folder) = &self.0
            && let Err(error) = fs::remove_dir_all(folder)
        {
            eprintln!("failed to remove {}: {error}", folder.display());
        }
    }
}

fn machine_load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Says what failed, and nothing else.
struct Failures;

impl Observer for Failures {
    fn on(&self, moment: &Moment<'_>) {
        if let Moment::StageEnded { scenario, pass, stage, error: Some(error), .. } = moment {
            eprintln!("{scenario} pass {pass}: {stage} failed: {error}");
        }
    }
}
