//! `image boot`: the image at a person's terminal, or until it asks who logs in.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use lab_env::{
    INVENTORY_DIR,
    vm::{Machine, Rack, last_words},
};
use lab_tools::image::{DISK, INITRD, KERNEL};

use crate::{
    lab::{machines, run::state},
    privilege,
    progress::Progress,
    root::Folders,
    setup,
};

/// What the console says once somebody can log in.
const READY: &str = "sightline login:";
/// How long that may take by translation.
const WITHIN: Duration = Duration::from_secs(600);
/// How long one wait for the machine lasts until its console is read again.
const SLICE: Duration = Duration::from_millis(200);
/// Memory of a machine with a whole Debian, MiB.
pub(super) const MEMORY_MIB: u32 = 2048;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Folder of the image [default: target/image]
    #[arg(long, value_name = "DIR")]
    image: Option<PathBuf>,
    /// Without a terminal: boot until somebody could log in, say how long it took, and end it
    #[arg(long)]
    check: bool,
}

pub(super) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let image = super::found(&super::folder(cmd.image, folders))?;
    setup::meet(
        folders,
        lab_tools::setup::Needs { qemu: true, mounts: true, ..lab_tools::setup::Needs::NONE },
        false,
    )?;
    if !privilege::is_root() {
        let mut args = vec!["image".into(), "boot".into(), "--image".into(), image.into()];
        args.extend(cmd.check.then(|| "--check".into()));
        return privilege::become_root(args);
    }
    let kernel = image.join(KERNEL);
    let (accelerator, _) = machines::accelerator(&kernel);
    let machine = Machine {
        name: "image".to_owned(),
        kernel,
        root: image.join(INITRD),
        disk: Some((image.join(DISK), "/sbin/init".to_owned())),
        accelerator,
        memory_mib: MEMORY_MIB,
        cpus: 1,
    };
    let state = state();
    lab_run::with_inventory(
        "image boot",
        (Path::new(INVENTORY_DIR), &state),
        &Progress::aside(),
        |id, inventory| -> Result<ExitCode> {
            let rack = Rack::up(inventory, &state, id)?;
            let done = if cmd.check { check(&rack, &machine) } else { at_terminal(&rack, &machine) };
            let down = rack.down();
            let done = done?;
            down?;
            Ok(done)
        },
    )
}

fn at_terminal(rack: &Rack, machine: &Machine) -> Result<ExitCode> {
    match rack.at_terminal(machine)? {
        Some(0) => Ok(ExitCode::SUCCESS),
        code => bail!("failed to boot the image: QEMU ended with {code:?}"),
    }
}

fn check(rack: &Rack, machine: &Machine) -> Result<ExitCode> {
    let began = Instant::now();
    let mut vm = rack.start(machine)?;
    loop {
        let ended = vm.wait(SLICE)?;
        let said = fs::read(vm.console()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        if said.contains(READY) {
            vm.stop()?;
            println!("ready to log in after {:.0} s", began.elapsed().as_secs_f64());
            return Ok(ExitCode::SUCCESS);
        }
        if ended.is_some() || began.elapsed() > WITHIN {
            vm.stop()?;
            let last = last_words(&said).unwrap_or_else(|| "nothing".to_owned());
            let how = ended.map_or_else(
                || format!("it was not ready within {WITHIN:?}"),
                |ended| format!("it ended: {ended:?}"),
            );
            return Err(anyhow::anyhow!("{how}; its last words: {last}")).context("failed to boot the image");
        }
    }
}
