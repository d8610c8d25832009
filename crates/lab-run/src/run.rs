//! A whole run: clean up after the dead, bring up, pass by pass, take down, seal.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use lab_env::{Environment, Host, Inventory, Thing, sweep};
use lab_model::{Act, PassRecord, PlannedPass, StageRecord, VmNote};
use lab_profile::{EnvironmentKind, Plan};
use lab_store::{BundleWriter, FORMAT, Manifest, Owner, ScenarioEntry, sha256_hex};

use crate::{Guest, Interrupt, Moment, Observer, RunError, clock, pass, random, sensor};

/// What a run is given.
#[derive(Clone, Debug)]
pub struct Options {
    /// folder of bundles
    pub runs: PathBuf,
    /// folder in which subjects get theirs: passable for all users, not on a nosuid file system
    pub state: PathBuf,
    /// folder of inventories
    pub inventory: PathBuf,
    /// the actor's binary
    pub actor: PathBuf,
    /// the probe's binary
    pub probe: PathBuf,
    /// to whom the bundle's files belong, if not to whoever runs this
    pub owner: Option<Owner>,
    /// version of the tool, for the manifest
    pub version: String,
    /// set when the person wants it to end
    pub interrupt: Interrupt,
    /// how a program of the person's own is started, if the plan has one
    pub guest: Option<Guest>,
    /// the virtual machine that this is, if it is one
    pub machine: Option<Inside>,
}

/// A virtual machine, to a run that is made in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// what the record says of it
    pub note: VmNote,
    /// SHA-256 of what it was made of, by name
    pub inputs: BTreeMap<String, String>,
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// its id
    pub id: String,
    /// its bundle
    pub bundle: PathBuf,
    /// head of the bundle's chain
    pub head: String,
    /// it was ended by [`Options::interrupt`]
    pub interrupted: bool,
}

/// Executes a plan. Failures inside a pass are data; an error here means that there is no whole bundle, and that
/// everything made was taken away or stands in the inventory.
///
/// # Errors
/// If the run cannot begin, the bundle cannot be written, or something made would not go away.
pub fn execute(plan: &Plan, options: &Options, observer: &dyn Observer) -> Result<Finished, RunError> {
    let what = if options.guest.is_some() { "lab observe" } else { "lab run" };
    let what = format!("{what} {}", plan.profile);
    with_inventory(&what, (&options.inventory, &options.state), observer, |id, inventory| {
        in_inventory(plan, options, observer, id, inventory)
    })
}

/// Cleans up after the dead, does the work of a new id with an inventory of its own, and takes away what stands in it.
/// `places` are the folders of inventories and of subjects.
///
/// # Errors
/// That of the work; or if something would not go away.
pub fn with_inventory<T, E: From<RunError>>(
    what: &str,
    places: (&Path, &Path),
    observer: &dyn Observer,
    work: impl FnOnce(&str, &mut Inventory) -> Result<T, E>,
) -> Result<T, E> {
    let (inventories, state) = places;
    let swept = sweep(inventories, state).map_err(RunError::from)?;
    observer.on(&Moment::Swept { removed: &swept.removed });
    let id = random::hex::<4>()?;
    let mut inventory = Inventory::open(inventories, &id, what).map_err(RunError::from)?;
    let done = work(&id, &mut inventory);
    let cleared = inventory.clear();
    let finished = done?;
    cleared.map_err(RunError::from)?;
    Ok(finished)
}

fn in_inventory(
    plan: &Plan,
    options: &Options,
    observer: &dyn Observer,
    id: &str,
    inventory: &mut Inventory,
) -> Result<Finished, RunError> {
    let stages = plan.scenarios.iter().map(|scenario| scenario.passes.len()).sum::<usize>() * 6;
    observer.on(&Moment::Began { id, stages });
    let bundle = BundleWriter::plan(&options.runs, &folder_word(plan), id, options.owner)?;
    let dir = bundle.dir().to_owned();
    inventory.note(Thing::Folder { path: dir.clone() })?;
    bundle.make()?;

    let mut manifest = manifest(plan, options, id, &bundle)?;
    let mut host = stage(&mut manifest, "up", || match plan.environment.value {
        EnvironmentKind::Host => Host::up(inventory, &options.state, id).map_err(RunError::from),
        // Inside the machine, where this is, subjects run as on any host.
        EnvironmentKind::Vm if options.machine.is_some() => {
            Host::up(inventory, &options.state, id).map_err(RunError::from)
        }
        other => Err(RunError::NoEnvironment(other.to_string())),
    })?;
    // A run that does not come to its end has said where it was made.
    bundle.write_manifest(&manifest)?;
    let passes = every_pass(plan, options, observer, (&bundle, inventory), &mut host, &mut manifest);
    let down = stage(&mut manifest, "down", || host.down().map_err(RunError::from));
    passes?;
    manifest.interrupted = options.interrupt.is_set();
    bundle.write_manifest(&manifest)?;
    let head = bundle.seal()?;
    inventory.note(Thing::Kept { path: dir.clone() })?;
    down?;
    Ok(Finished { id: id.to_owned(), bundle: dir, head, interrupted: manifest.interrupted })
}

/// What stands for the profile in the name of the bundle's folder. A program's record is none of the profile's runs, of
/// which the latest is compared with the goldens of its scenarios.
fn folder_word(plan: &Plan) -> String {
    let observed =
        |scenario: &&lab_profile::ScenarioPlan| scenario.scenario.acts.iter().any(Act::is_observed);
    match plan.scenarios.iter().find(observed) {
        Some(observed) => observed_runs(&plan.profile, &observed.scenario.head.name),
        None => plan.profile.clone(),
    }
}

/// The word by which [`lab_store::list`] knows the runs in which a program was observed under a profile.
pub fn observed_runs(profile: &str, name: &str) -> String {
    format!("{profile}+{name}")
}

fn every_pass(
    plan: &Plan,
    options: &Options,
    observer: &dyn Observer,
    (bundle, inventory): (&BundleWriter, &mut Inventory),
    host: &mut dyn Environment,
    manifest: &mut Manifest,
) -> Result<(), RunError> {
    let mut shared = pass::Shared {
        options,
        environment: host,
        inventory,
        bundle,
        observer,
        probe_options: &plan.probe.options(),
    };
    for scenario in &plan.scenarios {
        let (passes, scenario) = (&scenario.passes, &scenario.scenario);
        let planned = passes.iter().map(|pass| PlannedPass {
            pass: pass.pass,
            sensors: pass.instances.iter().map(|instance| instance.sensor).collect(),
        });
        let mut entry =
            ScenarioEntry { head: scenario.head.clone(), planned: planned.collect(), passes: Vec::new() };
        for planned in passes {
            if options.interrupt.is_set() {
                break;
            }
            let record: PassRecord = pass::run(&mut shared, scenario, planned);
            for instance in &record.instances {
                manifest.sensors.insert(instance.instance.clone(), instance.version.clone());
                if let Some(object) = &instance.object {
                    manifest.inputs.insert(format!("eBPF object of {}", instance.instance), object.clone());
                }
                if let Some(counters) = &instance.counters {
                    let key = format!("{}/pass-{}/{}", scenario.head.name, record.pass, instance.instance);
                    manifest.counters.insert(key, counters.clone());
                }
            }
            bundle.write_pass(&scenario.head.name, &record)?;
            entry.passes.push(record.pass);
            observer.on(&Moment::PassEnded);
        }
        if !entry.passes.is_empty() {
            manifest.scenarios.push(entry);
        }
    }
    Ok(())
}

/// Runs a stage of the run as a whole, with its record in the manifest.
fn stage<T>(
    manifest: &mut Manifest,
    name: &str,
    work: impl FnOnce() -> Result<T, RunError>,
) -> Result<T, RunError> {
    let (began, began_ns) = (Instant::now(), clock::boot_ns()?);
    let done = work();
    manifest.stages.push(StageRecord {
        stage: name.to_owned(),
        began_ns,
        took_ns: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
        error: done.as_ref().err().map(ToString::to_string),
    });
    done
}

/// `ID-VERSION_ID` of os-release; empty where that is missing or says neither.
fn distribution() -> String {
    let text =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| fs::read_to_string(path).ok());
    let text = text.unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    value("ID").into_iter().chain(value("VERSION_ID")).collect::<Vec<_>>().join("-")
}

fn manifest(plan: &Plan, options: &Options, id: &str, bundle: &BundleWriter) -> Result<Manifest, RunError> {
    let uname = nix::sys::utsname::uname()
        .map_err(|error| RunError::Call { doing: "ask for the kernel's name", source: error.into() })?;
    let boot_id = Path::new("/proc/sys/kernel/random/boot_id");
    let mut inputs: BTreeMap<String, String> =
        plan.inputs.iter().map(|input| (input.path.to_string(), input.sha256.clone())).collect();
    let foreign =
        ["strace", "auditd", "auditctl", "bpftrace", "tcpdump"].map(|name| (name, sensor::program(name)));
    let own = [
        ("lab-actor", Some(options.actor.clone())),
        ("lab-probe", Some(options.probe.clone())),
        (sensor::POLLER, sensor::poller(&options.probe)),
    ];
    for (name, program) in own.into_iter().chain(foreign).filter_map(|(name, program)| Some((name, program?)))
    {
        let bytes = fs::read(&program).map_err(RunError::io("read", &program))?;
        inputs.insert(name.to_owned(), sha256_hex(&bytes));
    }
    inputs.extend(options.machine.iter().flat_map(|machine| machine.inputs.clone()));
    Ok(Manifest {
        format: FORMAT,
        tool: options.version.clone(),
        profile: plan.profile.clone(),
        id: id.to_owned(),
        created: bundle.created().to_owned(),
        kernel: uname.release().to_string_lossy().into_owned(),
        machine: uname.machine().to_string_lossy().into_owned(),
        environment: plan.environment.value.to_string(),
        distribution: distribution(),
        boot_id: fs::read_to_string(boot_id).map_err(RunError::io("read", boot_id))?.trim().to_owned(),
        inputs,
        plan: plan.sha256(),
        scenarios: Vec::new(),
        sensors: BTreeMap::new(),
        counters: BTreeMap::new(),
        stages: Vec::new(),
        interrupted: false,
        vm: options.machine.as_ref().map(|machine| machine.note.clone()),
    })
}
