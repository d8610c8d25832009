//! The resident actor and the processes through which it performs acts.
//!
//! One resident process takes [`lab_model::Order`]s as JSON lines on standard input and answers with
//! [`lab_model::Reply`]s on standard output. Each act runs in a forked child, through the chain of images that its
//! links name; every image is this same binary, and finds its orders over a descriptor that it inherits.
//!
//! The user of an act is taken by the last process before it acts; before the first set-user-id image if there is
//! one (it would undo it); where the chain itself is the act, before its last image. His groups are none but the one
//! with his number.

mod chain;
mod channel;
mod file;
mod kinds;
mod launch;
mod network;
mod own;
mod resident;
mod setid;
mod shell;

pub(crate) use chain::user_taken_before;
pub(crate) use network::ask;
pub(crate) use own::boot_ns;
pub(crate) use setid::call_raw;

/// Whether a person asks the program for its version; an image of an act is never asked, whatever its arguments.
pub fn is_asked_for_version() -> bool {
    std::env::var_os(chain::VARIABLE).is_none()
        && std::env::args_os().nth(1).is_some_and(|word| word == "--version")
}

/// Everything that the binary `lab-actor` does; returns its exit status.
pub fn main() -> i32 {
    let result = match std::env::var(chain::VARIABLE) {
        Ok(descriptors) => match chain::continue_as_image(&descriptors) {
            Err(message) => Err(message),
        },
        // Who starts a set-user-id image must not be able to give it orders.
        Err(_) if chain::elevated() => {
            Err("serve orders: a set-user-id image is no resident actor".to_owned())
        }
        Err(_) => resident::serve().map_err(|error| format!("serve orders: {error}")),
    };
    match result {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("lab-actor: failed to {message}");
            1
        }
    }
}
