//! The structs that the eBPF programs and their reader share: no_std, `repr(C)`, no padding.
//!
//! One module per event kind that has a program of its own, named like the program file that fills it. The others
//! have no body: their arguments are in the head.
#![no_std]

pub mod accept;
pub mod bind;
pub mod call;
pub mod connect;
pub mod counts;
pub mod exec;
pub mod exit;
pub mod fork;
pub mod offsets;
pub mod open;
pub mod record;
pub mod rename;
pub mod send;
pub mod setid;
pub mod unlink;

pub use call::{Call, Descriptor, TextAt};
pub use counts::{Cause, Counts, Loss, LossRecord};
pub use offsets::Offsets;
pub use record::{Head, Kind, Plain, Slot, flag, read};
