//! `setup`: installs what is missing.

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use lab_profile::EnvironmentKind;
use lab_tools::{
    Options, Privilege,
    bpf::{PrebuiltState, prebuilt_state},
    privilege,
    setup::{Needs, Step, plan_setup, run_step},
};

use crate::root::Folders;

/// What to install, and whether to.
#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Name or phase of the profile to set up for
    #[arg(default_value = "host")]
    profile: String,
    /// Install what builds the eBPF object, too
    #[arg(long)]
    dev: bool,
    /// List what is missing, and install nothing; exits 2 if there is something
    #[arg(long)]
    no_install: bool,
    /// Print the steps as JSON, and install nothing
    #[arg(long)]
    json: bool,
}

/// Where this machine's things are.
pub(crate) fn options(folders: &Folders) -> Result<Options> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let cache = cache.context("failed to find a folder for tools: neither XDG_CACHE_HOME nor HOME is set")?;
    let cargo = absolute("CARGO_HOME").or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    Ok(Options {
        root: "/".into(),
        path: std::env::var_os("PATH").unwrap_or_default(),
        clone: folders.checkout.clone(),
        tools: cache.join("sightline/tools"),
        runs: folders.runs(),
        cargo: cargo.unwrap_or_default(),
        // What is installed belongs to the checkout, whatever lab is looked at.
        pins: lab_profile::load_pins(folders.checkout.as_path()).context("failed to read the pins")?,
    })
}

/// Lists what is missing, asks on a terminal, and installs it.
pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let profile = lab_profile::load_profile(folders.lab.as_path(), &cmd.profile)?;
    let options = options(folders)?;
    let needs = match profile.environment.value {
        // Machines have sensors of their own.
        EnvironmentKind::Vm => {
            Needs { strace: false, auditd: false, tcpdump: false, qemu: true, ..Needs::HOST }
        }
        _ => Needs::HOST,
    };
    let needs = Needs { ebpf_toolchain: cmd.dev, ..needs };
    let steps = plan_setup(&options, needs).context("failed to plan the set-up")?;
    if cmd.json {
        println!("{}", serde_json::to_string_pretty(&steps)?);
        return Ok(ExitCode::SUCCESS);
    }
    if steps.is_empty() {
        eprintln!("nothing is missing");
        return Ok(ExitCode::SUCCESS);
    }
    list(&steps);
    if cmd.no_install {
        return Ok(ExitCode::from(2));
    }
    if !install(&options, &steps)? {
        return Ok(ExitCode::from(2));
    }
    let left = plan_setup(&options, needs).context("failed to look at what was set up")?;
    if let Some(step) = left.first() {
        bail!("{} is still missing after set-up: see cargo xtask doctor", step.name);
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is missing.
fn list(steps: &[Step]) {
    for step in steps {
        eprintln!("{}: {}\n    {}", step.name, step.why, step.how);
    }
}

/// Installs it, if the person at the terminal agrees.
fn install(options: &Options, steps: &[Step]) -> Result<bool> {
    if !agreed()? {
        eprintln!("nothing was installed");
        return Ok(false);
    }
    ask_for_sudo(options, steps)?;
    for step in steps {
        with_progress(&step.name, |tell| run_step(options, step, tell))
            .with_context(|| format!("failed to set up {}", step.name))?;
    }
    Ok(true)
}

/// Something that a command needs is not there, and was not to be installed.
#[derive(Debug, thiserror::Error)]
#[error("{what} is missing: {why}")]
pub(crate) struct Missing {
    what: String,
    why: String,
    hint: &'static str,
}

impl Missing {
    pub(crate) fn hint(&self) -> &'static str {
        self.hint
    }
}

/// Sees to it that the eBPF object that the probe carries is made of the sources beside it.
pub(crate) fn fresh_object(folders: &Folders) -> Result<()> {
    let why = match prebuilt_state(&folders.checkout).context("failed to look at the eBPF object")? {
        PrebuiltState::Fresh(_) => return Ok(()),
        PrebuiltState::Stale { what } => what,
        PrebuiltState::Missing => "there is none in bpf/prebuilt".to_owned(),
    };
    Err(Missing { what: "a fresh eBPF object".to_owned(), why, hint: "cargo xtask bpf build" }.into())
}

/// Sees to it that `needs` are met before a command goes on.
pub(crate) fn meet(folders: &Folders, needs: Needs, no_install: bool) -> Result<()> {
    let options = options(folders)?;
    let steps = plan_setup(&options, needs).context("failed to plan the set-up")?;
    let Some(first) = steps.first() else { return Ok(()) };
    list(&steps);
    if no_install || !install(&options, &steps)? {
        return Err(
            Missing { what: first.name.clone(), why: first.why.clone(), hint: "cargo xtask setup" }.into()
        );
    }
    Ok(())
}

/// Asks once on a terminal; elsewhere goes ahead and says so.
fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        eprintln!("not a terminal: going ahead");
        return Ok(true);
    }
    eprint!("go ahead? [Y/n] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    let length = std::io::stdin().read_line(&mut answer).context("failed to read the answer")?;
    Ok(length > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

/// Lets sudo ask for its password before a progress line could hide the question.
fn ask_for_sudo(options: &Options, steps: &[Step]) -> Result<()> {
    let asks = steps.iter().any(|step| step.as_root) && privilege(options) == Privilege::SudoAsks;
    if asks && std::io::stdin().is_terminal() && !Command::new("sudo").arg("-v").status()?.success() {
        bail!("failed to become root: sudo refused");
    }
    Ok(())
}

/// Shows the last line that a long command wrote; without a terminal only what it is doing.
pub(crate) fn with_progress<T>(name: &str, work: impl FnOnce(&mut dyn FnMut(&str)) -> T) -> T {
    if !std::io::stderr().is_terminal() {
        eprintln!("{name} ...");
        return work(&mut |_| ());
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed}  {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    let result = work(&mut |line| {
        if !line.trim().is_empty() {
            bar.set_message(line.trim().to_owned());
        }
    });
    bar.finish_and_clear();
    result
}
