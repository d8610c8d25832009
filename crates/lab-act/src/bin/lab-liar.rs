//! Claims acts and performs none: the verifier's own test subject, see `lab_act::liar`. Never part of a lab.

fn main() {
    std::process::exit(lab_act::liar::main());
}
