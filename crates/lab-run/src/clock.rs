//! The boot clock, and how far the wall clock is from it.

use std::{io, time::Duration};

use lab_adapters::Clock;
use nix::time::{ClockId, clock_gettime};

use crate::RunError;

fn read(clock: ClockId) -> Result<u64, RunError> {
    let time = clock_gettime(clock)
        .map_err(|error| RunError::Call { doing: "read a clock", source: io::Error::from(error) })?;
    Ok(u64::try_from(Duration::from(time).as_nanos()).unwrap_or(u64::MAX))
}

/// Nanoseconds since boot.
pub(crate) fn boot_ns() -> Result<u64, RunError> {
    read(ClockId::CLOCK_BOOTTIME)
}

/// How the wall clock stands to the boot clock: both are read together, the error is the time that it took.
pub(crate) fn wall_offset() -> Result<Clock, RunError> {
    let before = boot_ns()?;
    let wall = read(ClockId::CLOCK_REALTIME)?;
    let after = boot_ns()?;
    let offset_ns = i128::from(wall) - i128::from(before.midpoint(after));
    Ok(Clock { offset_ns, error_ns: after - before })
}
