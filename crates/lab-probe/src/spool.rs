//! What the frames of the probe's spool mean, and the file they are written to.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use lab_model::{Counters, Refusal, spool};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Kinds of frames.
pub(crate) mod frame {
    /// [`super::Header`] as JSON, first.
    pub(crate) const HEADER: u8 = 1;
    /// Processes older than the attach, JSON.
    pub(crate) const ANCESTRY: u8 = 2;
    /// Records of `lab-abi` back to back, as the programs wrote them but for redaction.
    pub(crate) const RECORDS: u8 = 3;
    /// The boot clock in ns, 8 bytes: all that happened before it and is not lost has been written.
    pub(crate) const HEARTBEAT: u8 = 4;
    /// [`super::Skipped`] as JSON.
    pub(crate) const SKIPPED: u8 = 5;
    /// [`super::End`] as JSON, last.
    pub(crate) const END: u8 = 6;
}

/// The first frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// version of the records' layout
    pub(crate) layout: u32,
    /// version of the probe
    pub(crate) version: String,
    /// SHA-256 of the eBPF object
    pub(crate) object: String,
    /// boot id
    pub(crate) boot_id: String,
    /// kernel release
    pub(crate) kernel: String,
    /// path of the scope
    pub(crate) scope: String,
    /// its cgroup id
    pub(crate) scope_id: u64,
    /// its level
    pub(crate) scope_level: u32,
    /// bytes of the ring buffer
    pub(crate) ring_bytes: u32,
    /// threads whose calls are kept at once
    pub(crate) threads: u32,
    /// offsets by field
    pub(crate) offsets: BTreeMap<String, u32>,
    /// kinds observed
    pub(crate) attached: Vec<String>,
    /// kinds not observed, with the reason
    pub(crate) refused: Vec<Refusal>,
    /// boot clock when the attach was done, ns
    pub(crate) ready_ns: u64,
}

/// The version of the records' layout that this build writes and reads.
pub(crate) const LAYOUT: u32 = 2;

/// The kernel skipped a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Skipped {
    /// which
    pub(crate) program: String,
    /// how often since the last time
    pub(crate) count: u64,
    /// boot clock of the last time, ns
    pub(crate) first: u64,
    /// boot clock now, ns
    pub(crate) last: u64,
}

/// The last frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    /// boot clock, ns
    pub(crate) ns: u64,
    /// all counters
    pub(crate) counters: Counters,
    /// syscalls in scope by the 32-bit entry, which the programs do not read
    pub(crate) foreign: u64,
}

/// The file.
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    out: Vec<u8>,
}

impl Writer {
    /// Makes the file anew.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|error| Error::file("create spool", path, error))?;
        Ok(Self { file, path: path.into(), out: spool::MAGIC.to_vec() })
    }

    /// Appends a frame; it is written by [`Self::flush`].
    pub(crate) fn push(&mut self, kind: u8, body: &[u8]) {
        spool::push_frame(&mut self.out, kind, body);
    }

    /// Appends a frame of JSON.
    pub(crate) fn push_json(&mut self, kind: u8, value: &impl Serialize) -> Result<(), Error> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Error::file("write spool", &self.path, error.into()))?;
        self.push(kind, &body);
        Ok(())
    }

    /// Writes what was appended.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let result = self.file.write_all(&self.out);
        self.out.clear();
        result.map_err(|error| Error::file("write spool", &self.path, error))
    }
}
