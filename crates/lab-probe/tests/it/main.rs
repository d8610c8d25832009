//! The probe on the real kernel: what a subject does is what the events say.

mod accept;
mod adverse;
mod balance;
mod balance_of_calls;
mod bind;
mod connect;
mod errors;
mod exec;
mod exit;
mod file_calls;
mod fork;
mod kernel_calls;
mod killed;
mod lab;
mod namespace;
mod network_calls;
mod open;
mod process_calls;
mod races;
mod rename;
mod ring;
mod scope;
mod setid;
mod unlink;
