//! Bytes given to a socket to send. Text 0 is the address, a raw `sockaddr`. From the programs texts 1 and 2 are the
//! beginnings of the first two messages if they go to a DNS server; in a spool what was asked for in them, or nothing.

use crate::record::Plain;

/// Where [`Send::length`] is not known: more pieces than are added up.
pub const UNKNOWN: u64 = u64::MAX;

/// The port of DNS servers.
pub const DNS: u16 = 53;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Send {
    /// Bytes of the first two messages, or [`UNKNOWN`].
    pub length: u64,
    /// The socket.
    pub fd: i32,
    /// Messages of sendmmsg, else 1.
    pub messages: u32,
    /// 1 when the caller gave no address: it is the one to which the socket is connected.
    pub connected: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Send {}
