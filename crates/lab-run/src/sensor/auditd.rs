//! Drives the audit daemon: one rule for the subject's login session, records through a pipe, and the machine's own
//! settings put back.
//!
//! A kernel has one daemon at a time, so runs take turns (`turn.rs`); where the machine has a daemon of its own, the records are read
//! beside it, and no setting is changed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use lab_adapters::{
    Clock,
    auditd::{self, Status},
};
use lab_env::{INVENTORY_DIR, Thing};
use lab_model::{Balance, Cost, InstanceRecord, LossCause, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{
    Instance, Place,
    child::{self, SensorProcess, Streams},
    lines::Lines,
    multicast::Multicast,
    refused::{self, Refused, program},
};
use crate::{
    RunError, clock,
    deadline::{Deadline, Ended},
    random,
};

/// How many records may wait for the daemon: 64, which kernels begin with, is less than one act makes.
const BACKLOG: u32 = 8192;

/// What must be installed.
pub(super) const PROGRAMS: [&str; 2] = ["auditd", "auditctl"];

/// Held by the run that has the daemon; it holds the machine's settings while they are changed, so that a run finds them
/// after one that was killed.
pub(super) const SAVED: &str = "/run/sightline/auditd.lock";

/// Who gives us the records.
enum Source {
    /// a daemon of ours
    Daemon(SensorProcess),
    /// the kernel, as it gives them to the machine's daemon too
    Multicast(Multicast),
}

pub(super) struct Auditd {
    source: Source,
    instance: String,
    version: String,
    raw: PathBuf,
    scope: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    lines: Lines,
    /// names the rule
    key: String,
    has_rule: bool,
    before: Status,
    /// lost while the rule was there
    lost: Option<u64>,
    markers: Vec<u64>,
    clock: Clock,
    error: Option<String>,
}

/// Starts the daemon, or says why it cannot be here.
pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Box<dyn Instance>, RunError> {
    let missing = PROGRAMS.into_iter().find(|name| program(name).is_none());
    if let Some(name) = missing {
        return Refused::instance(SensorKind::Auditd, place, format!("`{name}` is not installed"));
    }
    let before = match status(&place.instance) {
        Ok(status) => status,
        Err(error) => return Refused::instance(SensorKind::Auditd, place, error.to_string()),
    };
    // The kernel notices that a daemon was killed only when it has something for it.
    let is_alive = is_alive(before.pid);
    let refusal = match before.enabled {
        0 if is_alive => "the machine's audit daemon runs, and audit is switched off",
        2.. => "the audit settings are locked until the machine boots again",
        _ => return Ok(Box::new(Auditd::attach(place, deadline, (before, is_alive))?)),
    };
    Refused::instance(SensorKind::Auditd, place, refusal.to_owned())
}

/// True for a process that has not ended; one that nobody has buried has.
fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.contains("\nState:") && !status.contains("\nState:\tZ")
}

/// The settings to put back: those that a run which was killed had found, or else `now`, which are kept for the next one.
fn saved(now: Status) -> Result<Status, RunError> {
    let kept = fs::read_to_string(SAVED).ok().and_then(|text| Status::parse(&text));
    let Some(kept) = kept else {
        fs::write(SAVED, now.to_string()).map_err(RunError::io("write", SAVED))?;
        return Ok(now);
    };
    Ok(Status { pid: now.pid, lost: now.lost, backlog: now.backlog, ..kept })
}

fn auditctl(instance: &str, arguments: &[String]) -> Result<String, RunError> {
    run(instance, &[words(&["auditctl"]), arguments.to_vec()].concat())
}

/// Runs a command and gives what it printed.
fn run(instance: &str, command: &[String]) -> Result<String, RunError> {
    let (program, arguments) = command.split_first().ok_or(RunError::NoDriver(SensorKind::Auditd))?;
    let output = refused::command(program).args(arguments).output();
    let output = output.map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(RunError::Said { sensor: instance.to_owned(), message: format!("{}: {said}", command.join(" ")) })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn status(instance: &str) -> Result<Status, RunError> {
    let said = auditctl(instance, &words(&["-s"]))?;
    let unclear = || RunError::Said { sensor: instance.to_owned(), message: format!("auditctl -s: {said}") };
    Status::parse(&said).ok_or_else(unclear)
}

impl Auditd {
    fn attach(
        place: Place<'_>,
        deadline: &Deadline,
        (before, has_daemon): (Status, bool),
    ) -> Result<Self, RunError> {
        let key = format!("sightline-{}", random::hex::<4>()?);
        let before = if has_daemon { before } else { saved(before)? };
        place.inventory.note(Thing::Undo { command: auditd::put_back(before, &key, SAVED) })?;
        let clock = clock::wall_offset()?;
        let (source, lines) = if has_daemon {
            let joining = |source| RunError::Call { doing: "read the audit records", source };
            let (multicast, lines) = Multicast::join().map_err(joining)?;
            let lines = Lines::copy(Some(lines), &place.raw, None, clock, auditd::redact_line, seen_at)?;
            (Source::Multicast(multicast), lines)
        } else {
            place.inventory.note(Thing::Folder { path: Path::new(INVENTORY_DIR).join(&key) })?;
            let (daemon, streams) = start(&place, before, &key)?;
            let lines = Lines::copy(streams.stdout, &place.raw, None, clock, auditd::redact_line, seen_at)?;
            daemon.error_line(deadline, auditd::is_ready)?;
            (Source::Daemon(daemon), lines)
        };
        Ok(Self {
            source,
            version: version(&place.instance)?,
            instance: place.instance,
            raw: place.raw,
            scope: place.scope.to_owned(),
            events: Some(place.events),
            lines,
            key,
            has_rule: false,
            before,
            lost: None,
            markers: Vec::new(),
            clock,
            error: None,
        })
    }

    /// Makes the rule, once the subject is there: the actor's login session is one of its own.
    fn make_rule(&mut self) -> Result<(), RunError> {
        let procs = self.scope.join("cgroup.procs");
        let listed = fs::read_to_string(&procs).map_err(RunError::io("read", &procs))?;
        let actor = listed.lines().next().ok_or(RunError::NoSubject)?;
        let (own, subject) = (session("self")?, session(actor)?);
        if subject == own {
            let message = format!(
                "the kernel gave the subject no login session of its own (it has {subject}, as we have)"
            );
            return Err(RunError::Said { sensor: self.instance.clone(), message });
        }
        self.before.lost = status(&self.instance)?.lost;
        auditctl(&self.instance, &auditd::rules(subject, &self.key))?;
        self.has_rule = true;
        Ok(())
    }

    fn failed(&mut self, ended: Ended) -> RunError {
        let error = match &mut self.source {
            Source::Daemon(process) => process.failed(ended),
            Source::Multicast(_) => {
                RunError::Sensor { sensor: self.instance.clone(), ended, said: String::new() }
            }
        };
        self.error.get_or_insert_with(|| error.to_string());
        error
    }

    /// The daemon's; the kernel's own work is nobody's.
    fn cost(&self) -> Option<Cost> {
        match &self.source {
            Source::Daemon(process) => process.cost(),
            Source::Multicast(_) => None,
        }
    }

    fn put_back(&self) -> Result<(), RunError> {
        let command = auditd::put_back(self.before, &self.key, SAVED);
        run(&self.instance, &command).map(|_| ())
    }
}

/// Starts a daemon of ours.
fn start(place: &Place<'_>, before: Status, key: &str) -> Result<(SensorProcess, Streams), RunError> {
    let folder = Path::new(INVENTORY_DIR).join(key);
    configure(&folder)?;
    let backlog = BACKLOG.max(before.backlog_limit).to_string();
    auditctl(&place.instance, &words(&["-b", &backlog]))?;
    // A call never waits for room: its record is lost, and counted.
    auditctl(&place.instance, &words(&["--backlog_wait_time", "0"]))?;
    let mut command = refused::command("auditd");
    command.args(["-f", "-c"]).arg(&folder);
    child::start(command, &place.instance, place.sensors)
}

/// Makes the folder that the daemon is configured by.
fn configure(folder: &Path) -> Result<(), RunError> {
    fs::create_dir(folder).map_err(RunError::io("make", folder))?;
    let plugins = folder.join("plugins");
    fs::create_dir(&plugins).map_err(RunError::io("make", &plugins))?;
    let file = folder.join("auditd.conf");
    fs::write(&file, auditd::configuration(&plugins.display().to_string()))
        .map_err(RunError::io("write", &file))?;
    // It refuses one that others may write.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).map_err(RunError::io("close", &file))
}

/// The login session of a process.
fn session(process: &str) -> Result<u32, RunError> {
    let path = Path::new("/proc").join(process).join("sessionid");
    let text = fs::read_to_string(&path).map_err(RunError::io("read", &path))?;
    let unclear = |error| RunError::io("read", &path)(std::io::Error::other(error));
    text.trim().parse().map_err(unclear)
}

fn version(instance: &str) -> Result<String, RunError> {
    let said = auditctl(instance, &words(&["-v"]))?;
    Ok(said.trim().replace("auditctl version", "auditd"))
}

/// A marker in the name of a file, or the name of a rule that is gone.
fn seen_at(line: &[u8], wanted: &str, clock: Clock) -> Option<u64> {
    auditd::seen_at(line, wanted, clock).or_else(|| auditd::is_last(line, wanted).then_some(0))
}

impl Instance for Auditd {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        if !self.has_rule {
            self.make_rule()?;
        }
        self.lines.watch(marker);
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match self.lines.seen(deadline) {
            Ok(ns) => {
                if let Source::Daemon(process) = &mut self.source {
                    process.look();
                }
                self.markers.push(ns);
                Ok(())
            }
            Err(ended) => Err(self.failed(ended)),
        }
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        if self.has_rule {
            // The kernel's word that the rule is gone comes behind the last record of it.
            self.lines.watch(&self.key);
            auditctl(&self.instance, &auditd::forget(&self.key))?;
            self.lines.seen(deadline).map_err(|ended| self.failed(ended))?;
        }
        self.lost = Some(status(&self.instance)?.lost.saturating_sub(self.before.lost));
        match &mut self.source {
            Source::Daemon(process) => process.signal(Signal::SIGTERM),
            Source::Multicast(multicast) => {
                if let Err(error) = multicast.end() {
                    self.error = Some(format!("audit records did not find room: {error}"));
                    self.lost = None;
                }
            }
        }
        Ok(())
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        let stopped = self.lost.is_some();
        match &mut self.source {
            Source::Daemon(process) => {
                if !stopped {
                    process.signal(Signal::SIGKILL);
                }
                let status = process.ended(deadline)?;
                if !stopped {
                    self.error.get_or_insert(format!("auditd ended before it was told to ({status})"));
                }
            }
            Source::Multicast(multicast) => _ = multicast.end(),
        }
        self.put_back()?;
        let redacted = self.lines.ended(&self.instance)?;
        let log = fs::read(&self.raw).map_err(RunError::io("read", &self.raw))?;
        let decoded = auditd::decode(&log, &self.instance, self.clock);
        let mut decoded = auditd::only(decoded, &self.key);
        decoded.counters.redacted += redacted;
        if let Some(mut events) = self.events.take() {
            decoded.events.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        let counters = self.lost.map(|lost| {
            let mut counters = decoded.counters;
            if lost > 0 {
                let lost_by = [(LossCause::QueueFull, lost)].into();
                let kernel = Balance { produced: lost, lost: lost_by, ..Balance::default() };
                counters.programs.insert("kernel".to_owned(), kernel);
            }
            counters
        });
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Auditd,
            version: self.version.clone(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters,
            cost: self.cost(),
            error: self.error.clone(),
            events: Vec::new(),
        })
    }
}
