//! What a sensor has room for, where those who write its settings must know it.

/// Paths of one kind that the probe's programs compare.
pub const PROBE_PATHS: usize = 4;
/// Bytes of such a path.
pub const PROBE_PATH: usize = 126;
