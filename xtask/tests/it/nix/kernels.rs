//! The kernels that can be built are those of pins.toml, on systems that have one.

use lab_model::PinSource;
use serde_json::json;

use super::Flake;
use crate::tree::root;

#[test]
fn a_kernel_is_the_package_that_pins_toml_names() {
    let Some(flake) = Flake::new("kernels::a_kernel_is_the_package_that_pins_toml_names") else { return };
    let pins = lab_profile::load_pins(root().as_path()).unwrap();
    let release = |name: &str| {
        let (_, rest) = name.strip_prefix("linux-")?.split_once('-')?;
        let mut numbers = rest.split('.');
        Some(format!("{}_{}", numbers.next()?, numbers.next()?))
    };
    for (system, arch) in [("x86_64-linux", "amd64"), ("aarch64-linux", "arm64")] {
        let mut expected: Vec<_> = pins
            .pins
            .iter()
            .filter(|pin| {
                matches!(pin.source, PinSource::Package { .. }) && pin.arch.as_deref() == Some(arch)
            })
            .filter_map(|pin| Some(json!([format!("kernel-{}", release(&pin.name)?), pin.sha256])))
            .collect();
        expected.sort_by_key(ToString::to_string);
        let all = flake.eval(
            &format!("packages.{system}"),
            "all: map (name: [ name all.${name}.src.outputHash ]) \
             (builtins.filter (name: builtins.match \"kernel-[0-9_]+\" name != null) (builtins.attrNames all))",
        );
        let mut all = all.as_array().unwrap().clone();
        all.sort_by_key(ToString::to_string);
        assert_eq!(all, expected, "{system}");
        // What was not published for a system is absent there, and what needs no kernel is not.
        assert_eq!(expected.is_empty(), system == "aarch64-linux");
    }
}

#[test]
fn what_rests_on_a_kernel_changes_with_its_pin() {
    let Some(flake) = Flake::new("kernels::what_rests_on_a_kernel_changes_with_its_pin") else { return };
    let path = |name: &str| flake.eval(&format!("packages.x86_64-linux.{name}"), "package: package.drvPath");
    let names = ["kernel-6_12", "kernel-btf-6_12", "kernel-btf-6_1", "kernel-headers"];
    let before = names.map(path);
    let pins = lab_profile::load_pins(root().as_path()).unwrap();
    let pin = pins.pins.iter().find(|pin| pin.name.starts_with("linux-image-6.12.")).expect("6.12 is pinned");
    flake.edit("pins.toml", &pin.sha256, &pin.sha256.chars().rev().collect::<String>());
    let changed: Vec<bool> =
        names.map(path).iter().zip(&before).map(|(after, before)| after != before).collect();
    assert_eq!(changed, [true, true, false, false]);
}
