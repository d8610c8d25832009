//! `lab observe`: a program of the person's own under a profile's sensors.

use std::{
    ffi::OsString,
    io::{Read, Seek, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use lab_model::{Login, SensorKind};
use lab_profile::{Observe, Plan};
use lab_run::Guest;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::{
    build::Programs,
    lab::{
        environment::Environment,
        run::{judge, ready},
    },
    privilege,
    progress::Progress,
    report,
    root::Folders,
};

/// How long a program may take: a number of seconds, minutes or hours.
fn length(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("expected a length of time such as `30s`, `5m` or `2h`".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a number before the unit".to_owned())?;
    Some(number * seconds)
        .filter(|seconds| (1..=7 * 24 * 3600).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "expected more than nothing and at most a week".to_owned())
}

pub(crate) fn sensor(word: &str) -> Result<SensorKind, String> {
    let known = || lab_model::CATALOGUE.iter().map(|entry| format!("`{}`", entry.word)).collect::<Vec<_>>();
    word.parse().map_err(|_| format!("expected one of {}", known().join(", ")))
}

#[derive(clap::Args, Clone)]
#[command(after_help = "\
The program runs as you, in the current folder, on this terminal; its record is compared with golden/NAME.golden. \
It finds SIGHTLINE_SINK (host:port of the run's sink), SIGHTLINE_NONCE, SIGHTLINE_WORK and TMPDIR in its environment. \
The report goes to standard error. docs/observe.md has the rest.")]
pub(super) struct Cmd {
    /// Profile by name or phase number
    #[arg(default_value = "host")]
    profile: String,
    /// What the record and its golden are called [default: the program's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only this sensor of the profile (may be given several times)
    #[arg(long = "sensor", value_name = "KIND", value_parser = sensor)]
    sensors: Vec<SensorKind>,
    /// Also the sensors that perturb, which means to run the program once more for each of them
    #[arg(long, conflicts_with = "sensors")]
    all_passes: bool,
    /// End the program after this time (`30s`, `5m`, `2h`) [default: never]
    #[arg(long, value_name = "TIME", value_parser = length)]
    timeout: Option<Duration>,
    /// Pass this variable on though it looks like a secret, or set it (may be given several times)
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    #[command(flatten)]
    programs: Programs,
    /// Install nothing; say what is missing
    #[arg(long)]
    no_install: bool,
    /// Print the report as JSON on standard output; the program's output goes to standard error
    #[arg(long)]
    json: bool,
    /// As whom the program runs: `UID:GID` of the caller, whom sudo has hidden
    #[arg(long = "as", value_name = "UID:GID", hide = true)]
    user: Option<String>,
    /// The caller's environment, which sudo has emptied
    #[arg(long, value_name = "FILE", hide = true)]
    environment: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(super) fn run(mut cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let environment = environment(&cmd, folders)?;
    let plan = plan(&cmd, &environment, folders)?;
    for name in environment.left_out.iter() {
        eprintln!("not passed on, as it looks like a secret: {name} (--env {name} passes it on)");
    }
    let passes = &plan.scenarios[0].passes;
    if passes.len() > 1 && cmd.user.is_none() {
        let under = passes.iter().map(|pass| {
            let sensors: Vec<&str> = pass.instances.iter().map(|instance| instance.sensor.word()).collect();
            format!("pass {} under {}", pass.pass, sensors.join(", "))
        });
        let under = under.collect::<Vec<_>>().join(", ");
        eprintln!("the program will run {} times: {under}", passes.len());
    }
    let Some(mut options) = ready(&plan, &mut cmd.programs, cmd.no_install, folders)? else {
        return as_root(&cmd, &environment, folders);
    };
    options.guest = Some(Guest {
        environment: environment.texts(),
        user: cmd.user.as_deref().map(login).transpose()?,
        group: nix::unistd::getpgrp().as_raw(),
        output_to_errors: cmd.json,
    });
    let finished = lab_run::execute(&plan, &options, &Progress::aside()).context("failed to run")?;
    let (judged, head) = judge(&finished, folders)?;
    if cmd.json {
        report::print(&finished.bundle, &judged, Some(head), true)?;
    } else {
        report::print_aside(&finished.bundle, &judged, Some(head))?;
    }
    Ok(ExitCode::from(judged.exit_code()))
}

fn environment(cmd: &Cmd, folders: &Folders) -> Result<Environment> {
    let Some(file) = &cmd.environment else {
        return Ok(Environment::new(std::env::vars_os(), &cmd.env, &folders.checkout));
    };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes));
    read.with_context(|| format!("failed to read the environment from {}", file.display()))?;
    Ok(Environment::from_bytes(&bytes))
}

fn plan(cmd: &Cmd, environment: &Environment, folders: &Folders) -> Result<Plan> {
    let directory = std::env::current_dir().context("failed to find the current folder")?;
    let word = cmd.command.first().context("no program")?;
    let paths = environment.pairs.get(std::ffi::OsStr::new("PATH")).cloned().unwrap_or_default();
    let program = find(word, &paths, &directory)?;
    let name = match &cmd.name {
        Some(name) => name.clone(),
        None => lab_profile::observed_name(word).unwrap_or_default(),
    };
    let observe = Observe {
        name,
        program,
        argv: cmd.command.clone(),
        directory: directory
            .to_str()
            .context("failed to use the current folder: its name is not UTF-8")?
            .to_owned(),
        timeout: cmd.timeout,
        sensors: cmd.sensors.clone(),
        all_passes: cmd.all_passes,
    };
    let plan = lab_profile::observe_plan(folders.lab.as_path(), &cmd.profile, &observe)?;
    if plan.environment.value == lab_profile::EnvironmentKind::Vm {
        bail!(
            "profile `{}` runs in virtual machines, where no program of yours is: take `host`",
            plan.profile
        );
    }
    Ok(plan)
}

/// The file that a shell would execute for `word`.
fn find(word: &str, paths: &OsString, directory: &Path) -> Result<String> {
    let runs = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if word.contains('/') {
        let path = directory.join(word);
        return match std::fs::metadata(&path) {
            Ok(_) if runs(&path) => Ok(word.to_owned()),
            Ok(meta) => {
                bail!("failed to find the program: {word} is no executable file (mode {:o})", meta.mode())
            }
            Err(error) => bail!("failed to find the program: {word}: {error}"),
        };
    }
    let found =
        std::env::split_paths(paths).map(|folder| directory.join(folder).join(word)).find(|path| runs(path));
    let found = found.with_context(|| format!("failed to find the program: there is no `{word}` in PATH"))?;
    found.to_str().map(str::to_owned).context("failed to use the program: its path is not UTF-8")
}

/// `UID:GID` with all the groups that this user has.
fn login(text: &str) -> Result<Login> {
    let ids = text.split_once(':').and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    let (uid, gid): (u32, u32) = ids.with_context(|| format!("failed to read the user `{text}`"))?;
    let user = nix::unistd::User::from_uid(uid.into()).context("failed to look up the user")?;
    let groups = match user {
        Some(user) => {
            let name = std::ffi::CString::new(user.name).context("failed to read the user's name")?;
            let groups =
                nix::unistd::getgrouplist(&name, gid.into()).context("failed to list the user's groups")?;
            groups.into_iter().map(nix::unistd::Gid::as_raw).collect()
        }
        None => vec![gid],
    };
    Ok(Login { uid, gid, groups })
}

extern "C" fn wait_on(_signal: i32) {}

/// Runs this command as root: with the environment in memory that this process keeps, and with who we are.
fn as_root(cmd: &Cmd, environment: &Environment, folders: &Folders) -> Result<ExitCode> {
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    let memory = nix::sys::memfd::memfd_create(c"environment", flags)
        .context("failed to make room for the environment")?;
    let mut memory = std::fs::File::from(memory);
    memory
        .write_all(&environment.to_bytes())
        .and_then(|()| memory.rewind())
        .context("failed to keep the environment")?;
    // Ctrl-C reaches the program and the run as well; this process only waits for them.
    let patient = SigAction::new(SigHandler::Handler(wait_on), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGINT, &patient) }.context("failed to wait through an interrupt")?;
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    let mut args: Vec<OsString> = vec!["--lab".into(), folders.lab.clone().into()];
    args.extend(
        ["lab", "observe", &cmd.profile, "--no-install", "--as", &format!("{uid}:{gid}")].map(OsString::from),
    );
    args.extend([
        "--environment".into(),
        format!("/proc/{}/fd/{}", std::process::id(), memory.as_raw_fd()).into(),
    ]);
    args.extend(cmd.programs.arguments());
    args.extend(cmd.name.iter().flat_map(|name| ["--name".into(), name.into()]));
    args.extend(cmd.sensors.iter().flat_map(|sensor| ["--sensor".into(), sensor.word().into()]));
    args.extend(
        cmd.timeout.iter().flat_map(|time| ["--timeout".into(), format!("{}s", time.as_secs()).into()]),
    );
    args.extend(cmd.all_passes.then(|| "--all-passes".into()));
    args.extend(cmd.json.then(|| "--json".into()));
    args.push("--".into());
    args.extend(cmd.command.iter().map(OsString::from));
    privilege::run_as_root(args)
}
