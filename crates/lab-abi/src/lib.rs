//! The structs that the eBPF programs and their reader share: no_std, `repr(C)`, no padding.
//!
//! One module per event kind that has a program of its own, named like the program file that fills it. The others
//! have no body: their arguments are in the head.
#![no_std]

pub mod accept;
pub mod bind;
pub mod call;
pub mod connect;
pub mod connect_later;
pub mod counts;
pub mod data;
pub mod exec;
pub mod exit;
pub mod filter;
pub mod fork;
pub mod offsets;
pub mod open;
pub mod record;
pub mod rename;
pub mod ring;
pub mod send;
pub mod setid;
pub mod stub;
pub mod unlink;

pub use call::{Call, Descriptor, TextAt};
pub use counts::{Cause, Counts, Loss, LossRecord};
pub use filter::FileKey;
pub use offsets::Offsets;
pub use record::{Head, Kind, Plain, Slot, flag, read};
