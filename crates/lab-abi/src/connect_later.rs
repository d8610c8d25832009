//! How a connect ended that had returned before it was known. No texts; the head is that of the call's own record,
//! but for `seq`, `cpu` and `exit`.

use crate::record::Plain;

/// State of a socket that is being connected.
pub const CONNECTING: u32 = 2;
/// State of a socket that is connected.
pub const CONNECTED: u32 = 1;
/// State of a socket that is not connected any more.
pub const CLOSED: u32 = 7;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectLater {
    /// Number of the call's record on its CPU.
    pub seq: u64,
    /// That CPU.
    pub cpu: u32,
    /// [`CONNECTED`] or [`CLOSED`].
    pub state: u32,
    /// The socket's error; 0 beside [`CLOSED`]: the caller closed it before it was known.
    pub error: u32,
    /// Zero.
    pub reserved: u32,
    /// How many programs wanted to tell it: the first does.
    pub taken: u64,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for ConnectLater {}
