//! The record itself: the ordinary road of a run, on this machine, with every finished part sent out at once.

use std::{fs, path::Path};

use lab_env::{Errand, INVENTORY_DIR, errand};
use lab_run::{Inside, Interrupt, Options};

use crate::{dispatch::Dispatch, error::Error, window::Window};

/// Where subjects get their folders.
const STATE: &str = "/var/lib/sightline";
/// Where the bundle is made.
const RUNS: &str = "/run/sightline-runs";

/// Makes the record that the errand asks for.
pub(crate) fn run() -> Result<(), Error> {
    let root = Path::new(errand::FOLDER);
    let path = root.join(errand::FILE);
    let text = fs::read(&path).map_err(Error::io("read", &path))?;
    let errand: Errand = serde_json::from_slice(&text).map_err(Error::Order)?;
    let mut plan =
        lab_profile::load_plan(root.join(errand::LAB).as_path(), &errand.profile).map_err(Error::Lab)?;
    if !errand.scenarios.is_empty() {
        plan = plan.only(&errand.scenarios).map_err(Error::Lab)?;
    }
    plan.be_patient(errand.patience);
    let dispatch = Dispatch::new(Window::open()?, Path::new(RUNS));
    let options = Options {
        runs: RUNS.into(),
        state: STATE.into(),
        inventory: INVENTORY_DIR.into(),
        actor: root.join(errand::ACTOR),
        probe: root.join(errand::PROBE),
        owner: None,
        version: errand.version,
        interrupt: Interrupt::default(),
        guest: None,
        machine: Some(Inside { note: errand.note, inputs: errand.inputs }),
    };
    let finished = lab_run::execute(&plan, &options, &dispatch).map_err(Error::Run);
    dispatch.last(finished.is_ok())?;
    finished.map(drop)
}
