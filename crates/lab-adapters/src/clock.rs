//! A foreign record's wall clock moved to the boot clock.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// How the wall clock of a record stands to the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// wall clock less boot clock, in nanoseconds
    pub offset_ns: i128,
    /// bound of its error in nanoseconds
    pub error_ns: u64,
}

impl Clock {
    /// A moment of the wall clock on the boot clock.
    pub(crate) fn boot(self, wall_ns: u64) -> u64 {
        u64::try_from(i128::from(wall_ns).saturating_sub(self.offset_ns).max(0)).unwrap_or(u64::MAX)
    }
}

/// Nanoseconds since the epoch of a time as RFC 3339 has it, `2023-08-21T12:12:13.517394084Z`.
pub(crate) fn wall(text: &str) -> Option<u64> {
    u64::try_from(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::wall;

    #[test]
    fn times() {
        assert_eq!(wall("1970-01-01T00:20:34.567800Z"), Some(1_234_567_800_000));
        assert_eq!(wall("1970-01-01T01:00:00+01:00"), Some(0));
        for wrong in ["", "1969-12-31T23:59:59Z", "2023-13-01T00:00:00Z", "now"] {
            assert_eq!(wall(wrong), None, "{wrong}");
        }
    }
}
