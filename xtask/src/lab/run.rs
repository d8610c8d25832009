//! `lab run`: the road from a profile to a verdict.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use lab_golden::Golden;
use lab_model::SensorKind;
use lab_profile::EnvironmentKind;
use lab_run::{Finished, Interrupt, Options};
use lab_tools::setup::Needs;

use crate::{
    build::Programs,
    judged::{self, JudgedRun},
    lab::{machines, plan},
    privilege,
    progress::Progress,
    report,
    root::Folders,
    rules, setup,
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
    let plan = plan::load(folders, &cmd.profile, &cmd.scenarios)?;
    if plan.environment.value == EnvironmentKind::Vm {
        return machines::run(cmd, &plan, folders);
    }
    let finished = match record(cmd, &["lab", "run"], folders)? {
        Recorded::Elsewhere(code) => return Ok(code),
        Recorded::Here(finished) => finished,
    };
    let (judged, head) = judge(&finished, folders)?;
    report::print(&finished.bundle, &judged, Some(head), json)?;
    Ok(ExitCode::from(judged.exit_code()))
}

/// Judges a run and adds the verdicts to its bundle; gives the new head of the chain.
pub(crate) fn judge(finished: &Finished, folders: &Folders) -> Result<(JudgedRun, String)> {
    let judged = judged::judge(&finished.bundle, folders)?;
    let verdicts: Vec<_> = judged.scenarios.iter().flat_map(|s| s.judged.verdicts.iter().cloned()).collect();
    let head =
        lab_store::append_verdicts(&finished.bundle, &verdicts).context("failed to write the verdicts")?;
    Ok((judged, head))
}

/// How a run was recorded.
pub(crate) enum Recorded {
    /// by another process, as root: it has reported as well
    Elsewhere(ExitCode),
    /// by this one
    Here(Finished),
}

/// Checks, builds, becomes root (to do `words` there), and records.
pub(crate) fn record(cmd: Cmd, words: &[&str], folders: &Folders) -> Result<Recorded> {
    let ready = match prepare(cmd, folders, |cmd| arguments(cmd, words, folders))? {
        Prepared::Elsewhere(code) => return Ok(Recorded::Elsewhere(code)),
        Prepared::Here(ready) => ready,
    };
    let progress = Progress::new();
    let finished = lab_run::execute(&ready.plan, &ready.options, &progress).context("failed to run")?;
    Ok(Recorded::Here(finished))
}

/// What became of the preparation of a run.
pub(crate) enum Prepared {
    /// another process, as root, did all that was to be done
    Elsewhere(ExitCode),
    /// this one is root and may execute
    Here(Box<Ready>),
}

/// All that a run needs: it may be executed once or many times.
pub(crate) struct Ready {
    pub(crate) plan: lab_profile::Plan,
    pub(crate) options: Options,
}

/// Checks, builds, becomes root (by `again`, the arguments with which the caller is called as root), and listens for
/// interrupts.
pub(crate) fn prepare(
    mut cmd: Cmd,
    folders: &Folders,
    again: impl FnOnce(&Cmd) -> Vec<OsString>,
) -> Result<Prepared> {
    let plan = plan::load(folders, &cmd.profile, &cmd.scenarios)?;
    if plan.environment.value == EnvironmentKind::Vm {
        bail!(
            "profile `{0}` runs in virtual machines, once under each kernel: `cargo xtask lab run {0}` does that, and \
             nothing else does",
            plan.profile
        );
    }
    Ok(match ready(&plan, &mut cmd.programs, cmd.no_install, folders)? {
        None => Prepared::Elsewhere(privilege::become_root(again(&cmd))?),
        Some(options) => Prepared::Here(Box::new(Ready { plan, options })),
    })
}

/// Checks, builds and listens for interrupts; gives what executing the plan needs, or nothing if this is not root.
pub(crate) fn ready(
    plan: &lab_profile::Plan,
    programs: &mut Programs,
    no_install: bool,
    folders: &Folders,
) -> Result<Option<Options>> {
    ready_for(plan, programs, no_install, plan.environment.value == EnvironmentKind::Vm, folders)
}

/// The same; `in_machines` says whether the plan is executed in virtual machines, which have sensors of their own.
pub(crate) fn ready_for(
    plan: &lab_profile::Plan,
    programs: &mut Programs,
    no_install: bool,
    in_machines: bool,
    folders: &Folders,
) -> Result<Option<Options>> {
    // Judging needs them; whoever mistyped one wants to hear of it before the run.
    rules::load(folders)?;
    // A golden that cannot be read is better known now than after the run.
    for scenario in &plan.scenarios {
        let name = &scenario.scenario.head.name;
        Golden::load(&folders.golden(name))?;
        if let Some(error) = lab_golden::lint_overrides(&folders.goldens(), name).into_iter().next() {
            return Err(error.into());
        }
    }
    let instances = plan.scenarios.iter().flat_map(|s| &s.passes).flat_map(|p| &p.instances);
    let sensors: BTreeSet<SensorKind> = instances.map(|instance| instance.sensor).collect();
    // Whether static programs can be linked shows when they are.
    let needs = Needs {
        static_link: false,
        // Machines have sensors of their own.
        strace: !in_machines && sensors.contains(&SensorKind::Strace),
        auditd: !in_machines && sensors.contains(&SensorKind::Auditd),
        bpftrace: !in_machines && sensors.contains(&SensorKind::Bpftrace),
        tcpdump: !in_machines && sensors.contains(&SensorKind::Tcpdump),
        qemu: in_machines,
        ..Needs::HOST
    };
    setup::meet(folders, needs, no_install)?;
    if programs.probe.is_none() && folders.has_sources() {
        setup::fresh_object(folders)?;
    }
    programs.build(folders, in_machines)?;
    if !privilege::is_root() {
        return Ok(None);
    }
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    ctrlc::set_handler(move || {
        // Nobody may be listening any more; the run ends all the same.
        drop(writeln!(std::io::stderr(), "interrupted: cleaning up"));
        handler.set();
    })
    .context("failed to listen for interrupts")?;
    Ok(Some(Options {
        runs: folders.runs(),
        state: state(),
        inventory: Path::new(lab_env::INVENTORY_DIR).to_owned(),
        actor: programs.actor.clone().context("no actor")?,
        probe: programs.probe.clone().context("no probe")?,
        owner: privilege::owner(),
        version: lab_model::VERSION.to_owned(),
        interrupt,
        guest: None,
        machine: None,
    }))
}

/// The folder in which subjects get theirs: one of our own below the one that the person names.
pub(crate) fn state() -> PathBuf {
    std::env::var_os("SIGHTLINE_STATE")
        .map_or_else(|| PathBuf::from(STATE), |dir| PathBuf::from(dir).join("sightline"))
}

/// This command as root must be given it: everything is built and installed by now.
pub(crate) fn arguments(cmd: &Cmd, words: &[&str], folders: &Folders) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--lab".into(), folders.lab.clone().into()];
    args.extend(words.iter().map(OsString::from));
    args.push(cmd.profile.clone().into());
    for scenario in &cmd.scenarios {
        args.extend(["--scenario".into(), scenario.into()]);
    }
    args.extend(cmd.programs.arguments());
    args.push("--no-install".into());
    if cmd.json {
        args.push("--json".into());
    }
    args
}
