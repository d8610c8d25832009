//! A run in virtual machines: one for each kernel, some at once, each with a bundle of its own.
//!
//! Inside, the run is made as on any host. Here machines are booted, waited for and taken away, and their bundles taken in:
//! whole if the machine came to its end, else as far as they got, with the reason as the error of a stage.

mod bundle;

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc::channel},
    time::{Duration, Instant},
};

use lab_env::{
    Errand, Inventory, Thing,
    vm::{Accelerator, Ended, Machine, Rack, last_words, panic_of},
};
use lab_model::VmNote;
use lab_profile::{Machines, Plan};

use crate::{Finished, Interrupt, Moment, Observer, Options, RunError, run::with_inventory};

/// How long a wait for a machine lasts until it is seen whether the person wants it to end.
const SLICE: Duration = Duration::from_millis(100);

/// A kernel to boot.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// as the profile names it: `6.1`
    pub name: String,
    /// its file
    pub file: PathBuf,
}

/// Makes the archive of a machine that is sent out with an errand.
pub type Pack<'a> = dyn Fn(&Errand, &Path) -> Result<(), String> + Sync + 'a;

/// What the machines of a run are made of.
pub struct Fleet<'a> {
    /// the kernels
    pub kernels: Vec<Kernel>,
    /// the settings of the profile
    pub machines: &'a Machines,
    /// scenarios, by name; all of the plan's if there are none
    pub scenarios: Vec<String>,
    /// the disk of each, with the program that is started on it; without one, all is in the archive
    pub disk: Option<(PathBuf, String)>,
    /// by how much the timeouts of the profile's stages are longer inside
    pub patience: u32,
    /// how QEMU runs them
    pub accelerator: Accelerator,
    /// why that is not KVM
    pub not_kvm: Option<String>,
    /// SHA-256 of what all machines are made of, by name
    pub inputs: BTreeMap<String, String>,
    /// makes a machine's archive
    pub pack: &'a Pack<'a>,
}

/// Why there is no whole bundle of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    why: String,
    interrupted: bool,
}

/// Executes a plan in machines. What goes wrong inside one is data in its bundle; an error here means that a bundle is
/// missing, and that everything made was taken away or stands in the inventory.
///
/// # Errors
/// If the run cannot begin, a bundle cannot be taken in, or something made would not go away.
pub fn execute_machines(
    plan: &Plan,
    options: &Options,
    fleet: &Fleet<'_>,
    observer: &dyn Observer,
) -> Result<Vec<Finished>, RunError> {
    let what = format!("lab run {}", plan.profile);
    with_inventory(&what, (&options.inventory, &options.state), observer, |series, inventory| {
        in_inventory(plan, options, fleet, observer, series, inventory)
    })
}

fn in_inventory(
    plan: &Plan,
    options: &Options,
    fleet: &Fleet<'_>,
    observer: &dyn Observer,
    series: &str,
    inventory: &mut Inventory,
) -> Result<Vec<Finished>, RunError> {
    observer.on(&Moment::Began { id: series, stages: fleet.kernels.len() });
    let rack = Rack::up(inventory, &options.state, series)?;
    let mut waiting = VecDeque::new();
    for kernel in &fleet.kernels {
        let landing = options.runs.join(format!(".{series}-{}", kernel.name));
        inventory.note(Thing::Folder { path: landing.clone() })?;
        waiting.push_back((kernel, landing));
    }
    let (waiting, done) = (Mutex::new(waiting), Mutex::new(BTreeMap::new()));
    let voyage = Voyage { plan, options, fleet, series, rack: &rack };
    std::thread::scope(|scope| {
        let (tell, told) = channel();
        for _ in 0..fleet.machines.at_once.value.min(u32::try_from(fleet.kernels.len()).unwrap_or(1)) {
            let (tell, waiting, done, voyage) = (tell.clone(), &waiting, &done, &voyage);
            scope.spawn(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                while let Some((kernel, landing)) = next() {
                    let began = Instant::now();
                    // Whoever listens is there until the last has told.
                    drop(tell.send((kernel, None)));
                    let finished = voyage.one(kernel, &landing);
                    let error =
                        finished.as_ref().map_or_else(|error| Some(error.to_string()), |(_, t)| t.clone());
                    drop(tell.send((kernel, Some((began.elapsed(), error)))));
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.insert(kernel.name.clone(), finished);
                }
            });
        }
        drop(tell);
        for (kernel, ended) in told {
            let kernel = kernel.name.as_str();
            match ended {
                None => observer.on(&Moment::MachineBegan { kernel }),
                Some((took, error)) => {
                    observer.on(&Moment::MachineEnded { kernel, took, error: error.as_deref() });
                }
            }
        }
    });
    let down = rack.down();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let in_order = fleet.kernels.iter().filter_map(|kernel| done.remove(&kernel.name));
    let mut finished = Vec::new();
    for one in in_order {
        let (one, _) = one?;
        // It lies under its own name now, and nothing takes it away any more.
        finished.push(one);
    }
    down?;
    Ok(finished)
}

/// What all machines of a run share.
struct Voyage<'a> {
    plan: &'a Plan,
    options: &'a Options,
    fleet: &'a Fleet<'a>,
    series: &'a str,
    rack: &'a Rack,
}

impl Voyage<'_> {
    /// Boots one machine, waits for its end and takes in its bundle; with the reason if that is not whole.
    fn one(&self, kernel: &Kernel, landing: &Path) -> Result<(Finished, Option<String>), RunError> {
        let note = VmNote {
            series: self.series.to_owned(),
            kernel: kernel.name.clone(),
            accelerator: self.fleet.accelerator.word().to_owned(),
            not_kvm: self.fleet.not_kvm.clone(),
        };
        let hash = bundle::hash(&kernel.file)?;
        let mut inputs = self.fleet.inputs.clone();
        inputs.insert("kernel".to_owned(), hash);
        let errand = Errand {
            profile: self.plan.profile.clone(),
            scenarios: self.fleet.scenarios.clone(),
            patience: self.fleet.patience,
            version: self.options.version.clone(),
            note,
            inputs,
        };
        let root = self.rack.folder().join(format!("{}.root", kernel.name));
        (self.fleet.pack)(&errand, &root).map_err(RunError::Pack)?;
        let machine = Machine {
            name: kernel.name.clone(),
            kernel: kernel.file.clone(),
            root: root.clone(),
            disk: self.fleet.disk.clone(),
            accelerator: self.fleet.accelerator,
            memory_mib: self.fleet.machines.memory_mib.value,
            cpus: 1,
        };
        let mut vm = self.rack.start(&machine)?;
        let until = Instant::now() + self.fleet.machines.timeout.value;
        let mut trouble = loop {
            if let Some(ended) = vm.wait(SLICE)? {
                break trouble_of(&ended);
            }
            if let Some(trouble) = self.give_up(&self.options.interrupt, until) {
                break Some(trouble);
            }
        };
        vm.stop()?;
        let console = fs::read(vm.console()).unwrap_or_default();
        let said = String::from_utf8_lossy(&console);
        if let Some(panic) = panic_of(&said) {
            trouble = Some(Trouble { why: format!("the kernel panicked: {panic}"), interrupted: false });
        } else if let Some(trouble) = &mut trouble {
            let last = last_words(&said).unwrap_or_else(|| "nothing".to_owned());
            trouble.why.push_str(&format!("; its last words: {last}"));
        }
        let arrived = bundle::Arrived { window: vm.window(), console: &console, landing, trouble };
        let taken = bundle::take_in(self.plan, self.options, &errand, arrived)?;
        // The next machine needs the room.
        drop(fs::remove_file(root));
        drop(fs::remove_file(vm.window()));
        Ok(taken)
    }

    fn give_up(&self, interrupt: &Interrupt, until: Instant) -> Option<Trouble> {
        let limit = self.fleet.machines.timeout.value;
        if interrupt.is_set() {
            Some(Trouble { why: "it was interrupted".to_owned(), interrupted: true })
        } else if Instant::now() >= until {
            Some(Trouble { why: format!("it did not end within {limit:?}"), interrupted: false })
        } else {
            None
        }
    }
}

fn trouble_of(ended: &Ended) -> Option<Trouble> {
    let why = match ended {
        Ended::Itself => return None,
        Ended::Failed(why) => format!("QEMU failed with {why}"),
        Ended::TooMuch => "it said too much on its console".to_owned(),
    };
    Some(Trouble { why, interrupted: false })
}
