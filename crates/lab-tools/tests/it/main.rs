//! Doctor and set-up on machines that are made up, and on the one at hand.

mod doctor;
mod machine;
mod setup;
