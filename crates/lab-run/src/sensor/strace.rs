//! Drives `strace`, attached to the resident actor: its lines come through a pipe, and lose their secrets before they
//! reach the disk.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use lab_adapters::strace;
use lab_model::{InstanceRecord, SensorKind};
use lab_store::EventsWriter;
use nix::sys::signal::Signal;

use super::{
    Instance, Place,
    child::{self, OUTPUT, SensorProcess},
};
use crate::{
    RunError, clock,
    deadline::{Deadline, Ended},
};

pub(super) struct Strace {
    process: SensorProcess,
    instance: String,
    version: String,
    raw: PathBuf,
    /// taken when the events are there
    events: Option<EventsWriter>,
    /// the marker that the reader is to look for
    wanted: Arc<Mutex<Option<String>>>,
    /// boot clock at which it was seen
    seen: Receiver<u64>,
    reader: Option<JoinHandle<std::io::Result<u64>>>,
    markers: Vec<u64>,
    clock: strace::Clock,
    actor: u32,
    stopped: bool,
    error: Option<String>,
}

impl Strace {
    pub(super) fn attach(place: Place<'_>, deadline: &Deadline) -> Result<Self, RunError> {
        let actor = place.actor.ok_or(RunError::NoSubject)?;
        let version = version(&place.instance)?;
        let mut words = strace::command(actor, OsStr::new(OUTPUT)).into_iter();
        let mut command = Command::new(words.next().unwrap_or_else(|| "strace".into()));
        command.args(words);
        let offset = clock::wall_offset()?;
        let (process, streams) = child::start(command, &place.instance, place.sensors)?;
        let no_output =
            || RunError::Said { sensor: "strace".to_owned(), message: "it has no output".to_owned() };
        let lines = streams.stdout.ok_or_else(no_output)?;
        let raw = File::options().append(true).open(&place.raw).map_err(RunError::io("open", &place.raw))?;
        let wanted = Arc::new(Mutex::new(None));
        let (sender, seen) = channel();
        let reader = {
            let wanted = Arc::clone(&wanted);
            std::thread::spawn(move || {
                read(BufReader::new(lines), BufWriter::new(raw), offset, &wanted, &sender)
            })
        };
        process.error_line(deadline, |line| line.contains("attached"))?;
        Ok(Self {
            process,
            instance: place.instance,
            version,
            raw: place.raw,
            events: Some(place.events),
            wanted,
            seen,
            reader: Some(reader),
            markers: Vec::new(),
            clock: offset,
            actor,
            stopped: false,
            error: None,
        })
    }

    fn failed(&mut self, ended: Ended) -> RunError {
        let error = self.process.failed(ended);
        self.error.get_or_insert_with(|| error.to_string());
        error
    }
}

/// Copies lines without their secrets, and tells when the wanted marker comes by. Says how many secrets there were.
fn read(
    mut lines: impl BufRead,
    mut raw: impl Write,
    clock: strace::Clock,
    wanted: &Mutex<Option<String>>,
    tell: &Sender<u64>,
) -> std::io::Result<u64> {
    let (mut line, mut redacted) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        redacted += strace::redact_line(&mut line) as u64;
        raw.write_all(&line)?;
        let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ns) = wanted.as_ref().and_then(|marker| strace::seen_at(&line, marker, clock)) {
            *wanted = None;
            // Nobody listens any more once the pass is being taken down.
            let _ = tell.send(ns);
        }
        line.clear();
    }
    raw.flush()?;
    Ok(redacted)
}

fn version(instance: &str) -> Result<String, RunError> {
    let output = Command::new("strace")
        .arg("-V")
        .output()
        .map_err(|source| RunError::Start { sensor: instance.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().replace(" -- version ", " "))
}

impl Instance for Strace {
    fn watch(&mut self, marker: &str, _deadline: &Deadline) -> Result<(), RunError> {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(marker.to_owned());
        Ok(())
    }

    fn marker(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        match deadline.receive(&self.seen) {
            Ok(ns) => {
                self.process.look();
                self.markers.push(ns);
                Ok(())
            }
            Err(ended) => Err(self.failed(ended)),
        }
    }

    fn stop(&mut self, deadline: &Deadline) -> Result<(), RunError> {
        // It ends by itself when the last process that it traces has; the end of its pipe tells.
        loop {
            match deadline.receive(&self.seen) {
                Ok(_) => {}
                Err(Ended::Closed) => break,
                Err(ended) => return Err(self.failed(ended)),
            }
        }
        self.stopped = self.error.is_none();
        Ok(())
    }

    fn collect(&mut self, deadline: &Deadline) -> Result<InstanceRecord, RunError> {
        if !self.stopped {
            self.process.signal(Signal::SIGKILL);
        }
        let status = self.process.ended(deadline)?;
        if !self.stopped {
            self.error.get_or_insert(format!("strace ended before it was told to ({status})"));
        }
        let redacted = match self.reader.take().map(JoinHandle::join) {
            Some(Ok(Ok(redacted))) => redacted,
            Some(Ok(Err(source))) => return Err(RunError::io("copy what strace says to", &self.raw)(source)),
            _ => {
                return Err(RunError::Said {
                    sensor: self.instance.clone(),
                    message: "its reader died".to_owned(),
                });
            }
        };
        let log = std::fs::read(&self.raw).map_err(RunError::io("read", &self.raw))?;
        let mut decoded = strace::decode(&log, self.actor, &self.instance, self.clock);
        decoded.counters.redacted += redacted;
        if let Some(mut events) = self.events.take() {
            decoded.events.iter().try_for_each(|event| events.push(event))?;
            events.finish()?;
        }
        let counters = self.stopped.then_some(decoded.counters);
        Ok(InstanceRecord {
            instance: self.instance.clone(),
            sensor: SensorKind::Strace,
            version: self.version.clone(),
            refused: Vec::new(),
            start_marker_ns: self.markers.first().copied(),
            end_marker_ns: self.markers.get(1).copied(),
            counters,
            cost: self.process.cost(),
            error: self.error.clone(),
            events: Vec::new(),
        })
    }
}
