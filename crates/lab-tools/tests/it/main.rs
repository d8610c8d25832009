//! Doctor, set-up and fetching, on machines that are made up, and on the one at hand.

mod archive;
mod doctor;
mod fetch;
mod image;
mod machine;
mod server;
mod setup;
