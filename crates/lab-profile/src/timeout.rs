//! Lengths of time as profiles write them: `500ms`, `5s`, `2m`.

use std::time::Duration;

/// The longest that a stage may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// Reads `500ms`, `5s` or `2m`; more than nothing and at most an hour.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let length = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        _ => return None,
    };
    (!length.is_zero() && length <= LONGEST).then_some(length)
}

/// The shortest text that [`parse`] reads as `length`.
pub(crate) fn text(length: Duration) -> String {
    match length.as_millis() {
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{parse, text};

    #[test]
    fn what_is_no_timeout() {
        for bad in [
            "",
            "5",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "5 s",
            "5S",
            "61m",
            "3600001ms",
            "99999999999999999999s",
            "½s",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse("60m"), Some(Duration::from_secs(3600)));
    }

    proptest! {
        #[test]
        fn text_reads_back(ms in 1..=3_600_000u64) {
            let length = Duration::from_millis(ms);
            prop_assert_eq!(parse(&text(length)), Some(length));
        }
    }
}
