//! Markers: names that the reader was asked to watch for, each answered once when a record carries it.

use crate::record::{Record, strings};

/// Names asked for and not yet seen.
#[derive(Debug, Default)]
pub(crate) struct Markers {
    wanted: Vec<String>,
}

/// A marker that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: String,
    /// boot clock of the event, ns
    pub(crate) ns: u64,
}

impl Markers {
    /// Asks for a name.
    pub(crate) fn want(&mut self, name: &str) {
        if !name.is_empty() {
            self.wanted.push(name.to_owned());
        }
    }

    /// The names that this record carries; they are not asked for any more.
    pub(crate) fn look(&mut self, record: &Record<'_>, bytes: &[u8], seen: &mut Vec<Seen>) {
        if self.wanted.is_empty() {
            return;
        }
        self.wanted.retain(|name| {
            let carries = |range: std::ops::Range<usize>| {
                bytes[range].windows(name.len()).any(|window| window == name.as_bytes())
            };
            let found = strings(record).into_iter().any(carries);
            if found {
                seen.push(Seen { name: name.clone(), ns: record.head.exit });
            }
            !found
        });
    }
}
