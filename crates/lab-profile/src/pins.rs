//! `pins.toml`: what the lab takes from elsewhere. Whatever could change under its name is a mistake.

mod check;
mod read;

use std::collections::BTreeMap;

use lab_model::{Pin, Pins};

use crate::{
    diagnostic::{Diagnostics, Sink},
    fields::{string, table},
    files::{Files, read_text},
    place::Location,
    suggest::{did_you_mean, expected},
    tree::{self, Entry, Table, Value},
};

/// The file, below the project's root.
pub const PINS: &str = "pins.toml";

/// A pin, and where it stands.
struct Placed {
    pin: Pin,
    at: Location,
}

/// Reads `pins.toml`.
///
/// # Errors
/// Every mistake in it.
pub fn load_pins(root: &(impl Files + ?Sized)) -> Result<Pins, Diagnostics> {
    let mut sink = Sink::default();
    let pins = load(root, None, &mut sink);
    sink.finish(pins)
}

/// The same for whoever names it at `asked`.
pub(crate) fn load(root: &(impl Files + ?Sized), asked: Option<&Location>, sink: &mut Sink) -> Option<Pins> {
    let (text, input) = read_text(root, PINS, asked, sink)?;
    let file = tree::parse(&input.path, &text, sink)?;
    let (mut placed, mut broken) = (Vec::new(), Vec::new());
    for (key, entry) in file.iter().filter(|(key, _)| *key != "set") {
        match read::kind(key) {
            Some(kind) => {
                for (table, at) in tables(key, entry, sink) {
                    match read::pin(kind, table, at, sink) {
                        Some(pin) => placed.push(Placed { pin, at: at.clone() }),
                        None => broken.push(table),
                    }
                }
            }
            None => {
                let known = || read::KINDS.into_iter().map(|(word, _)| word).chain(["set"]);
                let message = format!("unknown kind of pin `{key}`, {}", expected(known()));
                sink.push_hint(entry.key_at.clone(), message, did_you_mean(key, known()));
            }
        }
    }
    placed.sort_by_key(|placed| placed.pin.line);
    check::duplicates(&placed, sink);
    let sets = file.get("set").map(|entry| sets(entry, &placed, &broken, sink)).unwrap_or_default();
    Some(Pins { pins: placed.into_iter().map(|placed| placed.pin).collect(), sets, sha256: input.sha256 })
}

/// The tables of `[[kind]]`.
fn tables<'t>(key: &str, entry: &'t Entry, sink: &mut Sink) -> Vec<(&'t Table, &'t Location)> {
    let items = match &entry.node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.node),
    };
    let mut found = Vec::new();
    for item in items {
        match (&item.value, &entry.node.value) {
            (Value::Table(table), Value::List(_)) => found.push((table, &item.at)),
            _ => {
                let hint = format!("write `[[{key}]]` above each of them");
                sink.push_hint(item.at.clone(), format!("`{key}` is no list of tables"), Some(hint));
            }
        }
    }
    found
}

/// Sets by name. Of a pin that could not be read, enough is said already.
fn sets(
    entry: &Entry,
    placed: &[Placed],
    broken: &[&Table],
    sink: &mut Sink,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sets = BTreeMap::new();
    let is_broken = |pin: &str| {
        let named = |table: &&Table| {
            table
                .get("name")
                .is_some_and(|entry| matches!(&entry.node.value, Value::String(name) if name == pin))
        };
        broken.iter().any(named)
    };
    let Some(all) = table(&entry.node, "set", sink) else { return sets };
    for (name, entry) in all {
        let Some(versions) = table(&entry.node, name, sink) else { continue };
        let mut set = BTreeMap::new();
        for (pin, entry) in versions {
            if let Some(version) = string(&entry.node, pin, sink) {
                if !is_broken(pin) {
                    check::is_pinned(pin, version, entry, placed, sink);
                }
                set.insert(pin.clone(), version.to_owned());
            }
        }
        sets.insert(name.clone(), set);
    }
    sets
}
