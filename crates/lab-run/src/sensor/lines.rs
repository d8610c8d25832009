//! What a sensor's program writes, read by a thread of its own: copied to the disk without its secrets, and looked
//! through for markers. Mostly it is lines.

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

/// What a program writes, being read by a thread of its own, which gives a `T` at its end.
pub(crate) struct Reader<T> {
    /// the marker that is looked for
    wanted: Arc<Mutex<Option<String>>>,
    /// boot clock at which it was seen
    seen: Receiver<u64>,
    thread: Option<JoinHandle<std::io::Result<T>>>,
    raw: PathBuf,
}

/// Lines; at their end it is said how many secrets there were.
pub(crate) type Lines = Reader<u64>;

/// The thread's side of it.
pub(crate) struct Watch {
    wanted: Arc<Mutex<Option<String>>>,
    tell: Sender<u64>,
}

impl Watch {
    /// Tells when the marker was there, if it is wanted and `seen_at` finds it.
    pub(crate) fn look(&self, seen_at: impl FnOnce(&str) -> Option<u64>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ns) = wanted.as_ref().and_then(|marker| seen_at(marker)) {
            *wanted = None;
            // Nobody listens any more once the pass is being taken down.
            let _ = self.tell.send(ns);
        }
    }
}

impl<T: Send + 'static> Reader<T> {
    /// Lets `read` read, and write to the end of `raw`; `first` is what is watched for from the beginning.
    pub(crate) fn start(
        raw: &Path,
        first: Option<&str>,
        read: impl FnOnce(BufWriter<File>, &Watch) -> std::io::Result<T> + Send + 'static,
    ) -> Result<Self, RunError> {
        let file = File::options().append(true).open(raw).map_err(RunError::io("open", raw))?;
        let wanted = Arc::new(Mutex::new(first.map(str::to_owned)));
        let (tell, seen) = channel();
        let watch = Watch { wanted: Arc::clone(&wanted), tell };
        let thread = std::thread::spawn(move || read(BufWriter::new(file), &watch));
        Ok(Self { wanted, seen, thread: Some(thread), raw: raw.to_owned() })
    }

    /// From now on it is told when `marker` was seen.
    pub(crate) fn watch(&self, marker: &str) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(marker.to_owned());
    }

    /// Waits until the marker was seen, and says when it was there; or until all is read.
    pub(crate) fn seen(&self, deadline: &Deadline) -> Result<u64, Ended> {
        deadline.receive(&self.seen)
    }

    /// Waits for the thread, whose program has ended.
    pub(crate) fn ended(&mut self, instance: &str) -> Result<T, RunError> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Ok(done))) => Ok(done),
            Some(Ok(Err(source))) => Err(RunError::io("copy a sensor's record to", &self.raw)(source)),
            _ => Err(RunError::Said { sensor: instance.to_owned(), message: "its reader died".to_owned() }),
        }
    }
}

impl Lines {
    /// Copies what `lines` has to the end of `raw`.
    pub(crate) fn copy(
        lines: Option<impl Read + Send + 'static>,
        raw: &Path,
        first: Option<&str>,
        clock: Clock,
        redact: Redact,
        seen_at: SeenAt,
    ) -> Result<Self, RunError> {
        Self::start(raw, first, move |raw, watch| {
            let Some(lines) = lines else { return Ok(0) };
            read(BufReader::new(lines), raw, redact, |line| {
                watch.look(|marker| seen_at(line, marker, clock));
            })
        })
    }
}

/// Copies lines without their secrets, and shows each to `look`. Says how many secrets there were.
fn read(
    mut lines: impl BufRead,
    mut raw: impl Write,
    redact: Redact,
    look: impl Fn(&[u8]),
) -> std::io::Result<u64> {
    let (mut line, mut redacted) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        redacted += redact(&mut line) as u64;
        raw.write_all(&line)?;
        look(&line);
        line.clear();
    }
    raw.flush()?;
    Ok(redacted)
}
