//! Every output evaluates; what is misspelt or has no hash does not.

use super::{Flake, stderr};

const SYSTEMS: [&str; 2] = ["aarch64-linux", "x86_64-linux"];

#[test]
fn all_outputs_evaluate_for_both_systems() {
    let Some(flake) = Flake::new("evaluate::all_outputs_evaluate_for_both_systems") else { return };
    let checked = flake.check();
    assert!(checked.status.success(), "{}", stderr(&checked));
    let shown = flake.with_stubs(&["flake", "show", "--json", "{flake}"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("nix flake show prints JSON");
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
    };
    let profiles = lab_profile::list_profiles(crate::tree::root().as_path()).unwrap();
    let mut shells: Vec<_> =
        profiles.into_iter().map(|profile| profile.name).chain(["default".into()]).collect();
    shells.sort();
    for system in SYSTEMS {
        assert_eq!(names(&shown["devShells"][system]), shells, "a shell for each profile");
        // Which kernels there are, kernels.rs looks at.
        let mut packages = names(&shown["packages"][system]);
        packages.retain(|name| !name.starts_with("kernel-") || name == "kernel-headers");
        let programs = ["lab", "lab-actor", "lab-poll", "lab-probe", "xtask"];
        let others = ["default", "ebpf", "image-lab-probe", "kernel-headers"];
        assert_eq!(packages, [&others[..], &programs].concat(), "{system}");
        assert_eq!(names(&shown["apps"][system]), ["default", "lab"]);
        assert_eq!(names(&shown["checks"][system]), ["clippy", "format", "goldens", "host", "nix", "tests"]);
        assert_eq!(shown["formatter"][system]["name"], "nixpkgs-fmt");
    }
    assert_eq!(names(&shown["nixosModules"]), ["default", "sightline"]);
    assert_eq!(names(&shown["nixosConfigurations"]), ["lab"]);
}

#[test]
fn what_is_misspelt_does_not_evaluate() {
    let Some(flake) = Flake::new("evaluate::what_is_misspelt_does_not_evaluate") else { return };
    let cases = [
        // a package, a function of nixpkgs, one of its library, of crane, of the overlay
        ("nix/shells.nix", "pkgs.strace", "pkgs.stracee", "attribute 'stracee' missing"),
        ("nix/shells.nix", "pkgs.mkShell", "pkgs.mkShel", "attribute 'mkShel' missing"),
        ("nix/shells.nix", "lib.removeSuffix", "lib.removeSufix", "attribute 'removeSufix' missing"),
        ("nix/checks.nix", "craneLib.cargoFmt", "craneLib.cargoFormat", "attribute 'cargoFormat' missing"),
        ("nix/packages.nix", "buildLayeredImage", "buildLayerdImage", "attribute 'buildLayerdImage' missing"),
        ("nix/kernels.nix", "pkgs.lz4", "pkgs.lz44", "attribute 'lz44' missing"),
        ("nix/kernels.nix", "plain file", "file", "illegal character '~'"),
        ("nix/rust.nix", "rust-bin.stable", "rust-bin.stabel", "attribute 'stabel' missing"),
        ("nix/rust.nix", "\"rust-src\"", "\"rust-sorce\"", "a component that Rust does not have: rust-sorce"),
        // an option of NixOS, one of our own, a default of a wrong type, one without description
        ("nix/lab.nix", "security.auditd", "security.audit", "there is no option security.audit.enable"),
        ("nix/lab.nix", "sightline.enable", "sightline.enabled", "no option services.sightline.enabled"),
        ("nix/module.nix", "default = 1024", "default = 0", "the option .services.sightline.threads is no"),
        ("nix/module.nix", "description = \"How many", "summary = \"How many", "threads is no"),
        // only the machine of the test sets it
        ("nix/host-test.nix", "memorySize", "memSize", "there is no option virtualisation.memSize"),
        // a set that pins.toml does not have
        ("profiles/01-host.toml", "pins = \"host\"", "pins = \"hots\"", "attribute 'hots' missing"),
    ];
    for (file, from, to, why) in cases {
        let text = std::fs::read(flake.file(file)).unwrap();
        flake.edit(file, from, to);
        let checked = flake.check();
        assert!(!checked.status.success(), "{file} with {to} evaluates");
        assert!(stderr(&checked).contains(why), "{file} with {to}: {}", stderr(&checked));
        std::fs::write(flake.file(file), text).unwrap();
    }
    assert!(flake.check().status.success(), "without the mistakes it evaluates again");
}

#[test]
fn a_tool_without_its_hash_does_not_evaluate() {
    let Some(flake) = Flake::new("evaluate::a_tool_without_its_hash_does_not_evaluate") else { return };
    let pins = lab_profile::load_pins(crate::tree::root().as_path()).unwrap();
    let pin = pins.of_set("k8s-1.34", "kind").next().expect("kind is pinned");
    let line = format!("sha256 = \"{}\"\n", pin.sha256);
    flake.edit("pins.toml", &line, "");
    let checked = flake.check();
    assert!(!checked.status.success() && stderr(&checked).contains("attribute 'sha256' missing"));
    flake.edit("pins.toml", "verified = ", &format!("sha256 = \"{}\"\nverified = ", &pin.sha256[1..]));
    let checked = flake.check();
    assert!(!checked.status.success(), "a hash of 63 digits evaluates");
}

#[test]
fn the_lock_is_that_of_the_inputs() {
    let Some(flake) = Flake::new("evaluate::the_lock_is_that_of_the_inputs") else { return };
    let metadata =
        |flake: &Flake| flake.nix(&["flake", "metadata", "--json", "--no-update-lock-file", "{flake}"]);
    let read = metadata(&flake);
    assert!(read.status.success(), "{}", stderr(&read));
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    let nodes = read["locks"]["nodes"].as_object().unwrap();
    let inputs: Vec<&str> = nodes.keys().map(String::as_str).filter(|name| *name != "root").collect();
    assert_eq!(inputs, ["crane", "nixpkgs", "rust-overlay"]);
    for name in inputs {
        let locked = &nodes[name]["locked"];
        let is_whole =
            |key: &str, length: usize| locked[key].as_str().is_some_and(|text| text.len() == length);
        assert!(is_whole("rev", 40) && is_whole("narHash", 51), "{name}: {locked}");
    }
    flake.edit("flake.nix", "github:ipetkov/crane", "github:ipetkov/crane/other");
    assert!(!metadata(&flake).status.success(), "an input that is not locked is not noticed");
}

#[test]
fn the_service_is_hardened_and_knows_the_probes_options() {
    let Some(flake) = Flake::new("evaluate::the_service_is_hardened_and_knows_the_probes_options") else {
        return;
    };
    let settings = flake.eval(
        "nixosConfigurations.lab.config.system.build.toplevel",
        "system: builtins.fromJSON (builtins.unsafeDiscardStringContext system.settings)",
    );
    let value = |name: &str| {
        let path = serde_json::json!(["systemd", "services", "sightline-probe", "serviceConfig", name]);
        let set = settings["set"].as_array().unwrap().iter().find(|leaf| leaf["path"] == path);
        set.unwrap_or_else(|| panic!("{name} is not set"))["value"].clone()
    };
    for name in
        ["NoNewPrivileges", "PrivateNetwork", "ProtectHome", "RestrictNamespaces", "MemoryDenyWriteExecute"]
    {
        assert_eq!(value(name), true, "{name}");
    }
    assert_eq!(value("ProtectSystem"), "strict");
    let capabilities = serde_json::json!(["CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]);
    assert_eq!(value("CapabilityBoundingSet"), capabilities);
    let start = value("ExecStart");
    let words: Vec<&str> = start.as_str().unwrap().split(' ').collect();
    assert_eq!(words[1], "record");
    let options: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix("--")).collect();
    assert_eq!(options, ["scope", "spool", "ring-bytes", "threads"]);
    let probe = crate::tree::read("crates/lab-probe/src/main.rs");
    for option in options {
        let field = format!("{}: ", option.replace('-', "_"));
        let is_there = probe.lines().any(|line| line.trim_start().starts_with(&field));
        assert!(is_there, "lab-probe record has no --{option}");
    }
}
