//! `pins list`: each pin with its version, its hash and the sets that it is in.

use std::process::ExitCode;

use anyhow::Result;
use lab_model::{Pin, Pins};

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Only the pins of this set
    #[arg(long, value_name = "SET")]
    set: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let mut pins = super::load(folders)?;
    if let Some(set) = &cmd.set {
        if !pins.sets.contains_key(set) {
            let known: Vec<&str> = pins.sets.keys().map(String::as_str).collect();
            anyhow::bail!("no set of pins is called {set:?}: there are {}", known.join(", "));
        }
        let sets = std::mem::take(&mut pins.sets);
        pins.sets = sets.into_iter().filter(|(name, _)| name == set).collect();
        let is_in = |pin: &Pin| !sets_of(&pins, pin).is_empty();
        let kept = pins.pins.iter().filter(|pin| is_in(pin)).cloned().collect();
        pins.pins = kept;
    }
    if cmd.json {
        println!("{}", serde_json::to_string_pretty(&pins)?);
        return Ok(ExitCode::SUCCESS);
    }
    for pin in &pins.pins {
        println!("{}", row(&pins, pin));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(pins: &Pins, pin: &Pin) -> String {
    let Pin { name, version, sha256, .. } = pin;
    let arch = pin.arch.as_deref().unwrap_or("any");
    let sets = sets_of(pins, pin).join(",");
    // The longest version is an image's tag with a commit in it: it may stand out.
    format!("{:<9} {name:<27} {version:<18} {arch:<7} {sha256} {sets}", pin.source.word())
        .trim_end()
        .to_owned()
}

fn sets_of<'p>(pins: &'p Pins, pin: &Pin) -> Vec<&'p str> {
    let named = pins.sets.iter().filter(|(_, set)| set.get(&pin.name) == Some(&pin.version));
    named.map(|(name, _)| name.as_str()).collect()
}
