//! The lines of a tree by their text: where each begins, what stands below it, and fingerprints of both.
//!
//! Nothing is understood here. A line's content is what stands right of its indentation; its fingerprint, and that of
//! all below it, say whether two lines can be the same without looking at them again. Fingerprints have 64 bits and a
//! seed of their own in each process, so that no record can be made to collide.

use std::{borrow::Cow, sync::LazyLock};

use memchr::{memchr, memchr_iter, memmem};
use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

/// Stands for the parent of a root.
pub(crate) const NO_LINE: u32 = u32::MAX;

static SEED: LazyLock<RapidSecrets> = LazyLock::new(RapidSecrets::random);

/// How annotations go into the fingerprints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// with the blanks before them: both texts have them at one column
    Same,
    /// without: the texts have them at different ones
    Differ,
}

/// The lines of a tree. What is known of a line stands in columns: going over siblings touches the ends alone, which
/// fit a cache where all of it would not.
pub(crate) struct Index {
    starts: Vec<usize>,
    wholes: Vec<u64>,
    looses: Vec<u64>,
    parents: Vec<u32>,
    ends: Vec<u32>,
    /// some line cannot be one of a golden's, by its indentation, its end or what it stands below
    pub(crate) odd: bool,
}

/// A line whose end has not come yet.
struct Open {
    at: usize,
    children: u32,
    whole: u64,
    loose: u64,
}

impl Index {
    /// Goes over a tree's text, lines with their line ends.
    pub(crate) fn of(tree: &str, columns: Columns) -> Self {
        let bytes = tree.as_bytes();
        let mut index = Self::with_capacity(tree.len() / 40 + 1);
        let mut open: Vec<Open> = Vec::new();
        let mut start = 0;
        for end in memchr_iter(b'\n', bytes) {
            let indent = blanks(&bytes[start..end]);
            let content = &bytes[start + indent..end];
            let depth = (indent / 2).saturating_sub(1);
            let plain = indent.is_multiple_of(2) && indent >= 2 && depth <= open.len();
            index.odd |= !plain || matches!(content.last(), None | Some(b' ' | b'\r'));
            while open.len() > depth {
                index.close(&mut open);
            }
            let mut parent = NO_LINE;
            if let Some(above) = open.last_mut() {
                parent = above.at as u32;
                above.children += 1;
                index.odd |= above.children == 1 && !is_parent(&bytes[index.starts[above.at]..start]);
            }
            let own = match columns {
                Columns::Same => print(content),
                Columns::Differ => print_apart(&tree[start + indent..end]),
            };
            open.push(Open { at: index.len(), children: 0, whole: 0, loose: 0 });
            index.push(start + indent, own, parent);
            start = end + 1;
        }
        while !open.is_empty() {
            index.close(&mut open);
        }
        index
    }

    fn with_capacity(lines: usize) -> Self {
        Self {
            starts: Vec::with_capacity(lines),
            wholes: Vec::with_capacity(lines),
            looses: Vec::with_capacity(lines),
            parents: Vec::with_capacity(lines),
            ends: Vec::with_capacity(lines),
            odd: false,
        }
    }

    fn push(&mut self, start: usize, print: u64, parent: u32) {
        self.starts.push(start);
        self.wholes.push(print);
        self.looses.push(print);
        self.parents.push(parent);
        self.ends.push(0);
    }

    fn close(&mut self, open: &mut Vec<Open>) {
        let Some(line) = open.pop() else { return };
        self.ends[line.at] = self.len() as u32;
        let (whole, loose) = (&mut self.wholes[line.at], &mut self.looses[line.at]);
        if line.children > 0 {
            *whole = mix(*whole ^ 0x9e37_79b9_7f4a_7c15, line.whole);
            *loose = mix(*loose ^ 0xd1b5_4a32_d192_ed03, line.loose);
        }
        if let Some(above) = open.last_mut() {
            above.whole = mix(above.whole ^ *whole, 0xa076_1d64_78bd_642f).wrapping_add(1);
            above.loose = above.loose.wrapping_add(*loose);
        }
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The fingerprint of a line, its content, and all below it in order.
    pub(crate) fn whole(&self, at: u32) -> u64 {
        self.wholes[at as usize]
    }

    /// The same in whatever order siblings stand.
    pub(crate) fn loose(&self, at: u32) -> u64 {
        self.looses[at as usize]
    }

    /// The line above, or [`NO_LINE`].
    pub(crate) fn parent(&self, at: u32) -> u32 {
        self.parents[at as usize]
    }

    /// The line after the last one below it.
    pub(crate) fn end(&self, at: u32) -> u32 {
        self.ends[at as usize]
    }

    /// The line right of its indentation.
    pub(crate) fn content<'t>(&self, tree: &'t str, at: u32) -> &'t str {
        let rest = &tree[self.starts[at as usize]..];
        &rest[..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]
    }

    /// Blanks before the content.
    pub(crate) fn indent(&self, tree: &str, at: u32) -> usize {
        let before = &tree[..self.starts[at as usize]];
        before.len() - before.trim_end_matches(' ').len()
    }

    /// The lines right below one, or the roots.
    pub(crate) fn children(&self, parent: Option<u32>) -> impl Iterator<Item = u32> {
        let (mut next, end) = match parent {
            Some(parent) => (parent + 1, self.end(parent)),
            None => (0, self.len() as u32),
        };
        std::iter::from_fn(move || {
            let at = (next < end).then_some(next)?;
            next = self.end(at);
            Some(at)
        })
    }
}

/// The fingerprint of a text.
pub(crate) fn print(text: &[u8]) -> u64 {
    rapidhash_v3_seeded(text, &SEED)
}

/// The fingerprint of a line whose annotations may stand anywhere.
fn print_apart(content: &str) -> u64 {
    match cut(content) {
        (fact, "") => print(fact.as_bytes()),
        (fact, annotations) => mix(print(fact.as_bytes()), print(annotations.as_bytes())),
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// A line's fact and its annotations, which a gap of two blanks or more divides; blanks in strings do not.
pub(crate) fn cut(content: &str) -> (&str, &str) {
    static GAP: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("  "));
    let bytes = content.as_bytes();
    if GAP.find(bytes).is_none() {
        return (content, "");
    }
    let (mut in_string, mut escaped) = (false, false);
    let gap = bytes.iter().enumerate().position(|(at, byte)| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b' ' => return !in_string && bytes.get(at + 1) == Some(&b' '),
            _ => {}
        }
        false
    });
    gap.map_or((content, ""), |gap| (&content[..gap], content[gap..].trim_start_matches(' ')))
}

/// A line's fact and annotations with two blanks between them.
pub(crate) fn shown(content: &str) -> Cow<'_, str> {
    match cut(content) {
        (fact, "") => fact.into(),
        (fact, annotations) => format!("{fact}  {annotations}").into(),
    }
}

/// True for what may have lines below it.
fn is_parent(content: &[u8]) -> bool {
    [&b"exec"[..], b"fork"].iter().any(|word| {
        let rest = content.strip_prefix(*word);
        rest.is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'\n')))
    })
}

/// How many blanks a line begins with.
fn blanks(line: &[u8]) -> usize {
    let (words, _) = line.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let other = u64::from_le_bytes(*word) ^ u64::from_le_bytes([b' '; 8]);
        if other != 0 {
            return 8 * at + other.trailing_zeros() as usize / 8;
        }
    }
    let from = 8 * words.len();
    from + line[from..].iter().take_while(|byte| **byte == b' ').count()
}

#[cfg(test)]
mod tests {
    use super::{Columns, Index, blanks, cut};

    #[test]
    fn a_gap_is_not_in_a_string() {
        assert_eq!(
            cut(r#"open "a  b" read      act 1, not strace"#),
            (r#"open "a  b" read"#, "act 1, not strace")
        );
        assert_eq!(cut(r#"open "a\"  b" read"#), (r#"open "a\"  b" read"#, ""));
        assert_eq!(cut(r#"open "a\\"  act 1"#), (r#"open "a\\""#, "act 1"));
        assert_eq!(cut("fork"), ("fork", ""));
    }

    #[test]
    fn blanks_are_counted() {
        for count in 0..40 {
            for rest in ["", "x", "fork                    x"] {
                assert_eq!(blanks(format!("{:count$}{rest}", "").as_bytes()), count);
            }
        }
    }

    #[test]
    fn kinship_is_indentation() {
        let tree = "  fork\n    exit 0\n    exec \"a\"\n      exit 0\n    exit 0\n  exit 0\n";
        let index = Index::of(tree, Columns::Same);
        assert!(!index.odd);
        assert_eq!(index.len(), 6);
        assert_eq!(index.children(None).collect::<Vec<_>>(), [0, 5]);
        assert_eq!(index.children(Some(0)).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(index.children(Some(2)).collect::<Vec<_>>(), [3]);
        assert_eq!(index.children(Some(5)).count(), 0);
        assert_eq!(index.content(tree, 2), "exec \"a\"");
        assert_eq!(index.parent(3), 2);
        assert_eq!((index.whole(1), index.loose(1)), (index.whole(4), index.loose(5)));
    }

    #[test]
    fn the_order_of_siblings_shows_in_one_fingerprint_alone() {
        let [one, other] = ["  fork\n    exit 0\n    exit 1\n", "  fork\n    exit 1\n    exit 0\n"]
            .map(|tree| Index::of(tree, Columns::Same));
        assert_ne!(one.whole(0), other.whole(0));
        assert_eq!(one.loose(0), other.loose(0));
        // What stands below one line is not what stands below its neighbour.
        let [one, other] =
            ["  fork\n    fork\n      exit 0\n    exit 1\n", "  fork\n    exit 0\n    fork\n      exit 1\n"]
                .map(|tree| Index::of(tree, Columns::Same));
        assert_ne!(one.loose(0), other.loose(0));
    }

    #[test]
    fn what_cannot_be_is_noticed() {
        for odd in [
            "fork\n",
            "   fork\n",
            "    fork\n",
            "  fork\n      exit 0\n",
            "  exit 0\n    fork\n",
            "  forked\n    fork\n",
            "  fork \n",
            "  fork\r\n",
            "\n",
        ] {
            assert!(Index::of(odd, Columns::Same).odd, "{odd:?}");
        }
    }
}
