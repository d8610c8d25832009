//! One bout of a workload: bare, under a sensor, or beside a sensor that watches somebody else.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use lab_model::{Cost, Counters, PassRecord, SensorKind};
use lab_profile::{Observe, Plan};
use lab_run::{Guest, Moment, Observer, Options};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::stat::Mode,
    unistd::mkfifo,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{build::Programs, lab, root::Folders, scratch::Scratch};

/// Longest bout.
const TIMEOUT: Duration = Duration::from_secs(600);
/// How often a workload outside of any lab is run for one measurement.
const BEST_OF: u32 = 5;
/// How often a wait for a process looks whether that has ended.
const LOOK_MS: u8 = 20;

/// What is to be done.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) word: &'static str,
    pub(super) count: u64,
    pub(super) processes: u64,
}

/// What the workload says of itself.
#[derive(Deserialize)]
struct Said {
    wall: f64,
    cpu: f64,
    calls: BTreeMap<String, u64>,
}

/// A process that was to live for so long, by the account of who made it.
#[derive(Deserialize)]
pub(super) struct Life {
    pub(super) wanted_ms: u64,
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
    pub(super) lived_ns: u64,
}

/// What came of it.
#[derive(Clone)]
pub(super) struct Bout {
    pub(super) wall: f64,
    pub(super) cpu: f64,
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) cost: Option<Cost>,
    pub(super) counters: Option<Counters>,
    pub(super) bytes_per_event: Option<f64>,
}

impl Bout {
    fn bare(said: Said) -> Self {
        let Said { wall, cpu, calls } = said;
        Self { wall, cpu, calls, cost: None, counters: None, bytes_per_event: None }
    }
}

/// Runs workloads as observed programs of a profile.
pub(super) struct Bench {
    lab: PathBuf,
    profile: String,
    sensors: Vec<SensorKind>,
    options: Options,
    /// the program of the workloads
    load: PathBuf,
    scratch: Scratch,
}

/// Nobody looks at the stages of a bout.
struct Quiet;

impl Observer for Quiet {
    fn on(&self, _moment: &Moment<'_>) {}
}

impl Bench {
    /// Builds and checks; nothing if this is not root.
    pub(super) fn new(
        folders: &Folders,
        profile: &str,
        programs: &mut Programs,
        no_install: bool,
    ) -> Result<Option<Self>> {
        let profile_sensors = lab_profile::load_profile(folders.lab.as_path(), profile)?.sensors;
        let sensors: Vec<SensorKind> = profile_sensors.iter().map(|sensor| sensor.value).collect();
        let plan = plan(&folders.lab, profile, &sensors, vec!["true".to_owned()])?;
        let Some(mut options) = lab::ready(&plan, programs, no_install, folders)? else { return Ok(None) };
        let scratch = Scratch::new()?;
        options.runs = scratch.0.join("runs");
        let environment = ["PATH", "HOME"]
            .iter()
            .filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?).into()));
        options.guest = Some(Guest {
            environment: environment.collect(),
            user: None,
            group: nix::unistd::getpgrp().as_raw(),
            output_to_errors: true,
        });
        let load = options.actor.with_file_name("lab-load");
        Ok(Some(Self {
            lab: folders.lab.clone(),
            profile: profile.to_owned(),
            sensors,
            options,
            load,
            scratch,
        }))
    }

    /// The profile's sensors.
    pub(super) fn sensors(&self) -> &[SensorKind] {
        &self.sensors
    }

    /// True once the person asked for the end.
    pub(super) fn interrupted(&self) -> bool {
        self.options.interrupt.is_set()
    }

    /// Kernel and processors.
    pub(super) fn machine(&self) -> String {
        let release = nix::sys::utsname::uname().map_or_else(
            |_| "an unknown kernel".to_owned(),
            |name| format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
        );
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        format!("{release}, {processors} processors, {}", std::env::consts::ARCH)
    }

    /// The workload as a subject, under a sensor or under none.
    pub(super) fn bout(&self, sensor: Option<SensorKind>, load: Load) -> Result<Bout> {
        let report = self.scratch.0.join("report.json");
        let argv = self.argv(load, &report);
        let under = sensor.map_or("no sensor", SensorKind::word);
        let mut bout = self
            .observed(sensor, argv, || said(&report))
            .with_context(|| format!("failed to run the workload {} under {under}", load.word))?;
        let said = bout.1.take().with_context(|| format!("the workload {} said nothing", load.word))?;
        Ok(Bout { wall: said.wall, cpu: said.cpu, calls: said.calls, ..bout.0 })
    }

    /// The workload outside of any lab, at its best: the differences are small, and what comes from elsewhere only slows.
    pub(super) fn alone(&self, load: Load) -> Result<Bout> {
        let mut best = self.alone_once(load)?;
        for _ in 1..BEST_OF {
            let bout = self.alone_once(load)?;
            if bout.wall < best.wall {
                best = bout;
            }
        }
        Ok(best)
    }

    fn alone_once(&self, load: Load) -> Result<Bout> {
        let report = self.scratch.0.join("alone.json");
        let argv = self.argv(load, &report);
        let status =
            Command::new(&self.load).args(&argv[1..]).status().context("failed to start lab-load")?;
        if !status.success() {
            bail!("the workload {} ended with {status}", load.word);
        }
        Ok(Bout::bare(said(&report)?.context("the workload said nothing")?))
    }

    /// The same while the probe watches a process that does nothing.
    pub(super) fn beside(&self, load: Load) -> Result<Bout> {
        let [(ready, is_ready), (go, mut may_go)] =
            [fifo(self.scratch.0.join("ready"))?, fifo(self.scratch.0.join("go"))?];
        let word = |path: &Path| path.to_string_lossy().into_owned();
        let argv = vec![word(&self.load), "wait".to_owned(), word(&ready), word(&go)];
        std::thread::scope(|scope| {
            let watched = scope.spawn(|| self.observed(Some(SensorKind::Probe), argv, || Ok(None)));
            // The watched process runs only once the probe is ready.
            let runs = wait(&is_ready, || watched.is_finished())
                .context("failed to wait for the watched process")?;
            let bout = runs.then(|| self.alone(load));
            may_go.write_all(b"go").context("failed to let the watched process go on")?;
            match watched.join() {
                Ok(watched) => watched?,
                Err(_) => bail!("the run beside the workload panicked"),
            };
            bout.context("the watched process never ran")?
        })
    }

    fn argv(&self, load: Load, report: &Path) -> Vec<String> {
        let Load { word, count, processes } = load;
        let load = self.load.to_string_lossy().into_owned();
        let report = report.to_string_lossy().into_owned();
        vec![load, word.to_owned(), count.to_string(), processes.to_string(), report]
    }

    /// Runs a program under one sensor or none, and says what came of it.
    fn observed(
        &self,
        sensor: Option<SensorKind>,
        argv: Vec<String>,
        said: impl FnOnce() -> Result<Option<Said>>,
    ) -> Result<(Bout, Option<Said>)> {
        let mut plan = plan(&self.lab, &self.profile, &[sensor.unwrap_or(self.sensors[0])], argv)?;
        for pass in plan.scenarios.iter_mut().flat_map(|scenario| &mut scenario.passes) {
            if sensor.is_none() {
                pass.instances.clear();
            }
        }
        self.recorded(plan, |bundle| {
            let (bundle, events) =
                lab_store::read_without_events(bundle).context("failed to read the record")?;
            let mut bout = Bout::bare(Said { wall: 0.0, cpu: 0.0, calls: BTreeMap::new() });
            if let Some(instance) = only_pass(bundle)?.instances.into_iter().next() {
                let stored: u64 = events
                    .iter()
                    .filter_map(|events| std::fs::metadata(&events.path).ok())
                    .map(|m| m.len())
                    .sum();
                let received =
                    |counters: &Counters| counters.programs.values().map(|b| b.received).sum::<u64>();
                let received = instance.counters.as_ref().map(received).filter(|received| *received > 0);
                bout.bytes_per_event = received.map(|received| stored as f64 / received as f64);
                (bout.cost, bout.counters) = (instance.cost, instance.counters);
            }
            Ok((bout, said()?))
        })
    }

    /// Processes of each life time, one after the other, under some sensors at once: what `lab-load` says of them, and the
    /// record.
    pub(super) fn lives(
        &self,
        sensors: &[SensorKind],
        times: &str,
        (count, gap_ms): (u64, u32),
    ) -> Result<(Vec<Life>, PassRecord)> {
        let report = self.scratch.0.join("lives.json");
        let word = |path: &Path| path.to_string_lossy().into_owned();
        let numbers = [times.to_owned(), count.to_string(), gap_ms.to_string()];
        let mut argv = vec![word(&self.load), "lives".to_owned()];
        argv.extend(numbers);
        argv.push(word(&report));
        let plan = plan(&self.lab, &self.profile, sensors, argv)?;
        self.recorded(plan, |bundle| {
            let pass = only_pass(lab_store::read(bundle).context("failed to read the record")?)?;
            Ok((said(&report)?.context("nothing was said of what lives there were")?, pass))
        })
    }

    /// Makes the one pass of a plan, and takes its record away again once it was looked at.
    fn recorded<T>(&self, mut plan: Plan, look: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        for pass in plan.scenarios.iter_mut().flat_map(|scenario| &mut scenario.passes) {
            // A profile's times are for acts, of which there are few.
            pass.stages.iter_mut().for_each(|stage| stage.timeout.value = TIMEOUT);
        }
        let finished = lab_run::execute(&plan, &self.options, &Quiet).context("failed to run")?;
        if finished.interrupted {
            bail!("interrupted");
        }
        let looked = look(&finished.bundle)?;
        std::fs::remove_dir_all(&finished.bundle)
            .with_context(|| format!("failed to remove {}", finished.bundle.display()))?;
        Ok(looked)
    }
}

/// A FIFO with both of its ends: as long as they are open nobody waits for another one to open it.
fn fifo(path: PathBuf) -> Result<(PathBuf, File)> {
    let made = || format!("failed to make {}", path.display());
    if !path.exists() {
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).with_context(made)?;
    }
    let ends = File::options().read(true).write(true).open(&path).with_context(made)?;
    Ok((path, ends))
}

/// Waits until somebody has written to a FIFO; false if `over` comes first.
fn wait(fifo: &File, over: impl Fn() -> bool) -> std::io::Result<bool> {
    loop {
        let mut fds = [PollFd::new(fifo.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(LOOK_MS))? > 0 {
            return Ok(true);
        }
        if over() {
            return Ok(false);
        }
    }
}

/// The pass of a bout, if nothing in it failed.
fn only_pass(bundle: lab_store::Bundle) -> Result<PassRecord> {
    let passes = bundle.scenarios.into_iter().flat_map(|scenario| scenario.passes);
    let pass = passes.into_iter().next().context("the record has no pass")?;
    if let Some(stage) = pass.stages.iter().find(|stage| stage.error.is_some()) {
        bail!("{}: {}", stage.stage, stage.error.as_deref().unwrap_or_default());
    }
    if let Some(instance) = pass.instances.iter().find(|instance| instance.error.is_some()) {
        bail!("{}: {}", instance.instance, instance.error.as_deref().unwrap_or_default());
    }
    Ok(pass)
}

fn plan(lab: &Path, profile: &str, sensors: &[SensorKind], argv: Vec<String>) -> Result<Plan> {
    let observe = Observe {
        name: "bench".to_owned(),
        program: argv.first().cloned().unwrap_or_default(),
        argv,
        directory: "/".to_owned(),
        timeout: Some(TIMEOUT),
        sensors: sensors.to_vec(),
        all_passes: true,
    };
    Ok(lab_profile::observe_plan(lab, profile, &observe)?)
}

/// What the workload wrote; the file goes.
fn said<T: DeserializeOwned>(report: &Path) -> Result<Option<T>> {
    let bytes = std::fs::read(report).context("failed to read what the workload said")?;
    std::fs::remove_file(report).with_context(|| format!("failed to remove {}", report.display()))?;
    Ok(Some(serde_json::from_slice(&bytes).context("failed to understand what the workload said")?))
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Read as _, io::Write as _};

    use super::{fifo, wait};

    #[test]
    fn nobody_waits_for_one_who_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (ready, said) = fifo(folder.path().join("ready")).unwrap();
        assert!(!wait(&said, || true).unwrap());
        std::fs::write(&ready, b"ready").unwrap();
        assert!(wait(&said, || false).unwrap());
        let (go, mut tell) = fifo(folder.path().join("go")).unwrap();
        tell.write_all(b"go").unwrap();
        let mut told = [0; 2];
        File::open(&go).unwrap().read_exact(&mut told).unwrap();
        assert_eq!(&told, b"go");
    }
}
