//! A socket bound. Text 0 is the address as passed, a raw `sockaddr`.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bind {
    /// The socket.
    pub fd: i32,
    /// Length of the address as passed.
    pub addr_len: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Bind {}
