//! The lines that a sensor's program writes: copied to the disk without their secrets, and looked through for markers.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use lab_adapters::Clock;

use crate::{
    RunError,
    deadline::{Deadline, Ended},
};

/// Masks the secrets of a line and says how many there were.
type Redact = fn(&mut Vec<u8>) -> usize;

/// When on the boot clock a line says that a marker was there.
type SeenAt = fn(&[u8], &str, Clock) -> Option<u64>;

/// Lines being copied by a thread of their own.
pub(crate) struct Lines {
    /// the marker that the reader is to look for
    wanted: Arc<Mutex<Option<String>>>,
    /// boot clock at which it was seen
    seen: Receiver<u64>,
    reader: Option<JoinHandle<std::io::Result<u64>>>,
    raw: PathBuf,
}

impl Lines {
    /// Copies what `lines` has to the end of `raw`.
    pub(crate) fn copy(
        lines: Option<impl Read + Send + 'static>,
        raw: &Path,
        clock: Clock,
        redact: Redact,
        seen_at: SeenAt,
    ) -> Result<Self, RunError> {
        let file = File::options().append(true).open(raw).map_err(RunError::io("open", raw))?;
        let wanted = Arc::new(Mutex::new(None));
        let (sender, seen) = channel();
        let reader = {
            let wanted = Arc::clone(&wanted);
            std::thread::spawn(move || {
                let Some(lines) = lines else { return Ok(0) };
                let find = |line: &[u8], marker: &str| seen_at(line, marker, clock);
                read(BufReader::new(lines), BufWriter::new(file), redact, find, &wanted, &sender)
            })
        };
        Ok(Self { wanted, seen, reader: Some(reader), raw: raw.to_owned() })
    }

    /// From now on a line that has `marker` is told.
    pub(crate) fn watch(&self, marker: &str) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(marker.to_owned());
    }

    /// Waits until the marker was seen, and says when it was there; or until the lines end.
    pub(crate) fn seen(&self, deadline: &Deadline) -> Result<u64, Ended> {
        deadline.receive(&self.seen)
    }

    /// Waits for the reader, whose program has ended, and says how many secrets there were.
    pub(crate) fn ended(&mut self, instance: &str) -> Result<u64, RunError> {
        match self.reader.take().map(JoinHandle::join) {
            Some(Ok(Ok(redacted))) => Ok(redacted),
            Some(Ok(Err(source))) => Err(RunError::io("copy a sensor's lines to", &self.raw)(source)),
            _ => Err(RunError::Said { sensor: instance.to_owned(), message: "its reader died".to_owned() }),
        }
    }
}

/// Copies lines without their secrets, and tells when the wanted marker comes by. Says how many secrets there were.
fn read(
    mut lines: impl BufRead,
    mut raw: impl Write,
    redact: Redact,
    seen_at: impl Fn(&[u8], &str) -> Option<u64>,
    wanted: &Mutex<Option<String>>,
    tell: &Sender<u64>,
) -> std::io::Result<u64> {
    let (mut line, mut redacted) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        redacted += redact(&mut line) as u64;
        raw.write_all(&line)?;
        let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ns) = wanted.as_ref().and_then(|marker| seen_at(&line, marker)) {
            *wanted = None;
            // Nobody listens any more once the pass is being taken down.
            let _ = tell.send(ns);
        }
        line.clear();
    }
    raw.flush()?;
    Ok(redacted)
}
