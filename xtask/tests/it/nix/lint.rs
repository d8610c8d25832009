//! The flake's files and the stand-ins as nixpkgs-fmt and deadnix see them.

use rnix::Root;

use crate::tree::{Tracked, none, tracked};

fn files() -> Vec<Tracked> {
    let files: Vec<_> = tracked().into_iter().filter(|file| file.path.ends_with(".nix")).collect();
    assert!(files.iter().any(|file| file.path == "flake.nix"), "the flake is tracked");
    files
}

/// Names that nothing uses, with the byte where each stands.
fn dead(text: &str) -> Vec<String> {
    let settings = deadnix::Settings {
        no_lambda_arg: false,
        no_lambda_pattern_names: false,
        no_underscore: true,
        warn_used_underscore: false,
    };
    let root = Root::parse(text);
    assert!(root.errors().is_empty(), "{:?}", root.errors());
    settings.find_dead_code(&root.syntax()).iter().map(|dead| dead.to_string()).collect()
}

#[test]
fn they_are_formatted() {
    let wrong = files().into_iter().filter(|file| nixpkgs_fmt::reformat_string(&file.text) != file.text);
    none("nixpkgs-fmt would format it otherwise", &wrong.map(|file| file.path).collect::<Vec<_>>());
    assert_ne!(nixpkgs_fmt::reformat_string("{a=1;}\n"), "{a=1;}\n");
}

#[test]
fn they_hold_nothing_dead() {
    let wrong = files().into_iter().flat_map(|file| {
        let dead = dead(&file.text);
        dead.into_iter().map(move |what| format!("{}: {what}", file.path))
    });
    none("deadnix finds what nothing uses", &wrong.collect::<Vec<_>>());
    assert_eq!(dead("let a = 1; b = 2; in b").len(), 1);
    assert_eq!(dead("{ lib, pkgs }: lib").len(), 1);
}
