//! Marks: what a golden allows to differ, line by line.

use std::fmt;

use lab_model::Freedom;

use crate::Rate;

/// What may differ about a line. Each costs something of what the golden promises, so each stands in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// `unordered`, `optional`, `at-most N`: the scenario says so
    pub free: Freedom,
    /// `unstable k/N`: measured by a bless of N runs, it held in k. It may be absent, elsewhere among its siblings, or
    /// have other anchors and exceptions.
    pub unstable: Option<Rate>,
}

impl Marks {
    /// True if nothing may differ.
    pub fn is_strict(self) -> bool {
        self == Self::default()
    }

    /// True if the line need not be there.
    pub(crate) fn may_be_absent(self) -> bool {
        self.unstable.is_some() || self.free.optional || self.free.at_most.is_some()
    }

    /// True if its place among its siblings says nothing.
    pub(crate) fn has_no_place(self) -> bool {
        self.unstable.is_some() || self.free.unordered || self.free.at_most.is_some()
    }

    /// The names of those that differ, as differences call them.
    pub(crate) fn differing(self, other: Self) -> Vec<&'static str> {
        let differs = [
            ("unordered", self.free.unordered != other.free.unordered),
            ("optional", self.free.optional != other.free.optional),
            ("at-most", self.free.at_most != other.free.at_most),
            ("unstable", self.unstable != other.unstable),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// As they stand after a line's other annotations; empty if there is none.
impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = Some(self.free.to_string()).filter(|free| !free.is_empty());
        let unstable = self.unstable.map(|rate| format!("unstable {rate}"));
        f.write_str(&free.into_iter().chain(unstable).collect::<Vec<_>>().join(", "))
    }
}
