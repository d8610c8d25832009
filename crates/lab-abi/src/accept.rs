//! A connection accepted. Text 0 is the peer's address, a raw `sockaddr`, when the caller asked for it.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Accept {
    /// The socket that listens.
    pub fd: i32,
    /// Length of the address as the kernel returned it; 0 when the caller did not ask.
    pub addr_len: u32,
    /// Flags of accept4.
    pub flags: u64,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Accept {}
