//! User or group ids changed. No texts.

use crate::record::Plain;

/// The body; the head's ids are those after the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Setid {
    /// The ids before, in the order of [`crate::Head::ids`].
    pub before: [u32; 8],
    /// 1 when `before` was read at enter; else it is what it is at exit.
    pub known: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Setid {}
