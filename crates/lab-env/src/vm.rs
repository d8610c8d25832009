//! The environment `vm`: a kernel of its own in QEMU, with nothing but a console and a window.
//!
//! The machine has no network device and no folder of ours: what it is made of is a kernel, an archive in memory and perhaps
//! a disk, of which it changes only a copy; and what leaves it is written to the window, a piece of its memory that is a file outside. Inside, `lab-init` makes the run as on any host.
//! QEMU runs in a cgroup that stands in the inventory before it starts, so whoever sweeps after a runner that was killed
//! takes it too.

mod console;
mod qemu;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{EnvError, Inventory, Thing, birth, cgroup};

pub use console::{last_words, panic_of};
pub use qemu::{Accelerator, Ended, PROGRAM, Vm, try_kvm};

/// How long killed machines may take to go.
const KILL_WITHIN: Duration = Duration::from_secs(10);

/// One machine to boot.
#[derive(Clone, Debug)]
pub struct Machine {
    /// its name, unique among those of a run
    pub name: String,
    /// the kernel
    pub kernel: PathBuf,
    /// its first file system, an archive
    pub root: PathBuf,
    /// its disk, if it has one, and the program that is started on it
    pub disk: Option<(PathBuf, String)>,
    /// how QEMU runs it
    pub accelerator: Accelerator,
    /// memory in MiB
    pub memory_mib: u32,
    /// processors
    pub cpus: u32,
}

/// What the machines of one run need on this one: a cgroup and a folder.
#[derive(Debug)]
pub struct Rack {
    cgroup: PathBuf,
    folder: PathBuf,
}

impl Rack {
    /// Makes both, each noted in the inventory first.
    ///
    /// # Errors
    /// If cgroup2 is missing, or something cannot be made.
    pub fn up(inventory: &mut Inventory, state: &Path, id: &str) -> Result<Self, EnvError> {
        let cgroup = cgroup::mount_point()?.join(format!("sightline-{id}"));
        let folder = state.join(id);
        fs::create_dir_all(state).map_err(EnvError::io("make", state))?;
        inventory.note(Thing::Folder { path: folder.clone() })?;
        fs::create_dir(&folder).map_err(EnvError::io("make", &folder))?;
        birth::mark(&folder)?;
        inventory.note(Thing::Cgroup { path: cgroup.clone() })?;
        fs::create_dir(&cgroup).map_err(EnvError::io("make", &cgroup))?;
        Ok(Self { cgroup, folder })
    }

    /// The folder, for what machines are made of.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a machine.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn start(&self, machine: &Machine) -> Result<Vm, EnvError> {
        qemu::start(machine, &self.folder, &self.cgroup)
    }

    /// Boots a machine at the terminal of this process, and waits for its end; gives QEMU's exit code.
    ///
    /// # Errors
    /// If QEMU does not start.
    pub fn at_terminal(&self, machine: &Machine) -> Result<Option<i32>, EnvError> {
        qemu::at_terminal(machine, &self.cgroup)
    }

    /// Ends every machine and takes away what was made.
    ///
    /// # Errors
    /// If something would not go; it stays in the inventory.
    pub fn down(&self) -> Result<(), EnvError> {
        cgroup::kill(&self.cgroup, KILL_WITHIN)?;
        cgroup::remove(&self.cgroup)?;
        fs::remove_dir_all(&self.folder).map_err(EnvError::io("remove", &self.folder))
    }
}
