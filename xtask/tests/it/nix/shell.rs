//! What is in a shell is what pins.toml says, for each profile and system.

use std::collections::BTreeSet;

use lab_model::{Pin, PinSource, Pins};

use super::Flake;
use crate::tree::root;

/// (name, version, hash, address)
type Tool = (String, String, String, String);

/// The tools of a set that are programs for an architecture.
fn pinned(pins: &Pins, set: &str, arch: &str) -> BTreeSet<Tool> {
    let fits =
        |pin: &&Pin| pins.sets[set].get(&pin.name) == Some(&pin.version) && pin.arch.as_deref() == Some(arch);
    let tool = |pin: &Pin| match &pin.source {
        PinSource::Tool { url, .. } => {
            Some((pin.name.clone(), pin.version.clone(), pin.sha256.clone(), url.clone()))
        }
        _ => None,
    };
    pins.pins.iter().filter(fits).filter_map(tool).collect()
}

/// The packages in a shell that were fetched by a hash, and the names of the others.
fn contents(flake: &Flake, shell: &str) -> (BTreeSet<Tool>, BTreeSet<String>) {
    let apply = "shell: map (p: if p ? src then [ p.pname p.version p.src.outputHash p.src.url ] else [ p.name ]) \
                 shell.nativeBuildInputs";
    let all: Vec<Vec<String>> = serde_json::from_value(flake.eval(shell, apply)).unwrap();
    let (mut fetched, mut others) = (BTreeSet::new(), BTreeSet::new());
    for package in all {
        match package.as_slice() {
            [name, version, hash, url] => {
                fetched.insert((name.clone(), version.clone(), hash.clone(), url.clone()));
            }
            [name] => drop(others.insert(name.clone())),
            other => panic!("{other:?}"),
        }
    }
    (fetched, others)
}

#[test]
fn a_shell_holds_what_pins_toml_says() {
    let Some(flake) = Flake::new("shell::a_shell_holds_what_pins_toml_says") else { return };
    let pins = lab_profile::load_pins(root().as_path()).unwrap();
    let rust = format!("rust-{}.0", env!("CARGO_PKG_RUST_VERSION"));
    for arch in ["x86_64", "aarch64"] {
        for profile in lab_profile::list_profiles(root().as_path()).unwrap() {
            let loaded = lab_profile::load_profile(root().as_path(), &profile.name).unwrap();
            let set = loaded.pins.map(|pins| pins.value);
            let expected = set.map(|set| pinned(&pins, &set, arch)).unwrap_or_default();
            let (fetched, others) = contents(&flake, &format!("devShells.{arch}-linux.{}", profile.name));
            assert_eq!(fetched, expected, "{} on {arch}", profile.name);
            assert!(others.contains(&rust) && others.contains("strace"), "{others:?}");
        }
        let (fetched, _) = contents(&flake, &format!("devShells.{arch}-linux.default"));
        let expected = pinned(&pins, "k8s-1.34", arch);
        assert_eq!(expected.len(), 5, "kind, kubectl, helm, cilium-cli and hubble");
        assert_eq!(fetched, expected, "the shell with everything on {arch}");
    }
}

#[test]
fn another_pin_is_another_shell() {
    let Some(flake) = Flake::new("shell::another_pin_is_another_shell") else { return };
    let path = |flake: &Flake| flake.eval("devShells.x86_64-linux.host", "shell: shell.drvPath");
    let before = path(&flake);
    flake.edit("profiles/01-host.toml", "pins = \"host\"", "pins = \"k8s-1.32\"");
    let other = path(&flake);
    assert_ne!(before, other);
    let pins = lab_profile::load_pins(root().as_path()).unwrap();
    let hash = &pins.of_set("k8s-1.32", "kubectl").next().unwrap().sha256;
    flake.edit("pins.toml", hash, &hash.chars().rev().collect::<String>());
    assert_ne!(path(&flake), other);
}
