//! What `lab plan` prints is golden, as the plans of every profile.

use std::process::Command;

use crate::tree::read;

#[test]
fn the_plan_of_each_profile_is_as_golden() {
    for profile in ["host"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_xtask")).args(["lab", "plan", profile]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let golden = format!("golden/plans/{profile}.txt");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            printed == read(&golden),
            "the plan differs from {golden}; if that is meant: cargo xtask lab plan {profile} > {golden}"
        );
    }
}
