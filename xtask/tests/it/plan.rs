//! What `lab plan` prints is golden, as the plans of every profile.

use std::process::Command;

use crate::tree::{read, root};

#[test]
fn the_plan_of_each_profile_is_as_golden() {
    let profiles = lab_profile::list_profiles(root().as_path()).unwrap();
    assert!(!profiles.is_empty());
    for profile in profiles {
        let profile = profile.name;
        let output =
            Command::new(env!("CARGO_BIN_EXE_xtask")).args(["lab", "plan", &profile]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let golden = format!("golden/plans/{profile}.txt");
        let printed = String::from_utf8(output.stdout).unwrap();
        let advice = format!("if that is meant: cargo xtask lab plan {profile} > {golden}");
        assert!(printed == read(&golden), "the plan differs from {golden}; {advice}");
    }
}
