//! `lab run`: the road from a profile to a verdict.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use lab_model::SensorKind;
use lab_run::{Finished, Interrupt, Options};
use lab_tools::setup::Needs;

use crate::{
    build::Programs, judged, lab::plan, privilege, progress::Progress, report, root::Folders, setup,
};

/// Where subjects get their folders, unless the environment says otherwise.
const STATE: &str = "/var/lib/sightline";

#[derive(clap::Args, Clone)]
pub(crate) struct Cmd {
    /// Profile by name or phase number
    #[arg(default_value = "host")]
    pub(crate) profile: String,
    /// Only this scenario (may be given several times)
    #[arg(long = "scenario", value_name = "NAME")]
    pub(crate) scenarios: Vec<String>,
    #[command(flatten)]
    pub(crate) programs: Programs,
    /// Install nothing; say what is missing
    #[arg(long)]
    pub(crate) no_install: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let json = cmd.json;
    let finished = match record(cmd, folders)? {
        Recorded::Elsewhere(code) => return Ok(code),
        Recorded::Here(finished) => finished,
    };
    let judged = judged::judge(&finished.bundle, folders)?;
    let verdicts: Vec<_> = judged.scenarios.iter().flat_map(|s| s.judged.verdicts.iter().cloned()).collect();
    let head =
        lab_store::append_verdicts(&finished.bundle, &verdicts).context("failed to write the verdicts")?;
    report::print(&finished.bundle, &judged, Some(head), json)?;
    let code = if finished.interrupted { 130 } else { judged.outcome().exit_code() };
    Ok(ExitCode::from(code))
}

/// How a run was recorded.
pub(crate) enum Recorded {
    /// by another process, as root: it has reported as well
    Elsewhere(ExitCode),
    /// by this one
    Here(Finished),
}

/// Checks, builds, becomes root, and records.
pub(crate) fn record(mut cmd: Cmd, folders: &Folders) -> Result<Recorded> {
    let plan = plan::load(folders, &cmd.profile, &cmd.scenarios)?;
    let strace = plan
        .scenarios
        .iter()
        .flat_map(|s| &s.passes)
        .flat_map(|p| &p.instances)
        .any(|i| i.sensor == SensorKind::Strace);
    // Whether static programs can be linked shows when they are.
    let needs = Needs { static_link: false, strace, ..Needs::HOST };
    setup::meet(folders, needs, cmd.no_install)?;
    cmd.programs.build(folders)?;
    if !privilege::is_root() {
        return privilege::become_root(arguments(&cmd, folders)).map(Recorded::Elsewhere);
    }
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    ctrlc::set_handler(move || {
        eprintln!("interrupted: cleaning up");
        handler.set();
    })
    .context("failed to listen for interrupts")?;
    let options = Options {
        runs: folders.runs(),
        state: std::env::var_os("SIGHTLINE_STATE").map_or_else(|| PathBuf::from(STATE), PathBuf::from),
        inventory: Path::new(lab_env::INVENTORY_DIR).to_owned(),
        actor: cmd.programs.actor.context("no actor")?,
        probe: cmd.programs.probe.context("no probe")?,
        owner: privilege::owner(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        interrupt,
    };
    let progress = Progress::new();
    let finished = lab_run::execute(&plan, &options, &progress).context("failed to run")?;
    Ok(Recorded::Here(finished))
}

/// This command as root must be given it: everything is built and installed by now.
fn arguments(cmd: &Cmd, folders: &Folders) -> Vec<OsString> {
    let mut args: Vec<OsString> =
        vec!["--lab".into(), folders.lab.clone().into(), "lab".into(), "run".into()];
    args.push(cmd.profile.clone().into());
    for scenario in &cmd.scenarios {
        args.extend(["--scenario".into(), scenario.into()]);
    }
    for (option, program) in [("--actor", &cmd.programs.actor), ("--probe", &cmd.programs.probe)] {
        args.extend(program.iter().flat_map(|program| [option.into(), program.clone().into_os_string()]));
    }
    args.push("--no-install".into());
    if cmd.json {
        args.push("--json".into());
    }
    args
}
