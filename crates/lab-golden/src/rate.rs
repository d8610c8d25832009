//! How often something held, and what that says of how often it will.

use std::fmt;

/// `held` of `of` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// in how many it held
    pub held: u32,
    /// of how many
    pub of: u32,
}

/// The normal distribution's quantile for 95 %, both sides.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// True if it held each time.
    pub fn is_whole(self) -> bool {
        self.held == self.of
    }

    /// The share, 0 to 1. Of no runs it is 1: nothing spoke against it.
    pub fn share(self) -> f64 {
        if self.of == 0 { 1.0 } else { f64::from(self.held) / f64::from(self.of) }
    }

    /// The interval, 0 to 1, in which the true share lies in 95 of 100 such measurements: Wilson's score interval
    /// (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927), which stays sensible at 0 and at 1, unlike the usual one.
    pub fn wilson(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, share) = (f64::from(self.of), self.share());
        let middle = share + Z * Z / (2.0 * n);
        let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        // At the ends rounding alone could leave the share outside of its interval.
        let (low, high) = ((middle - spread) / scale, (middle + spread) / scale);
        (if self.held == 0 { 0.0 } else { low }, if self.is_whole() { 1.0 } else { high })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.held, self.of))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Rate;

    #[track_caller]
    fn interval(held: u32, of: u32, low: f64, high: f64) {
        let found = Rate { held, of }.wilson();
        assert!((found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5, "{held}/{of}: {found:?}");
    }

    #[test]
    fn known_intervals() {
        // R: prop.test(x, n, correct = FALSE)$conf.int
        interval(100, 100, 0.9630, 1.0);
        interval(99, 100, 0.9455, 0.9982);
        interval(0, 10, 0.0, 0.2775);
        interval(5, 10, 0.2366, 0.7634);
        interval(1, 1, 0.2065, 1.0);
        interval(0, 0, 0.0, 1.0);
    }

    proptest! {
        #[test]
        fn the_share_lies_inside_and_more_runs_say_more(held in 0..500u32, more in 0..500u32) {
            let rate = Rate { held, of: held + more };
            let (low, high) = rate.wilson();
            prop_assert!(0.0 <= low && low <= high && high <= 1.0, "{low} {high}");
            prop_assert!(rate.of == 0 || (low <= rate.share() && rate.share() <= high), "{low} {high}");
            let (low2, high2) = Rate { held: 2 * held, of: 2 * rate.of }.wilson();
            prop_assert!(rate.of == 0 || high2 - low2 < high - low);
        }
    }
}
