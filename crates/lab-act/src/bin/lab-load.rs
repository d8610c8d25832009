//! Workloads for `cargo xtask bench sensors`, see `lab_act::load`. Never part of a scenario.

fn main() {
    std::process::exit(lab_act::load::main());
}
