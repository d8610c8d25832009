//! What a run has made, written before it is made, so that anybody can take it away again.
//!
//! One file a run in [`INVENTORY_DIR`]: a line of JSON for each thing. The runner holds a lock on its file for as
//! long as it lives; whoever gets that lock knows that the runner is gone. Making and sweeping take turns by a lock
//! on the folder, so that no one sweeps a file between its birth and its lock.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::{EnvError, birth, cgroup};

/// Where inventories lie: gone at boot, as every process that they name is dead by then. Folders outlive a boot; the
/// sweep finds those by their place.
pub const INVENTORY_DIR: &str = "/run/sightline";

/// How long killed processes may take to go.
const KILL_WITHIN: Duration = Duration::from_secs(10);

/// One thing that a run makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "thing", rename_all = "kebab-case")]
pub enum Thing {
    /// the run itself
    Owner {
        /// runner's pid
        pid: u32,
        /// runner's start in clock ticks since boot
        start_ticks: u64,
        /// what it runs, for people
        what: String,
    },
    /// a cgroup with everything below it
    Cgroup {
        /// folder
        path: PathBuf,
    },
    /// a folder with everything below it
    Folder {
        /// folder
        path: PathBuf,
    },
    /// something of the machine's own that is set otherwise for a while
    Undo {
        /// the command that puts it back, now or if it is back already
        command: Vec<String>,
    },
    /// a folder noted before that is finished: it is not taken away any more
    Kept {
        /// folder
        path: PathBuf,
    },
}

/// The open inventory of a live run.
#[derive(Debug)]
pub struct Inventory {
    dir: PathBuf,
    path: PathBuf,
    file: Flock<File>,
    things: Vec<Thing>,
}

/// A run that is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Live {
    /// its id
    pub id: String,
    /// what it has made
    pub things: Vec<Thing>,
}

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// ids of dead runs whose things are gone now
    pub removed: Vec<String>,
    /// ids of live runs, left alone
    pub live: Vec<String>,
}

impl Inventory {
    /// Opens the inventory of run `id` and notes its owner.
    ///
    /// # Errors
    /// If the file cannot be made, or a run of this id is alive.
    pub fn open(dir: &Path, id: &str, what: &str) -> Result<Self, EnvError> {
        let _turn = turn(dir)?;
        let path = dir.join(format!("{id}.jsonl"));
        let file =
            File::options().create_new(true).append(true).open(&path).map_err(EnvError::io("make", &path))?;
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, error)| EnvError::io("lock", &path)(error.into()))?;
        let (pid, start_ticks) = birth::own()?;
        let mut inventory = Self { dir: dir.to_owned(), path, file, things: Vec::new() };
        inventory.note(Thing::Owner { pid, start_ticks, what: what.to_owned() })?;
        Ok(inventory)
    }

    /// Notes a thing; to be called before it is made.
    ///
    /// # Errors
    /// If the line cannot be written: then the thing must not be made.
    pub fn note(&mut self, thing: Thing) -> Result<(), EnvError> {
        let mut line = serde_json::to_vec(&thing)
            .map_err(|error| EnvError::Call { doing: "encode an inventory line", source: error.into() })?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(EnvError::io("write", &self.path))?;
        self.things.push(thing);
        Ok(())
    }

    /// Takes away everything noted that is not kept, the last first, and then the inventory itself.
    ///
    /// # Errors
    /// At the first thing that will not go; the inventory stays.
    pub fn clear(&mut self) -> Result<(), EnvError> {
        remove_all(&self.things)?;
        self.things.clear();
        let _turn = turn(&self.dir)?;
        remove_file(&self.path)
    }
}

/// Takes away what dead runs have left, also those whose inventory went with a boot: their folders stand in `state`.
/// Leaves live runs alone.
///
/// # Errors
/// If something will not go; its inventory stays for the next time.
pub fn sweep(dir: &Path, state: &Path) -> Result<Swept, EnvError> {
    let mut swept = Swept::default();
    let _turn = turn(dir)?;
    for path in inventories(dir)? {
        let id = id_of(&path);
        let file =
            File::options().append(true).read(true).open(&path).map_err(EnvError::io("open", &path))?;
        let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            // A child that a dead runner had forked holds the lock until it executes its program, at once.
            Err((file, nix::errno::Errno::EWOULDBLOCK)) if !has_living_owner(&read(&path)?) => {
                Flock::lock(file, FlockArg::LockExclusive)
            }
            lock => lock,
        };
        match lock {
            Ok(_lock) => {
                remove_all(&read(&path)?)?;
                remove_file(&path)?;
                swept.removed.push(id);
            }
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => swept.live.push(id),
            Err((_, error)) => return Err(EnvError::io("lock", &path)(error.into())),
        }
    }
    for path in entries(state)? {
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !swept.live.contains(&id) && !swept.removed.contains(&id) && birth::is_dead(&path, &id) {
            remove_all(&[Thing::Folder { path }])?;
            swept.removed.push(id);
        }
    }
    Ok(swept)
}

/// The runs that are alive: those whose owner is still the process that it was. Takes no lock, so that looking on
/// disturbs nobody and needs no rights.
///
/// # Errors
/// If an inventory cannot be read.
pub fn list_live(dir: &Path) -> Result<Vec<Live>, EnvError> {
    let mut live = Vec::new();
    for path in inventories(dir)? {
        let things = match read(&path) {
            // It has just ended.
            Err(EnvError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
            things => things?,
        };
        if has_living_owner(&things) {
            live.push(Live { id: id_of(&path), things });
        }
    }
    Ok(live)
}

fn has_living_owner(things: &[Thing]) -> bool {
    things.iter().any(|thing| match thing {
        Thing::Owner { pid, start_ticks, .. } => birth::lives(*pid, *start_ticks),
        _ => false,
    })
}

fn turn(dir: &Path) -> Result<Flock<File>, EnvError> {
    fs::create_dir_all(dir).map_err(EnvError::io("make", dir))?;
    let path = dir.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(EnvError::io("open", &path))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| EnvError::io("lock", &path)(error.into()))
}

fn inventories(dir: &Path) -> Result<Vec<PathBuf>, EnvError> {
    let mut paths = entries(dir)?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    Ok(paths)
}

/// What lies in a folder, by name; nothing in one that does not exist.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, EnvError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(EnvError::io("read", dir))?,
    };
    let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(EnvError::io("read", dir))?;
    paths.sort();
    Ok(paths)
}

fn id_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Every whole line; the runner may have been killed inside the last one, whose thing was then never made.
fn read(path: &Path) -> Result<Vec<Thing>, EnvError> {
    let file = File::open(path).map_err(EnvError::io("open", path))?;
    let lines: Result<Vec<String>, io::Error> = BufReader::new(file).lines().collect();
    let lines = lines.map_err(EnvError::io("read", path))?;
    Ok(lines.iter().map_while(|line| serde_json::from_str(line).ok()).collect())
}

fn remove_all(things: &[Thing]) -> Result<(), EnvError> {
    // Whoever still uses what is put back dies first.
    for thing in things.iter().rev() {
        if let Thing::Cgroup { path } = thing {
            cgroup::kill(path, KILL_WITHIN)?;
        }
    }
    for thing in things.iter().rev() {
        match thing {
            Thing::Owner { .. } | Thing::Kept { .. } => {}
            Thing::Cgroup { path } => cgroup::remove(path)?,
            Thing::Undo { command } => undo(command)?,
            Thing::Folder { path } if things.contains(&Thing::Kept { path: path.clone() }) => {}
            Thing::Folder { path } => match fs::remove_dir_all(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(EnvError::io("remove", path)(error));
                }
                _ => {}
            },
        }
    }
    Ok(())
}

fn undo(command: &[String]) -> Result<(), EnvError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let failed = |said: String| EnvError::Undo { command: command.join(" "), said };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(failed(said())) }
}

fn remove_file(path: &Path) -> Result<(), EnvError> {
    fs::remove_file(path).map_err(EnvError::io("remove", path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Inventory, Thing, birth, list_live, sweep};

    #[test]
    fn the_dead_are_swept_and_the_living_left() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("inventory");
        let state = temp.path().join("state");
        let (dead, kept, alive) =
            (temp.path().join("dead"), temp.path().join("kept"), temp.path().join("alive"));
        for folder in [&dead, &kept, &alive] {
            fs::create_dir(folder).unwrap();
        }
        let mut first = Inventory::open(&dir, "first", "a test").unwrap();
        first.note(Thing::Folder { path: dead.clone() }).unwrap();
        first.note(Thing::Folder { path: kept.clone() }).unwrap();
        first.note(Thing::Kept { path: kept.clone() }).unwrap();
        drop(first);
        let mut second = Inventory::open(&dir, "second", "a test").unwrap();
        second.note(Thing::Folder { path: alive.clone() }).unwrap();
        assert!(list_live(&dir).unwrap().iter().any(|live| live.id == "second"));
        let swept = sweep(&dir, &state).unwrap();
        assert_eq!((swept.removed, swept.live), (vec!["first".to_owned()], vec!["second".to_owned()]));
        assert!(!dead.exists() && kept.exists() && alive.exists());
        second.clear().unwrap();
        assert!(!alive.exists());
        assert_eq!(sweep(&dir, &state).unwrap(), super::Swept::default());
    }

    #[test]
    fn what_was_set_otherwise_is_put_back_the_last_first() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, state) = (temp.path().join("inventory"), temp.path().join("state"));
        let setting = temp.path().join("setting");
        let put_back = |value: &str| {
            let script = format!("echo {value} >> {}", setting.display());
            Thing::Undo { command: ["sh", "-c", &script].map(str::to_owned).to_vec() }
        };
        let mut run = Inventory::open(&dir, "1", "a test").unwrap();
        run.note(put_back("first")).unwrap();
        run.note(put_back("second")).unwrap();
        drop(run);
        sweep(&dir, &state).unwrap();
        assert_eq!(fs::read_to_string(&setting).unwrap(), "second\nfirst\n");
        let mut run = Inventory::open(&dir, "2", "a test").unwrap();
        run.note(Thing::Undo { command: vec!["false".to_owned()] }).unwrap();
        let error = run.clear().unwrap_err().to_string();
        assert!(error.starts_with("failed to put back by `false`"), "{error}");
    }

    #[test]
    fn a_line_cut_off_is_a_thing_never_made() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("made");
        fs::create_dir(&folder).unwrap();
        let line = serde_json::to_string(&Thing::Folder { path: folder.clone() }).unwrap();
        fs::write(temp.path().join("x.jsonl"), format!("{line}\n{}", &line[..20])).unwrap();
        sweep(temp.path(), &temp.path().join("state")).unwrap();
        assert!(!folder.exists() && !temp.path().join("x.jsonl").exists());
    }

    #[test]
    fn folders_whose_inventory_went_with_a_boot_are_swept_and_foreign_ones_are_not() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, state) = (temp.path().join("inventory"), temp.path().join("state"));
        let names = ["0badcafe", "11223344", "55667788", "99aabbcc", "documents"];
        let [left, alive, other, unmarked, foreign] = names.map(|name| state.join(name));
        for folder in [&left, &alive, &other, &unmarked, &foreign] {
            fs::create_dir_all(folder.join("bin")).unwrap();
        }
        // Made before this boot; by a run whose inventory we cannot see, and by nobody that we know.
        for folder in [&left, &foreign] {
            birth::mark_as(folder, "another boot", 1, 1).unwrap();
        }
        birth::mark(&other).unwrap();
        std::os::unix::fs::symlink(&foreign, state.join("ddeeff00")).unwrap();
        let mut run = Inventory::open(&dir, "11223344", "a test").unwrap();
        run.note(Thing::Folder { path: alive.clone() }).unwrap();
        birth::mark(&alive).unwrap();
        assert_eq!(sweep(&dir, &state).unwrap().removed, ["0badcafe"]);
        assert!(!left.exists());
        for kept in [&alive, &other, &unmarked, &foreign] {
            assert!(kept.join("bin").exists(), "{kept:?}");
        }
    }

    #[test]
    fn sweeping_and_looking_disturb_no_run() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, state) = (temp.path().join("inventory"), temp.path().join("state"));
        let ended = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                    sweep(&dir, &state).unwrap();
                    list_live(&dir).unwrap();
                }
            });
            for n in 0..200 {
                let mut run = Inventory::open(&dir, &format!("{n:08x}"), "a test").unwrap();
                let folder = state.join(format!("{n:08x}"));
                run.note(Thing::Folder { path: folder.clone() }).unwrap();
                fs::create_dir_all(&folder).unwrap();
                birth::mark(&folder).unwrap();
                assert!(list_live(&dir).unwrap().iter().any(|live| live.id == format!("{n:08x}")));
                assert!(folder.exists());
                run.clear().unwrap();
            }
            ended.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_lock_that_outlives_its_dead_owner_is_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, state) = (temp.path().join("inventory"), temp.path().join("state"));
        fs::create_dir(&dir).unwrap();
        let path = dir.join("0badcafe.jsonl");
        let owner = Thing::Owner { pid: u32::MAX >> 1, start_ticks: 1, what: "a test".to_owned() };
        fs::write(&path, serde_json::to_string(&owner).unwrap() + "\n").unwrap();
        let file = fs::File::open(&path).unwrap();
        let lock = super::Flock::lock(file, super::FlockArg::LockExclusive).unwrap();
        std::thread::scope(|scope| {
            let sweeping = scope.spawn(|| sweep(&dir, &state).unwrap().removed);
            // The kernel shows who waits for a lock by an arrow and the file's inode.
            let inode = format!(":{} ", std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap()));
            let waits = |line: &str| line.contains("->") && line.contains(&inode);
            while !sweeping.is_finished() && !fs::read_to_string("/proc/locks").unwrap().lines().any(waits) {
                std::thread::yield_now();
            }
            drop(lock);
            assert_eq!(sweeping.join().unwrap(), ["0badcafe"]);
        });
        assert!(!path.exists());
    }
}
