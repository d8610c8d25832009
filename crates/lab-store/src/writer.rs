//! Filling a bundle while a run lasts, and sealing it.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use lab_model::{Event, PassRecord};

use crate::{
    Manifest, StoreError,
    chain::Chain,
    events::EventsFile,
    file::{self, Unfinished},
    name,
};

/// User and group that a bundle's files belong to.
pub type Owner = (u32, u32);

/// A bundle that is being written. Each file is made whole under its name or not at all; after a failed write the
/// bundle keeps what it has and can no longer be sealed.
#[derive(Debug)]
pub struct BundleWriter {
    dir: PathBuf,
    owner: Option<Owner>,
    created: String,
    failed: Failed,
}

/// The first file that could not be written, if any: shared by a bundle and the events being written to it.
#[derive(Clone, Debug, Default)]
struct Failed(Arc<Mutex<Option<PathBuf>>>);

impl Failed {
    fn note<T>(&self, result: Result<T, StoreError>, path: &Path) -> Result<T, StoreError> {
        if result.is_err() {
            let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| path.to_owned());
        }
        result
    }

    fn file(&self) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The events of an instance while they are written. Dropped unfinished, they leave nothing in the bundle.
#[derive(Debug)]
pub struct EventsWriter {
    file: EventsFile,
    path: PathBuf,
    failed: Failed,
}

impl EventsWriter {
    /// Adds an event, without its secrets.
    ///
    /// # Errors
    /// If it cannot be written; the bundle can then no longer be sealed.
    pub fn push(&mut self, event: &Event) -> Result<(), StoreError> {
        let pushed = self.file.push(event);
        self.failed.note(pushed.map_err(write_error(&self.path)), &self.path)
    }

    /// Completes the events' files; says how many events there are.
    ///
    /// # Errors
    /// As [`EventsWriter::push`].
    pub fn finish(self) -> Result<usize, StoreError> {
        self.failed.note(self.file.finish().map_err(write_error(&self.path)), &self.path)
    }
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Write { path, source }
}

impl BundleWriter {
    /// Makes `runs_dir/<time>-<profile>-<id>/`. Every file and folder made by it goes to `owner`, if given, at once.
    ///
    /// # Errors
    /// If a name cannot be a file's, or the folder cannot be made or is there already.
    pub fn create(
        runs_dir: &Path,
        profile: &str,
        id: &str,
        owner: Option<Owner>,
    ) -> Result<Self, StoreError> {
        let writer = Self::plan(runs_dir, profile, id, owner)?;
        writer.make()?;
        Ok(writer)
    }

    /// Says what [`BundleWriter::create`] would make, and makes nothing: for those who must note it first.
    ///
    /// # Errors
    /// If a name cannot be a file's.
    pub fn plan(runs_dir: &Path, profile: &str, id: &str, owner: Option<Owner>) -> Result<Self, StoreError> {
        plain("profile", profile)?;
        if !name::is_id(id) {
            return Err(StoreError::Name { what: "run id", name: id.to_owned() });
        }
        let now = SystemTime::now();
        let dir = runs_dir.join(name::folder(now, profile, id));
        Ok(Self::at(dir, owner, &name::rfc3339(now)))
    }

    pub(crate) fn at(dir: PathBuf, owner: Option<Owner>, created: &str) -> Self {
        Self { dir, owner, created: created.to_owned(), failed: Failed::default() }
    }

    /// Makes the planned folder.
    ///
    /// # Errors
    /// If it cannot be made or is there already.
    pub fn make(&self) -> Result<(), StoreError> {
        file::make_dirs(self.dir.parent().unwrap_or(Path::new(".")), self.owner)?;
        file::make_dir(&self.dir, self.owner)
    }

    /// The bundle's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// When it was begun, for the manifest.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Makes an empty file for a sensor's native record and hands out its path: the sensor opens it and fills it.
    ///
    /// # Errors
    /// If a name cannot be a file's, or the file cannot be made.
    pub fn raw_path(
        &self,
        scenario: &str,
        pass: u32,
        instance: &str,
        extension: &str,
    ) -> Result<PathBuf, StoreError> {
        plain("scenario", scenario)?;
        plain("instance", instance)?;
        plain("extension", extension)?;
        let path = self.dir.join(name::raw(scenario, pass, instance, extension));
        let made = path.parent().map_or(Ok(()), |dir| file::make_dirs(dir, self.owner));
        self.failed.note(made.and_then(|()| file::make_empty(&path, self.owner)), &path)?;
        Ok(path)
    }

    /// Begins the events of an instance, which are added one by one. They are part of the bundle once they are finished.
    ///
    /// # Errors
    /// If a name cannot be a file's, or the files cannot be made.
    pub fn events(&self, scenario: &str, pass: u32, instance: &str) -> Result<EventsWriter, StoreError> {
        plain("scenario", scenario)?;
        plain("instance", instance)?;
        let path = self.dir.join(name::events(scenario, pass, instance));
        let head = self.dir.join(name::events_head(scenario, pass, instance));
        let made = path.parent().map_or(Ok(()), |dir| file::make_dirs(dir, self.owner));
        let file =
            self.failed.note(made.and_then(|()| EventsFile::create(&path, &head, self.owner)), &path)?;
        Ok(EventsWriter { file, path, failed: self.failed.clone() })
    }

    /// Writes the events of an instance; says how many.
    ///
    /// # Errors
    /// If a name cannot be a file's, or the file cannot be written.
    pub fn write_events<'a>(
        &self,
        scenario: &str,
        pass: u32,
        instance: &str,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<usize, StoreError> {
        let mut writer = self.events(scenario, pass, instance)?;
        for event in events {
            writer.push(event)?;
        }
        writer.finish()
    }

    /// Writes everything of a pass. The events in the record are written too, unless there are none and a file of
    /// theirs is there already.
    ///
    /// # Errors
    /// If a name cannot be a file's, or a file cannot be written.
    pub fn write_pass(&self, scenario: &str, record: &PassRecord) -> Result<(), StoreError> {
        plain("scenario", scenario)?;
        let dir = name::pass_dir(scenario, record.pass);
        for instance in &record.instances {
            plain("instance", &instance.instance)?;
            let events = name::events(scenario, record.pass, &instance.instance);
            if !instance.events.is_empty() || !self.dir.join(events).exists() {
                self.write_events(scenario, record.pass, &instance.instance, &instance.events)?;
            }
        }
        self.write(&dir.join(name::ACTS), |out| file::json_lines(out, &record.acts))?;
        self.write(&dir.join(name::RECEIPTS), |out| file::json_lines(out, &record.receipts))?;
        self.write(&dir.join(name::WITNESSES), |out| file::json_lines(out, &record.witnesses))?;
        self.write(&dir.join(name::PASS), |out| pretty(out, record))
    }

    /// Writes the manifest; a later one takes its place.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), StoreError> {
        self.write(Path::new(name::MANIFEST), |out| pretty(out, manifest))
    }

    /// Hashes every file into the chain, makes all of them read-only and durable, and gives the chain's head.
    ///
    /// # Errors
    /// If a write failed before, the manifest is missing, something is no regular file, or a file cannot be read or
    /// made read-only. The bundle then stays unsealed.
    pub fn seal(self) -> Result<String, StoreError> {
        if let Some(path) = self.failed.file() {
            return Err(StoreError::Incomplete { path });
        }
        let tree = file::walk(&self.dir).map_err(|(path, source)| StoreError::Read { path, source })?;
        if let Some(other) = tree.others.first() {
            return Err(StoreError::NotAFile { path: self.dir.join(other) });
        }
        if !tree.files.contains_key(name::MANIFEST) {
            return Err(StoreError::NoManifest { dir: self.dir });
        }
        let mut chain = Chain::default();
        for (name, path) in &tree.files {
            let freeze = || {
                let mut open = File::open(path)?;
                file::give(path, self.owner)?;
                open.set_permissions(Permissions::from_mode(0o444))?;
                open.sync_all()?;
                file::measure_open(name, &mut open)
            };
            chain.push(freeze().map_err(|source| StoreError::Write { path: path.clone(), source })?);
        }
        for folder in &tree.folders {
            let given = file::give(folder, self.owner).and_then(|()| File::open(folder)?.sync_all());
            given.map_err(|source| StoreError::Write { path: folder.clone(), source })?;
        }
        write_chain(&self.dir, &chain, self.owner)
    }

    pub(crate) fn write(
        &self,
        relative: &Path,
        fill: impl FnOnce(&mut io::BufWriter<Unfinished>) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let path = self.dir.join(relative);
        let made = path.parent().map_or(Ok(()), |dir| file::make_dirs(dir, self.owner));
        self.failed.note(made.and_then(|()| file::write_whole(&path, self.owner, fill)), &path)
    }
}

/// Writes the chain, durable and read-only; gives its head.
pub(crate) fn write_chain(dir: &Path, chain: &Chain, owner: Option<Owner>) -> Result<String, StoreError> {
    let path = dir.join(name::CHAIN);
    write_frozen(&path, owner, chain.render().as_bytes())?;
    chain.head().map(str::to_owned).ok_or_else(|| StoreError::NoManifest { dir: dir.to_owned() })
}

/// Writes a file that is durable and read-only from the start.
pub(crate) fn write_frozen(path: &Path, owner: Option<Owner>, content: &[u8]) -> Result<(), StoreError> {
    file::write_whole(path, owner, |out| {
        out.write_all(content)?;
        out.flush()?;
        out.get_ref().file().set_permissions(Permissions::from_mode(0o444))?;
        out.get_ref().file().sync_all()
    })?;
    let dir = path.parent().unwrap_or(Path::new("."));
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|source| StoreError::Write { path: path.to_owned(), source })
}

fn pretty(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &file::without_secrets(value)?)?;
    out.write_all(b"\n")
}

fn plain(what: &'static str, text: &str) -> Result<(), StoreError> {
    if name::is_plain(text) { Ok(()) } else { Err(StoreError::Name { what, name: text.to_owned() }) }
}

/// Owner of an existing file, to be kept by what is added beside it; `None` if it is our own.
pub(crate) fn owner_beside(path: &Path) -> Option<Owner> {
    use std::os::unix::fs::MetadataExt;
    let (theirs, ours) = (fs::metadata(path).ok()?, fs::metadata("/proc/self").ok()?);
    (theirs.uid() != ours.uid()).then(|| (theirs.uid(), theirs.gid()))
}
