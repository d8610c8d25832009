//! `image run`: a profile inside the image, on its kernel, with its programs and definitions.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use lab_env::{Errand, errand};
use lab_profile::Machines;
use lab_run::{Fleet, Kernel};
use lab_tools::{
    image::{DISK, INITRD, KERNEL, MANIFEST},
    machine::{Archive, Entry, join},
};

use crate::{
    lab::{self, machines, plan},
    privilege,
    progress::Progress,
    root::Folders,
};

/// By translation everything takes longer, by its own clock, too.
const PATIENCE: u32 = 10;
/// How long the machine may take, from its start to its end.
const WITHIN: Duration = Duration::from_secs(20 * 60);
/// The release in the image.
const HOME: &str = "/opt/sightline";

#[derive(clap::Args)]
#[group(id = "image-run")]
pub(crate) struct Cmd {
    #[command(flatten)]
    run: lab::run::Cmd,
    /// Folder of the image [default: target/image]
    #[arg(long, value_name = "DIR")]
    image: Option<PathBuf>,
}

pub(super) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let image = super::found(&super::folder(cmd.image, folders))?;
    let mut cmd = cmd.run;
    let plan = plan::load(folders, &cmd.profile, &cmd.scenarios)?;
    let Some(options) = lab::run::ready_for(&plan, &mut cmd.programs, cmd.no_install, true, folders)? else {
        let mut args = lab::run::arguments(&cmd, &["image", "run"], folders);
        args.extend(["--image".into(), image.into()]);
        return privilege::become_root(args);
    };
    let kernel = image.join(KERNEL);
    let (accelerator, not_kvm) = machines::accelerator(&kernel);
    let settings = Machines::one(super::boot::MEMORY_MIB, WITHIN);
    let initrd = image.join(INITRD);
    let pack =
        |errand: &Errand, place: &Path| pack(errand, place, &initrd).map_err(|error| format!("{error:#}"));
    let mut inputs = BTreeMap::new();
    for name in [DISK, INITRD, MANIFEST] {
        let hash = lab_tools::image::hash(&image, name).context("failed to read the image")?;
        inputs.insert(format!("image {name}"), hash);
    }
    let fleet = Fleet {
        kernels: vec![Kernel { name: "image".to_owned(), file: kernel }],
        machines: &settings,
        scenarios: cmd.scenarios.clone(),
        disk: Some((image.join(DISK), format!("{HOME}/lab-init"))),
        patience: if not_kvm.is_some() { PATIENCE } else { 1 },
        accelerator,
        not_kvm,
        inputs,
        pack: &pack,
    };
    let progress = Progress::new();
    let finished = lab_run::execute_machines(&plan, &options, &fleet, &progress).context("failed to run")?;
    machines::judge_and_print(finished, folders, cmd.json)
}

/// The image's first file system with the errand; what it names beside itself, the image has.
fn pack(errand: &Errand, place: &Path, initrd: &Path) -> Result<()> {
    let inside = |name: &str| format!("{}/{name}", errand::FOLDER.trim_start_matches('/'));
    let mut archive = Archive::default();
    archive.add(Entry::folder(&inside(""), 0o755));
    archive.add(Entry::file(&inside(errand::FILE), 0o644, serde_json::to_vec(errand)?));
    join(&[initrd], &archive.finish()?, place).context("failed to write the machine's archive")
}
