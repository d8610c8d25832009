//! The end of a process. No texts.

use crate::record::Plain;

/// The body.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Wait status: signal in the low seven bits, core flag 0x80, code in bits 8 to 15.
    pub status: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Exit {}
