//! The built eBPF object is what its sources make, bit by bit.

use std::process::Command;

#[test]
fn bpf_verify_builds_the_same_object_twice() {
    let xtask = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().unwrap();
    let missing = xtask(&["setup", "--dev", "--no-install"]);
    if !missing.status.success() {
        let why = String::from_utf8_lossy(&missing.stderr);
        println!("SKIP object::bpf_verify_builds_the_same_object_twice: {}", why.replace('\n', " "));
        return;
    }
    let output = xtask(&["bpf", "verify"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    // Another toolchain builds another object: then nothing is claimed, and nothing is tested.
    if said.starts_with("not compared") {
        println!("SKIP object::bpf_verify_builds_the_same_object_twice: {}", said.trim());
        return;
    }
    assert!(said.starts_with("same: "), "{said}{errors}");
}
