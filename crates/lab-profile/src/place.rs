//! Where a value came from: a place in a file, a default, or the plan's own reckoning.

use std::{fmt, ops::Deref, sync::Arc};

/// A place in a file of the project; prints as `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// path below the project's root
    pub file: Arc<str>,
    /// from 1; 0 stands for the file as a whole
    pub line: u32,
    /// in characters, from 1
    pub column: u32,
}

impl Location {
    /// The file as a whole.
    pub(crate) fn file(path: &str) -> Self {
        Self { file: path.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// Where a value came from; prints as `file:line`, `default` or `derived`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// it stands there
    Written(Location),
    /// nobody said anything
    Default,
    /// the plan follows it from other values
    Derived,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(Location { file, line: 0, .. }) => f.write_str(file),
            Self::Written(Location { file, line, .. }) => write!(f, "{file}:{line}"),
            Self::Default => f.write_str("default"),
            Self::Derived => f.write_str("derived"),
        }
    }
}

/// A value that knows where it came from; used like the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// the value
    pub value: T,
    /// where it came from
    pub place: Place,
}

impl<T> Sourced<T> {
    pub(crate) fn default(value: T) -> Self {
        Self { value, place: Place::Default }
    }
}

impl<T> Deref for Sourced<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
