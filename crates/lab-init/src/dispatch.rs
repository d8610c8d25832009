//! Sends what a run has finished out of the machine, pass by pass: a machine that dies later has told that much.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use lab_env::parcel::{self, Word};
use lab_run::{Moment, Observer};

use crate::{error::Error, window::Window};

/// Where parcels go, and what has gone already.
pub(crate) struct Dispatch {
    runs: PathBuf,
    state: RefCell<State>,
}

struct State {
    window: Window,
    sent: BTreeSet<PathBuf>,
}

impl Dispatch {
    /// For the one bundle that is made in `runs`.
    pub(crate) fn new(window: Window, runs: &Path) -> Self {
        Self { runs: runs.to_owned(), state: RefCell::new(State { window, sent: BTreeSet::new() }) }
    }

    /// Sends all that is left. Only then is the bundle whole, if the run was.
    pub(crate) fn last(&self, whole: bool) -> Result<(), Error> {
        self.send(if whole { Word::Last } else { Word::Part }, true)
    }

    fn send(&self, word: Word, manifest: bool) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        let failed = Error::call("send a part of the bundle");
        let parcel = self.pack(&mut state.sent, manifest).map_err(failed)?;
        parcel::write(&mut state.window, word, &parcel).map_err(Error::call("send a part of the bundle"))
    }

    /// An archive of the files that have not gone yet. The manifest changes until the end, and may go again.
    fn pack(&self, sent: &mut BTreeSet<PathBuf>, manifest: bool) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        archive.mode(tar::HeaderMode::Deterministic);
        let mut files = Vec::new();
        walk(&self.runs, &mut files)?;
        files.sort();
        for file in files {
            // runs/BUNDLE/scenario/pass-N/...: what lies at the top of the bundle is its manifest and its chain.
            let inside = file.strip_prefix(&self.runs).map_err(io::Error::other)?;
            let at_top = inside.components().count() == 2;
            if at_top && manifest || sent.insert(inside.to_owned()) {
                archive.append_path_with_name(&file, inside)?;
            }
        }
        archive.into_inner()
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

impl Observer for Dispatch {
    fn on(&self, moment: &Moment<'_>) {
        match moment {
            Moment::StageBegan { scenario, pass, stage } => eprintln!("{scenario} pass {pass}: {stage}"),
            Moment::StageEnded { scenario, pass, stage, error: Some(error), .. } => {
                eprintln!("{scenario} pass {pass}: {stage} failed: {error}");
            }
            Moment::PassEnded => {
                if let Err(error) = self.send(Word::Part, false) {
                    eprintln!("lab-init: failed to {error}");
                }
            }
            _ => {}
        }
    }
}
