//! `chain.jsonl`: one line per file; each line's link hashes the link before it and the line itself.
//!
//! A line is `{"path":..,"bytes":..,"sha256":..,"prev":..,"link":..}` exactly as `serde_json` writes it; `link` is
//! SHA-256, in hexadecimal, of `prev` followed by the line without its `link` member. The first `prev` is 64 zeros.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::VerifyError;

/// What stands before the first link.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One file as it was when it was chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// path inside the bundle, with `/`
    pub(crate) path: String,
    /// size
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal
    pub(crate) sha256: String,
}

/// Entries with the link of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    entries: Vec<Entry>,
    links: Vec<String>,
}

#[derive(Serialize)]
struct Unlinked<'a> {
    path: &'a str,
    bytes: u64,
    sha256: &'a str,
    prev: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: String,
    bytes: u64,
    sha256: String,
    prev: String,
    link: String,
}

impl Chain {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.links.push(link(self.prev(), &entry));
        self.entries.push(entry);
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The last link; `None` of an empty chain.
    pub(crate) fn head(&self) -> Option<&str> {
        self.links.last().map(String::as_str)
    }

    /// The link of the entry before the last.
    pub(crate) fn head_before(&self) -> Option<&str> {
        self.links.iter().nth_back(1).map(String::as_str)
    }

    fn prev(&self) -> &str {
        self.head().unwrap_or(START)
    }

    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        let mut prev = START;
        for (entry, link) in self.entries.iter().zip(&self.links) {
            let line = line_of(entry, prev, link);
            out.push_str(&line);
            out.push('\n');
            prev = link;
        }
        out
    }

    /// Reads a chain; every link must follow, and every byte must be as [`Chain::render`] writes it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, VerifyError> {
        let mut chain = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let number = chain.entries.len() + 1;
            let wrong = |problem: String| VerifyError::Chain { line: number, problem };
            let end = rest.iter().position(|b| *b == b'\n').ok_or_else(|| wrong("cut off".into()))?;
            let (text, after) = (&rest[..end], &rest[end + 1..]);
            let line: Line = serde_json::from_slice(text).map_err(|e| wrong(format!("not a link: {e}")))?;
            let entry = Entry { path: line.path, bytes: line.bytes, sha256: line.sha256 };
            let expected = link(chain.prev(), &entry);
            if line.prev != chain.prev() || line.link != expected {
                return Err(VerifyError::BrokenLink {
                    line: number,
                    path: entry.path,
                    expected,
                    found: line.link,
                });
            }
            if line_of(&entry, &line.prev, &line.link).as_bytes() != text {
                return Err(wrong("not written as a chain is".into()));
            }
            chain.push(entry);
            rest = after;
        }
        if chain.entries.is_empty() {
            return Err(VerifyError::Chain { line: 1, problem: "no links".into() });
        }
        Ok(chain)
    }
}

fn line_of(entry: &Entry, prev: &str, link: &str) -> String {
    let mut line = unlinked(entry, prev);
    line.pop();
    // A link is hexadecimal: nothing in it needs an escape.
    let _ = write!(line, r#","link":"{link}"}}"#);
    line
}

fn unlinked(entry: &Entry, prev: &str) -> String {
    let line = Unlinked { path: &entry.path, bytes: entry.bytes, sha256: &entry.sha256, prev };
    serde_json::to_string(&line).expect("strings and a number are always JSON")
}

fn link(prev: &str, entry: &Entry) -> String {
    let mut hasher = Sha256::new();
    hasher.update(prev);
    hasher.update(unlinked(entry, prev));
    hex(&hasher.finalize())
}

/// SHA-256 in lower case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{Chain, Entry, sha256_hex};

    fn chain(paths: &[String]) -> Chain {
        let mut chain = Chain::default();
        for path in paths {
            let (bytes, sha256) = (path.len() as u64, sha256_hex(path.as_bytes()));
            chain.push(Entry { path: path.clone(), bytes, sha256 });
        }
        chain
    }

    #[test]
    fn a_link_is_what_the_format_says() {
        let one = chain(&["a".into()]);
        let zeros = "0".repeat(64);
        let line = format!(r#"{{"path":"a","bytes":1,"sha256":"{}","prev":"{zeros}"}}"#, sha256_hex(b"a"));
        assert_eq!(one.head().unwrap(), sha256_hex(format!("{zeros}{line}").as_bytes()));
    }

    proptest::proptest! {
        #[test]
        fn reads_what_it_writes(paths in proptest::collection::vec(".{0,8}", 1..6)) {
            let chain = chain(&paths);
            assert_eq!(Chain::parse(chain.render().as_bytes()).unwrap(), chain);
        }

        #[test]
        fn any_changed_byte_is_found(
            paths in proptest::collection::vec("[a-z/\"]{0,8}", 1..4),
            at: proptest::sample::Index,
            xor in 1u8..,
        ) {
            let mut bytes = chain(&paths).render().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= xor;
            assert!(Chain::parse(&bytes).is_err());
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = Chain::parse(&bytes);
        }
    }
}
