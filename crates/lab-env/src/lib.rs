//! Where things run: one trait with `host` as its implementation, and `vm`, in which a whole run takes place.
//!
//! An environment makes the place of a subject (folder, images, set-up files, cgroup), starts a resident actor in it,
//! carries orders and replies, and takes everything away again. What it makes is written to the inventory first, so
//! that another run can clean up after a runner that was killed.

mod birth;
pub mod cgroup;
pub mod errand;
mod error;
mod host;
mod inventory;
pub mod parcel;
mod resident;
pub mod vm;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use lab_model::{Image, Order, Reply, SetUpFile, Stamp};

pub use errand::Errand;
pub use error::EnvError;
pub use host::Host;
pub use inventory::{INVENTORY_DIR, Inventory, Live, Swept, Thing, list_live, sweep};

/// What a subject needs.
#[derive(Clone, Debug)]
pub struct SubjectSpec {
    /// unique within the run
    pub name: String,
    /// the actor's binary on this machine
    pub actor: PathBuf,
    /// images to place
    pub images: Vec<Image>,
    /// files to make
    pub files: Vec<SetUpFile>,
    /// variables that the lab gives (`sink`, `resolver`, `domain`, `nonce`)
    pub variables: BTreeMap<String, String>,
    /// room for a program of the person's own, if one is to be started
    pub guest: Option<Guest>,
}

/// A program of the person's own, which the resident actor will be told to start.
#[derive(Clone, Debug)]
pub struct Guest {
    /// to whom the subject's folder belongs, if not to root: user and group
    pub owner: Option<(u32, u32)>,
    /// its standard output is our standard error, as ours is for a report
    pub output_to_errors: bool,
}

/// Where subjects run.
pub trait Environment {
    /// Its word in profiles.
    fn word(&self) -> &'static str;

    /// Makes the place of a subject; nothing runs yet.
    ///
    /// # Errors
    /// If a part of it cannot be made; what was made stands in the inventory.
    fn place(&mut self, spec: &SubjectSpec) -> Result<Box<dyn Subject>, EnvError>;

    /// The cgroup in which this run's sensors belong, as a folder.
    fn sensors(&self) -> &Path;

    /// Takes away everything that this run made.
    ///
    /// # Errors
    /// If something would not go; it stays in the inventory.
    fn down(&mut self) -> Result<(), EnvError>;
}

/// A placed subject and its resident actor.
pub trait Subject {
    /// Variables with their values here: the spec's and the environment's own (`work`, `bin`, `canary`, `nobody`).
    fn variables(&self) -> &BTreeMap<String, String>;

    /// The cgroup whose subtree the subject never leaves, as a folder.
    fn cgroup(&self) -> &Path;

    /// Starts the resident actor and waits for its first word.
    ///
    /// # Errors
    /// If it does not start or does not say `Hello` in time.
    fn start(&mut self, within: Duration) -> Result<Stamp, EnvError>;

    /// The resident actor's pid, as whoever started it knows it; `None` if it does not run.
    fn pid(&self) -> Option<u32>;

    /// Gives an order.
    ///
    /// # Errors
    /// If the actor has ended.
    fn send(&mut self, order: &Order) -> Result<(), EnvError>;

    /// Waits for a reply.
    ///
    /// # Errors
    /// If none comes in time, or the actor has ended.
    fn receive(&mut self, within: Duration) -> Result<Reply, EnvError>;

    /// Ends what a program of the person's own has left running, and says how many processes that were.
    ///
    /// # Errors
    /// If a process outlives its kill.
    fn clear(&mut self) -> Result<usize, EnvError>;

    /// Asks the actor to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not in time.
    fn dismiss(&mut self, within: Duration) -> Result<(), EnvError>;

    /// Ends the actor and all that descends from it.
    ///
    /// # Errors
    /// If a process outlives its kill.
    fn stop(&mut self) -> Result<(), EnvError>;
}
