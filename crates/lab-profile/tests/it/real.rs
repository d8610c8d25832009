//! The project's own files: each one in profiles/ and scenarios/ is a test.

use std::path::{Path, PathBuf};

use lab_profile::{lint, list_profiles, list_scenarios, load_plan, load_scenario};

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
        println!("{}", plan.to_text());
        assert_eq!(plan, load_plan(root.as_path(), &profile.phase.to_string()).unwrap());
    }
}
