//! The project's own files: each one in profiles/ and scenarios/ is a test.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use lab_profile::{Files, lint, list_profiles, list_scenarios, load_plan, load_scenario};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_scenario_loads() {
    let root = root();
    let names = list_scenarios(root.as_path()).unwrap();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let scenario = load_scenario(root.as_path(), &name).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let notes: Vec<_> = lint(&scenario).iter().map(ToString::to_string).collect();
        assert_eq!(notes, Vec::<String>::new());
    }
}

#[test]
fn every_profile_loads_by_name_and_phase() {
    let root = root();
    for profile in list_profiles(root.as_path()).unwrap() {
        let plan = load_plan(root.as_path(), &profile.name).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(plan, load_plan(root.as_path(), &profile.phase.to_string()).unwrap());
    }
}

#[test]
fn every_fragment_is_inherited_and_every_scenario_used() {
    let root = root();
    let mut used = BTreeSet::new();
    for profile in list_profiles(root.as_path()).unwrap() {
        let plan = load_plan(root.as_path(), &profile.name).unwrap();
        used.extend(plan.inputs.iter().map(|input| input.path.to_string()));
    }
    for folder in ["profiles", "profiles/base", "scenarios"] {
        for name in root.as_path().names(folder).unwrap() {
            let path = format!("{folder}/{name}");
            assert!(!path.ends_with(".toml") || used.contains(&path), "no profile uses {path}");
        }
    }
}
