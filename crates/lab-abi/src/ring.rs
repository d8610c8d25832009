//! A call given to a ring of io_uring, but for an open, whose body is [`crate::open::Open`]. No texts.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// `IORING_OP_*`.
    pub operation: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Ring {}
