//! Takes in what came out of a machine's window.

use std::{
    fs::{self, File},
    io::BufReader,
    path::Path,
};

use lab_env::{Errand, parcel};
use lab_model::{PlannedPass, StageRecord};
use lab_profile::Plan;
use lab_store::{BundleWriter, FORMAT, Manifest, ScenarioEntry, sha256_hex};

use super::Trouble;
use crate::{Finished, Options, RunError, random};

/// What a machine has left.
pub(super) struct Arrived<'a> {
    pub(super) window: &'a Path,
    pub(super) console: &'a [u8],
    /// a folder beside the bundles, noted in the inventory, to unpack in
    pub(super) landing: &'a Path,
    pub(super) trouble: Option<Trouble>,
}

/// SHA-256 of a file.
pub(super) fn hash(file: &Path) -> Result<String, RunError> {
    Ok(sha256_hex(&fs::read(file).map_err(RunError::io("read", file))?))
}

/// Makes a bundle of it beside the others; with the reason if the machine did not come to its end.
pub(super) fn take_in(
    plan: &Plan,
    options: &Options,
    errand: &Errand,
    arrived: Arrived<'_>,
) -> Result<(Finished, Option<String>), RunError> {
    let Arrived { window, console, landing, mut trouble } = arrived;
    lab_store::make_landing(landing, options.owner)?;
    let complete = match File::open(window) {
        Ok(file) => unpack(file, window, landing, &mut trouble)?,
        // QEMU never came as far as making it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(RunError::io("open", window)(error)),
    };
    if !complete && trouble.is_none() {
        trouble =
            Some(Trouble { why: "it ended before its record was whole".to_owned(), interrupted: false });
    }
    let found = lab_store::only_bundle(landing);
    let (dir, head, interrupted) = match (found, trouble.as_ref()) {
        (Some(dir), None) => {
            lab_store::verify(&dir, None).map_err(|source| RunError::Arrived { dir: dir.clone(), source })?;
            let head = lab_store::append_console(&dir, console)?;
            (dir, head, false)
        }
        (found, trouble) => {
            let (dir, head) = finish(plan, options, errand, (found.as_deref(), landing), console, trouble)?;
            (dir, head, trouble.is_some_and(|trouble| trouble.interrupted))
        }
    };
    lab_store::give_all(&dir, options.owner)?;
    let name = dir.file_name().ok_or_else(|| RunError::Pack("a bundle has no name".to_owned()))?;
    let place = options.runs.join(name);
    fs::rename(&dir, &place).map_err(RunError::io("move a bundle to", &place))?;
    fs::remove_dir_all(landing).map_err(RunError::io("remove", landing))?;
    let id = place.to_string_lossy().rsplit('-').next().unwrap_or_default().to_owned();
    Ok((Finished { id, bundle: place, head, interrupted }, trouble.map(|trouble| trouble.why)))
}

/// Unpacks every whole parcel; says whether the last of them completes the bundle.
fn unpack(
    file: File,
    window: &Path,
    landing: &Path,
    trouble: &mut Option<Trouble>,
) -> Result<bool, RunError> {
    let parcels = parcel::read(BufReader::new(file)).map_err(RunError::io("read", window))?;
    for archive in &parcels.archives {
        let mut archive = tar::Archive::new(archive.as_slice());
        archive.set_preserve_mtime(false);
        archive.unpack(landing).map_err(RunError::io("unpack a parcel in", landing))?;
    }
    if let (Some(rest), None) = (parcels.rest, trouble.as_ref()) {
        *trouble = Some(Trouble { why: format!("its record is damaged: {rest}"), interrupted: false });
    }
    Ok(parcels.complete)
}

/// Brings a bundle to its end that the machine did not: with what passes there are, the console, and the reason.
fn finish(
    plan: &Plan,
    options: &Options,
    errand: &Errand,
    (found, landing): (Option<&Path>, &Path),
    console: &[u8],
    trouble: Option<&Trouble>,
) -> Result<(std::path::PathBuf, String), RunError> {
    let begun = found.and_then(|dir| Some((dir, lab_store::unsealed_manifest(dir)?)));
    let (writer, mut manifest) = match begun {
        Some((dir, manifest)) => (BundleWriter::adopt(dir.to_owned(), None, &manifest.created)?, manifest),
        None => {
            let writer = BundleWriter::create(landing, &plan.profile, &random::hex::<4>()?, None)?;
            let manifest = blank(plan, options, errand, &writer);
            (writer, manifest)
        }
    };
    let dir = writer.dir().to_owned();
    manifest.scenarios = passes(plan, &dir);
    manifest.interrupted = trouble.is_some_and(|trouble| trouble.interrupted);
    manifest.stages.push(StageRecord {
        stage: "vm".to_owned(),
        began_ns: 0,
        took_ns: 0,
        error: trouble.map(|trouble| format!("come to its end: {}", trouble.why)),
    });
    writer.write_manifest(&manifest)?;
    writer.write_console(console)?;
    Ok((dir, writer.seal()?))
}

/// The scenarios of which at least one pass has come out.
fn passes(plan: &Plan, dir: &Path) -> Vec<ScenarioEntry> {
    let entry = |scenario: &lab_profile::ScenarioPlan| {
        let head = &scenario.scenario.head;
        let there = |pass: &u32| lab_store::has_pass(dir, &head.name, *pass);
        let planned = scenario.passes.iter().map(|pass| PlannedPass {
            pass: pass.pass,
            sensors: pass.instances.iter().map(|instance| instance.sensor).collect(),
        });
        ScenarioEntry {
            head: head.clone(),
            planned: planned.collect(),
            passes: scenario.passes.iter().map(|pass| pass.pass).filter(there).collect(),
        }
    };
    plan.scenarios.iter().map(entry).filter(|entry| !entry.passes.is_empty()).collect()
}

/// The manifest of a machine that has said nothing.
fn blank(plan: &Plan, options: &Options, errand: &Errand, writer: &BundleWriter) -> Manifest {
    let id = writer.dir().to_string_lossy().rsplit('-').next().unwrap_or_default().to_owned();
    Manifest {
        format: FORMAT,
        tool: options.version.clone(),
        profile: plan.profile.clone(),
        id,
        created: writer.created().to_owned(),
        kernel: errand.note.kernel.clone(),
        machine: std::env::consts::ARCH.to_owned(),
        environment: plan.environment.value.to_string(),
        distribution: String::new(),
        boot_id: String::new(),
        inputs: errand.inputs.clone(),
        plan: plan.sha256(),
        scenarios: Vec::new(),
        sensors: std::collections::BTreeMap::new(),
        counters: std::collections::BTreeMap::new(),
        stages: Vec::new(),
        interrupted: false,
        vm: Some(errand.note.clone()),
    }
}
