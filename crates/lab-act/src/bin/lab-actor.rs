//! Performs acts as told over stdio: see `lab_act::actor`.
//!
//! It has a C `main`, since the start-up of Rust's own opens `/proc/self/maps`, and an act's process must make no
//! call that the act does not ask for.
#![no_main]

use std::ffi::{c_char, c_int};

#[expect(unsafe_code, reason = "the name is the C library's")]
// SAFETY: nothing else in this program is called `main`.
#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    if lab_act::actor::is_asked_for_version() {
        println!("lab-actor {}", lab_model::VERSION);
        return 0;
    }
    lab_act::actor::main()
}
