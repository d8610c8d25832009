//! The environment `host`: subjects are process trees on this machine, each in a cgroup and a folder of its own.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use lab_model::{Image, Order, Reply, SetUpFile, Stamp, substitute};
use nix::sys::statvfs::{FsFlags, statvfs};

use crate::{
    EnvError, Environment, Guest, Inventory, Subject, SubjectSpec, Thing, birth, cgroup, resident::Resident,
};

/// How long killed processes may take to go.
const KILL_WITHIN: Duration = Duration::from_secs(5);

/// The cgroup of a program of the person's own, below its subject's.
pub(crate) const GUEST: &str = "program";

/// The host of one run.
#[derive(Debug)]
pub struct Host {
    cgroup: PathBuf,
    sensors: PathBuf,
    folder: PathBuf,
}

impl Host {
    /// Makes the run's cgroup and folder, each noted in the inventory first. `state` is where folders of runs lie;
    /// other users must be able to pass through it, and its file system must honour set-user-id.
    ///
    /// # Errors
    /// If cgroup2 is missing, or something cannot be made.
    pub fn up(inventory: &mut Inventory, state: &Path, id: &str) -> Result<Self, EnvError> {
        let cgroup = cgroup::mount_point()?.join(format!("sightline-{id}"));
        let folder = state.join(id);
        fs::create_dir_all(state).map_err(EnvError::io("make", state))?;
        inventory.note(Thing::Folder { path: folder.clone() })?;
        make_dir(&folder)?;
        birth::mark(&folder)?;
        inventory.note(Thing::Cgroup { path: cgroup.clone() })?;
        make_dir(&cgroup)?;
        let sensors = cgroup.join("sensors");
        make_dir(&sensors)?;
        Ok(Self { cgroup, sensors, folder })
    }
}

impl Environment for Host {
    fn word(&self) -> &'static str {
        "host"
    }

    fn place(&mut self, spec: &SubjectSpec) -> Result<Box<dyn Subject>, EnvError> {
        let work = self.folder.join(&spec.name);
        let cgroup = self.cgroup.join(&spec.name);
        make_dir(&cgroup)?;
        let (bin, canary) = (work.join("bin"), work.join("canary"));
        for folder in [&work, &bin, &canary] {
            make_dir(folder)?;
        }
        let nobody =
            nix::unistd::User::from_name("nobody").ok().flatten().ok_or(EnvError::NoUser("nobody"))?;
        let mut variables = spec.variables.clone();
        variables.insert("nobody".to_owned(), nobody.uid.to_string());
        // Other users have no business here: a set-user-id image lies below.
        let group = nobody.uid.as_raw();
        chown(&work, Some(0), Some(group)).map_err(EnvError::io("give to the lab's user", &work))?;
        fs::set_permissions(&work, fs::Permissions::from_mode(0o750))
            .map_err(EnvError::io("close", &work))?;
        if let Some(guest) = &spec.guest {
            make_room(guest, &work, &cgroup)?;
        }
        for (name, path) in [("work", &work), ("bin", &bin), ("canary", &canary)] {
            variables.insert(name.to_owned(), path.display().to_string());
        }
        for image in &spec.images {
            place_image(&spec.actor, &bin, image, group)?;
        }
        for file in &spec.files {
            make_file(file, &work, &variables)?;
        }
        let guest = spec.guest.clone();
        Ok(Box::new(HostSubject { actor: spec.actor.clone(), variables, cgroup, guest, resident: None }))
    }

    fn sensors(&self) -> &Path {
        &self.sensors
    }

    fn down(&mut self) -> Result<(), EnvError> {
        cgroup::kill(&self.cgroup, KILL_WITHIN)?;
        cgroup::remove(&self.cgroup)?;
        fs::remove_dir_all(&self.folder).map_err(EnvError::io("remove", &self.folder))
    }
}

fn make_dir(path: &Path) -> Result<(), EnvError> {
    fs::create_dir(path).map_err(EnvError::io("make", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(EnvError::io("open to all", path))
}

/// Makes room for a program of the person's own: a cgroup below the subject's, the subject's folder as its owner's own,
/// and in it a folder for temporary files.
fn make_room(guest: &Guest, work: &Path, cgroup: &Path) -> Result<(), EnvError> {
    make_dir(&cgroup.join(GUEST))?;
    let temporary = work.join("tmp");
    make_dir(&temporary)?;
    let (user, group) = guest.owner.unwrap_or((0, 0));
    for folder in [&temporary, work] {
        chown(folder, Some(user), Some(group)).map_err(EnvError::io("give away", folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(EnvError::io("close", folder))?;
    }
    Ok(())
}

/// Places a copy of the actor. The group is that of the lab's unprivileged processes, which take their uid for it.
fn place_image(actor: &Path, bin: &Path, image: &Image, group: u32) -> Result<(), EnvError> {
    let path = bin.join(&image.name);
    fs::copy(actor, &path).map_err(EnvError::io("place", &path))?;
    if image.set_user_id && statvfs(&path).is_ok_and(|fs| fs.flags().contains(FsFlags::ST_NOSUID)) {
        return Err(EnvError::NoSetUserId { path });
    }
    // Only these processes may run an image that makes root of them.
    let mode = if image.set_user_id { 0o4750 } else { 0o755 };
    chown(&path, Some(0), Some(group)).map_err(EnvError::io("give to root", &path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        .map_err(EnvError::io("set the mode of", &path))
}

fn make_file(file: &SetUpFile, work: &Path, variables: &BTreeMap<String, String>) -> Result<(), EnvError> {
    let value = |name: &str| variables.get(name).cloned();
    let bind = |text: &str| {
        substitute(text, &value).map_err(|source| EnvError::Variable { path: file.path.clone(), source })
    };
    let path = PathBuf::from(bind(&file.path)?);
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    if climbs || !path.starts_with(work) {
        return Err(EnvError::Outside { path, folder: work.to_owned() });
    }
    fs::write(&path, bind(&file.content)?).map_err(EnvError::io("make", &path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))
        .map_err(EnvError::io("set the mode of", &path))?;
    if let Some(owner) = &file.owner {
        let uid = bind(owner)?.parse().map_err(|_| EnvError::NoUser("the set-up file's owner"))?;
        chown(&path, Some(uid), Some(uid)).map_err(EnvError::io("give away", &path))?;
    }
    Ok(())
}

#[derive(Debug)]
struct HostSubject {
    actor: PathBuf,
    variables: BTreeMap<String, String>,
    cgroup: PathBuf,
    guest: Option<Guest>,
    resident: Option<Resident>,
}

impl HostSubject {
    fn resident(&mut self) -> Result<&mut Resident, EnvError> {
        self.resident.as_mut().ok_or_else(|| EnvError::ActorEnded(": it was never started".to_owned()))
    }
}

impl Subject for HostSubject {
    fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    fn cgroup(&self) -> &Path {
        &self.cgroup
    }

    fn start(&mut self, within: Duration) -> Result<Stamp, EnvError> {
        let resident = self.resident.insert(Resident::start(&self.actor, &self.cgroup, self.guest.as_ref())?);
        match resident.receive(within)? {
            Reply::Hello { stamp, .. } => Ok(stamp),
            other => Err(EnvError::ActorUnclear(format!("{other:?} instead of a hello"))),
        }
    }

    fn pid(&self) -> Option<u32> {
        self.resident.as_ref().map(Resident::pid)
    }

    fn send(&mut self, order: &Order) -> Result<(), EnvError> {
        self.resident()?.send(order)
    }

    fn receive(&mut self, within: Duration) -> Result<Reply, EnvError> {
        self.resident()?.receive(within)
    }

    fn clear(&mut self) -> Result<usize, EnvError> {
        if self.guest.is_none() {
            return Ok(0);
        }
        let folder = self.cgroup.join(GUEST);
        let left = cgroup::count(&folder)?;
        if left > 0 {
            cgroup::kill(&folder, KILL_WITHIN)?;
        }
        Ok(left)
    }

    fn dismiss(&mut self, within: Duration) -> Result<(), EnvError> {
        let resident = self.resident()?;
        resident.send(&Order::Stop)?;
        match resident.receive(within) {
            Err(EnvError::ActorEnded(_)) => Ok(()),
            Ok(reply) => Err(EnvError::ActorUnclear(format!("{reply:?} instead of its end"))),
            Err(error) => Err(error),
        }
    }

    fn stop(&mut self) -> Result<(), EnvError> {
        self.resident = None;
        cgroup::kill(&self.cgroup, KILL_WITHIN)
    }
}
