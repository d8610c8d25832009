//! `lab run` of a profile whose environment is `vm`: the same road under each of its kernels.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use lab_env::{
    Errand, errand,
    vm::{Accelerator, try_kvm},
};
use lab_model::{Pin, PinSource, Pins};
use lab_profile::{Machines, Plan};
use lab_report::MachineReport;
use lab_run::{Finished, Fleet, Kernel, Options};
use lab_tools::{
    Package,
    machine::{Archive, Entry, join},
};

use crate::{
    judged::JudgedRun,
    lab::run::{self, Cmd},
    privilege,
    progress::Progress,
    report,
    root::Folders,
    setup,
};

pub(super) fn run(mut cmd: Cmd, plan: &Plan, folders: &Folders) -> Result<ExitCode> {
    let (json, again) = (cmd.json, |cmd: &Cmd| run::arguments(cmd, &["lab", "run"], folders));
    let Some(options) = run::ready(plan, &mut cmd.programs, cmd.no_install, folders)? else {
        return privilege::become_root(again(&cmd));
    };
    judge_and_print(record(&cmd, plan, &options, folders)?, folders, json)
}

/// Judges the bundles that came out of machines, and prints one matrix of them.
pub(crate) fn judge_and_print(finished: Vec<Finished>, folders: &Folders, json: bool) -> Result<ExitCode> {
    let mut judged = Vec::new();
    for finished in finished {
        let (run, head) = run::judge(&finished, folders)?;
        judged.push((finished, run, head));
    }
    print(&judged, json)
}

/// How machines run here, and why that is not KVM, which is told.
pub(crate) fn accelerator(kernel: &Path) -> (Accelerator, Option<String>) {
    let Err(why) = try_kvm(kernel) else { return (Accelerator::Kvm, None) };
    eprintln!("no KVM: {why}; machines run by translation, which is slower");
    (Accelerator::Tcg, Some(why))
}

/// Brings together what machines are made of, and records in them.
fn record(cmd: &Cmd, plan: &Plan, options: &Options, folders: &Folders) -> Result<Vec<Finished>> {
    let machines = plan.machines.as_ref().context("the profile names no kernels")?;
    let pins = lab_profile::load_pins(folders.lab.as_path()).context("failed to read the pins")?;
    let set = plan.pins.as_ref().context("a profile whose environment is `vm` names a set of pins")?;
    let Parts { kernels, system } = parts(&pins, &set.value, machines)?;
    let tools = setup::options(folders)?;
    let (files, base) = setup::with_progress("kernels and system", |tell| -> Result<_, lab_tools::Error> {
        let files: Result<Vec<PathBuf>, _> =
            kernels.iter().map(|(_, package)| lab_tools::machine::kernel(&tools, package, tell)).collect();
        Ok((files?, lab_tools::machine::system(&tools, &system, tell)?))
    })
    .context("failed to bring together what virtual machines are made of")?;
    let kernels: Vec<Kernel> =
        kernels.into_iter().zip(files).map(|((name, _), file)| Kernel { name, file }).collect();
    let (accelerator, not_kvm) = accelerator(&kernels[0].file);
    let init = cmd.programs.init.clone().context("no lab-init")?;
    let pack = |errand: &Errand, place: &Path| {
        pack(errand, place, &base, folders, options, &init).map_err(|error| format!("{error:#}"))
    };
    let system = system.iter().map(|package| (format!("package {}", package.name), package.sha256.clone()));
    let fleet = Fleet {
        kernels,
        machines,
        scenarios: cmd.scenarios.clone(),
        disk: None,
        patience: 1,
        accelerator,
        not_kvm,
        inputs: system.collect(),
        pack: &pack,
    };
    let progress = Progress::new();
    lab_run::execute_machines(plan, options, &fleet, &progress).context("failed to run")
}

/// Pinned packages: a kernel for each version that the profile names, and those that the system is made of.
struct Parts {
    kernels: Vec<(String, Package)>,
    system: Vec<Package>,
}

/// What packages of kernels are called, before the version.
const KERNELS: [&str; 2] = ["linux-image-", "linux-binary-"];

fn parts(pins: &Pins, set: &str, machines: &Machines) -> Result<Parts> {
    let names: Vec<&String> = pins.sets.get(set).into_iter().flat_map(BTreeMap::keys).collect();
    let package = |name: &str| pins.of_set(set, name).find_map(of_pin);
    let version = |name: &str| KERNELS.iter().find_map(|word| name.strip_prefix(word).map(str::to_owned));
    let mut parts = Parts { kernels: Vec::new(), system: Vec::new() };
    for kernel in &machines.kernels {
        let begins = format!("{}.", kernel.value);
        let name =
            names.iter().find(|name| version(name).is_some_and(|version| version.starts_with(&begins)));
        let Some(found) = name.and_then(|name| package(name)) else {
            bail!(
                "{}: the set `{set}` of pins.toml has no package of a kernel {}",
                kernel.place,
                kernel.value
            );
        };
        parts.kernels.push((kernel.value.clone(), found));
    }
    parts.system =
        names.iter().filter(|name| version(name).is_none()).filter_map(|name| package(name)).collect();
    Ok(parts)
}

fn of_pin(pin: &Pin) -> Option<Package> {
    let PinSource::Package { suite } = &pin.source else { return None };
    Some(Package {
        name: pin.name.clone(),
        version: pin.version.clone(),
        arch: pin.arch.clone()?,
        suite: suite.clone(),
        sha256: pin.sha256.clone(),
    })
}

/// A machine's archive: the system, then our programs, the lab's definitions and the errand.
fn pack(
    errand: &Errand,
    place: &Path,
    base: &Path,
    folders: &Folders,
    options: &Options,
    init: &Path,
) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("failed to read {}", path.display()));
    let inside = |name: &str| format!("{}/{name}", errand::FOLDER.trim_start_matches('/'));
    let mut archive = Archive::default();
    archive.add(Entry::file("init", 0o755, read(init)?));
    archive.add(Entry::folder(&inside(""), 0o755));
    archive.add(Entry::file(&inside(errand::ACTOR), 0o755, read(&options.actor)?));
    archive.add(Entry::file(&inside(errand::PROBE), 0o755, read(&options.probe)?));
    archive.add(Entry::file(&inside(errand::FILE), 0o644, serde_json::to_vec(errand)?));
    archive.add(Entry::folder(&inside(errand::LAB), 0o755));
    let mut open = vec![PathBuf::from("profiles"), "scenarios".into(), lab_profile::PINS.into()];
    while let Some(part) = open.pop() {
        let (path, name) = (folders.lab.join(&part), inside(&format!("{}/{}", errand::LAB, part.display())));
        if !path.is_dir() {
            archive.add(Entry::file(&name, 0o644, read(&path)?));
            continue;
        }
        archive.add(Entry::folder(&name, 0o755));
        for entry in fs::read_dir(&path).with_context(|| format!("failed to list {}", path.display()))? {
            open.push(part.join(entry?.file_name()));
        }
    }
    join(&[base], &archive.finish()?, place).context("failed to write a machine's archive")
}

/// One matrix over all machines, then the whole report of each that did not pass.
fn print(judged: &[(Finished, JudgedRun, String)], json: bool) -> Result<ExitCode> {
    let reports: Vec<MachineReport<'_>> = judged
        .iter()
        .map(|(finished, run, head)| {
            let vm = run.bundle.manifest.vm.as_ref();
            MachineReport {
                kernel: vm.map_or_else(String::new, |vm| vm.kernel.clone()),
                accelerator: vm.map_or_else(String::new, |vm| vm.accelerator.clone()),
                not_kvm: vm.and_then(|vm| vm.not_kvm.clone()),
                report: report::report(&finished.bundle, run, Some(head.clone())),
            }
        })
        .collect();
    let series = judged.iter().find_map(|(_, run, _)| Some(run.bundle.manifest.vm.as_ref()?.series.clone()));
    if json {
        let whole = lab_report::machines_json(&series.unwrap_or_default(), &reports);
        println!("{}", lab_report::json_text(&whole));
    } else {
        for machine in reports.iter().filter(|machine| machine.report.ending().1 != 0) {
            println!("{}", lab_report::terminal(&machine.report, report::style()));
        }
        print!("{}", lab_report::machines(&reports, report::style()));
    }
    // Of several, the same order counts as within one run.
    let worst = |code: &u8| match code {
        130 => 4,
        2 => 3,
        3 => 2,
        code => *code,
    };
    Ok(ExitCode::from(judged.iter().map(|(_, run, _)| run.exit_code()).max_by_key(worst).unwrap_or(2)))
}
