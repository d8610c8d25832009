//! What a bundle's folder and its files are called.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub(crate) const MANIFEST: &str = "manifest.json";
/// What a virtual machine said on its console.
pub const CONSOLE: &str = "console.log";
pub(crate) const CHAIN: &str = "chain.jsonl";
pub(crate) const VERDICTS: &str = "verdicts.jsonl";
pub(crate) const PASS: &str = "pass.json";
pub(crate) const ACTS: &str = "acts.jsonl";
pub(crate) const RECEIPTS: &str = "receipts.jsonl";
pub(crate) const WITNESSES: &str = "witnesses.jsonl";

/// The folder of a pass inside a bundle.
pub(crate) fn pass_dir(scenario: &str, pass: u32) -> PathBuf {
    Path::new(scenario).join(format!("pass-{pass}"))
}

/// The native record of an instance.
pub(crate) fn raw(scenario: &str, pass: u32, instance: &str, extension: &str) -> PathBuf {
    pass_dir(scenario, pass).join("raw").join(format!("{instance}.{extension}"))
}

/// The events of an instance.
pub(crate) fn events(scenario: &str, pass: u32, instance: &str) -> PathBuf {
    pass_dir(scenario, pass).join("events").join(format!("{instance}.parquet"))
}

/// The first of them, for people.
pub(crate) fn events_head(scenario: &str, pass: u32, instance: &str) -> PathBuf {
    pass_dir(scenario, pass).join("events").join(format!("{instance}.head.jsonl"))
}

/// True if `part` can be a file name of a bundle: it stays inside its folder and is plain in print.
pub(crate) fn is_plain(part: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    !part.is_empty() && part.len() <= 200 && !part.starts_with(['.', '-']) && part.chars().all(plain)
}

/// True if `id` can end a bundle's name: letters and digits, so that it is found behind the last dash.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `<time>-<profile>-<id>`.
pub(crate) fn folder(created: SystemTime, profile: &str, id: &str) -> String {
    let (year, month, day, [hour, minute, second]) = civil(created);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-{profile}-{id}")
}

/// `2026-11-23T06:28:08Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let (year, month, day, [hour, minute, second]) = civil(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The parts of a bundle's folder name: time, profile, id. `None` if it is none.
pub(crate) fn split(folder: &str) -> Option<(&str, &str, &str)> {
    let (time, rest) = folder.split_once('-')?;
    let (profile, id) = rest.rsplit_once('-')?;
    let digits = |part: Option<&str>| part.is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let is_time = time.len() == 16
        && digits(time.get(..8))
        && time.get(8..9) == Some("T")
        && digits(time.get(9..15))
        && time.ends_with('Z');
    (is_time && is_plain(profile) && is_id(id)).then_some((time, profile, id))
}

/// Year, month, day and time of day in UTC. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`, for days since 1970.
fn civil(time: SystemTime) -> (u64, u64, u64, [u64; 3]) {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day, [rest / 3_600, rest / 60 % 60, rest % 60])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{folder, is_plain, rfc3339, split};

    #[test]
    fn time_is_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_415_288, "2026-11-23T06:28:08Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn folders_split_as_they_were_made() {
        let name = folder(UNIX_EPOCH + Duration::from_secs(1_795_415_288), "my-host", "a1b2");
        assert_eq!(name, "20261123T062808Z-my-host-a1b2");
        assert_eq!(split(&name), Some(("20261123T062808Z", "my-host", "a1b2")));
        for other in ["latest", "20261123T062808Z-host", "20261123-host-a1", "é0261123T06280Z-host-a1"] {
            assert_eq!(split(other), None, "{other}");
        }
    }

    #[test]
    fn names_stay_inside() {
        assert!(is_plain("probe@host") && is_plain("shell-spawn"));
        for bad in ["", ".", "..", "a/b", "-x", "a\nb", "a b"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
