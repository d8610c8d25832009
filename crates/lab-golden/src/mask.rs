//! Masks: volatile values become named placeholders, by field; everything else stays as it is.
//!
//! The judge has put `${name}` in place of the values of variables, which differ between passes; here they take the
//! form that goldens show, `<name>`. What is still volatile is masked by where it stands: a pid as a component below
//! `/proc`, an ephemeral port in an address, a nonce by its form (`other-nonce`: the judge knows the acts' own). Such
//! values are numbered in the order in which the tree shows them, so that one number is one value everywhere and two
//! values are never one placeholder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::LazyLock,
};

use lab_model::{FactNode, Text};
use memchr::{memchr, memchr2, memmem};

use crate::{Problem, error::near};

/// The names that a placeholder may have, and whether it may be numbered.
const NAMES: &[(&str, bool)] = &[
    ("work", false),
    ("bin", false),
    ("canary", false),
    ("sink", false),
    ("resolver", false),
    ("domain", false),
    ("nobody", false),
    ("cwd", false),
    ("home", false),
    ("nonce", true),
    ("nonce:run", false),
    ("other-nonce", true),
    ("temp", true),
    ("pid", true),
    ("port", true),
];

/// Folders below `${work}` that have a name of their own.
const BELOW_WORK: &[(&str, &str)] = &[("/bin", "bin"), ("/canary", "canary")];

/// Linux's default `net.ipv4.ip_local_port_range`.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32768..=60999;

/// What stands in place of a volatile value: `<work>`, `<pid:2>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placeholder {
    name: &'static str,
    number: Option<u32>,
}

impl Placeholder {
    fn known(name: &str, number: Option<u32>) -> Option<Self> {
        let (name, numbered) = NAMES.iter().find(|(known, _)| *known == name)?;
        (*numbered || number.is_none()).then_some(Self { name, number })
    }

    /// From what stands between the braces of `${..}` or the brackets of `<..>`.
    fn from_inner(inner: &str) -> Option<Self> {
        Self::known(inner, None).or_else(|| {
            let (name, number) = inner.split_once(':')?;
            let value = number.parse::<u32>().ok().filter(|n| *n > 0 && n.to_string() == number)?;
            Self::known(name, Some(value))
        })
    }

    /// Reads `<name>` or `<name:N>`.
    ///
    /// # Errors
    /// The placeholder is not one of those that goldens know.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        inner.and_then(Self::from_inner).ok_or_else(|| Problem::UnknownPlaceholder {
            found: text.to_owned(),
            near: near(inner.unwrap_or(text), NAMES.iter().map(|(name, _)| *name)),
        })
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            None => write!(f, "<{}>", self.name),
            Some(number) => write!(f, "<{}:{number}>", self.name),
        }
    }
}

static PROC: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("/proc/"));
static NONCE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("sl"));

/// A stretch of a masked text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// as it was
    Literal(Text),
    /// in place of a volatile value
    Placeholder(Placeholder),
}

/// The masks of one golden: the numbers that were given so far.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    given: BTreeMap<(&'static str, Vec<u8>), u32>,
    last: BTreeMap<&'static str, u32>,
    mentioned: BTreeSet<u32>,
}

impl Masks {
    /// Masks for a tree: learns which numbers the judge gave, and which pids are mentioned in texts.
    pub fn for_tree(tree: &[FactNode]) -> Self {
        let mut masks = Self::default();
        let mut nodes: Vec<&FactNode> = tree.iter().collect();
        while let Some(node) = nodes.pop() {
            node.fact.payload.texts().into_iter().for_each(|text| masks.learn(text));
            nodes.extend(&node.children);
        }
        masks
    }

    fn learn(&mut self, text: &Text) {
        if memchr(b'$', text.as_bytes()).is_none() {
            return self.learn_pids(text.as_bytes());
        }
        for piece in split_variables(text.as_bytes()) {
            match piece {
                Piece::Placeholder(Placeholder { name, number: Some(number) }) => {
                    let last = self.last.entry(name).or_default();
                    *last = number.max(*last);
                }
                Piece::Placeholder(_) => {}
                Piece::Literal(literal) => self.learn_pids(literal.as_bytes()),
            }
        }
    }

    fn learn_pids(&mut self, bytes: &[u8]) {
        let pids = PROC.find_iter(bytes).filter_map(|at| pid_at(bytes, at, true));
        self.mentioned.extend(pids.filter_map(|(_, digits)| digits.parse::<u32>().ok()));
    }

    /// True if nothing of a text is masked.
    pub(crate) fn leave(bytes: &[u8]) -> bool {
        memchr(b'$', bytes).is_none()
            && !PROC.find_iter(bytes).any(|at| pid_at(bytes, at, true).is_some())
            && !NONCE.find_iter(bytes).any(|at| nonce_at(bytes, at).is_some())
    }

    /// A text as pieces. Total, and idempotent: [`Masks::again`] of the result is the result.
    pub fn text(&mut self, text: &Text) -> Vec<Piece> {
        self.again(&split_variables(text.as_bytes()))
    }

    /// Masks what is still volatile in pieces.
    pub fn again(&mut self, pieces: &[Piece]) -> Vec<Piece> {
        let mut out = Vec::with_capacity(pieces.len());
        for (at, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Placeholder(_) => out.push(piece.clone()),
                Piece::Literal(text) => self.literal(text.as_bytes(), at + 1 == pieces.len(), &mut out),
            }
        }
        out
    }

    /// Masks one literal stretch and appends it; `last` if the text ends with it.
    fn literal(&mut self, bytes: &[u8], last: bool, out: &mut Vec<Piece>) {
        let mut bytes = bytes;
        if let Some(Piece::Placeholder(before)) = out.last_mut()
            && before.name == "work"
            && let Some((folder, name)) =
                BELOW_WORK.iter().find(|(folder, _)| begins_folder(bytes, folder, last))
        {
            before.name = name;
            bytes = &bytes[folder.len()..];
        }
        let (mut from, mut at) = (0, 0);
        while at < bytes.len() {
            let found = pid_at(bytes, at, last)
                .map(|(start, digits)| ("pid", start, start + digits.len()))
                .or_else(|| nonce_at(bytes, at).map(|end| ("other-nonce", at, end)));
            let Some((name, start, end)) = found else {
                // Pids stand behind a slash, nonces begin with an `s`.
                at += 1 + memchr2(b'/', b's', &bytes[at + 1..]).unwrap_or(bytes.len() - at - 1);
                continue;
            };
            push(out, &bytes[from..start]);
            out.push(Piece::Placeholder(self.number(name, &bytes[start..end])));
            (from, at) = (end, end);
        }
        push(out, &bytes[from..]);
    }

    /// The placeholder of a value: the same value always has the same one.
    fn number(&mut self, name: &'static str, value: &[u8]) -> Placeholder {
        let last = self.last.entry(name).or_default();
        let number = *self.given.entry((name, value.to_vec())).or_insert_with(|| {
            *last += 1;
            *last
        });
        Placeholder { name, number: Some(number) }
    }

    /// The pid of a new process, if some text of the tree speaks of it.
    pub(crate) fn mentioned_pid(&mut self, pid: u32) -> Option<Placeholder> {
        self.mentioned.contains(&pid).then(|| self.number("pid", pid.to_string().as_bytes()))
    }

    /// A variable that names an address, if goldens know it.
    pub(crate) fn variable(&self, name: &str) -> Option<Placeholder> {
        Placeholder::known(name, None)
    }

    /// A port that the kernel chose becomes `<port:N>`.
    pub(crate) fn port(&mut self, port: u16) -> String {
        if EPHEMERAL.contains(&port) {
            self.number("port", port.to_string().as_bytes()).to_string()
        } else {
            port.to_string()
        }
    }
}

fn push(out: &mut Vec<Piece>, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(Piece::Literal(bytes.into()));
    }
}

/// Takes `${name}` out of a text where the name is known.
fn split_variables(bytes: &[u8]) -> Vec<Piece> {
    let (mut out, mut from, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let inner = bytes[at..].strip_prefix(b"${").and_then(|rest| {
            let end = rest.iter().take(20).position(|b| *b == b'}')?;
            std::str::from_utf8(&rest[..end]).ok()
        });
        match inner.and_then(|inner| Some((Placeholder::from_inner(inner)?, inner.len() + 3))) {
            Some((placeholder, length)) => {
                push(&mut out, &bytes[from..at]);
                out.push(Piece::Placeholder(placeholder));
                at += length;
                from = at;
            }
            None => at += 1 + memchr(b'$', &bytes[at + 1..]).unwrap_or(bytes.len() - at - 1),
        }
    }
    push(&mut out, &bytes[from..]);
    out
}

fn begins_folder(bytes: &[u8], folder: &str, last: bool) -> bool {
    bytes.strip_prefix(folder.as_bytes()).is_some_and(|rest| match rest.first() {
        None => last,
        Some(b) => *b == b'/',
    })
}

/// The pid in `/proc/PID` whose slash is at `at`: where it starts, and its digits.
fn pid_at(bytes: &[u8], at: usize, last: bool) -> Option<(usize, &str)> {
    let rest = bytes[at..].strip_prefix(b"/proc/")?;
    let end = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    let closed = match rest.get(end) {
        None => last,
        Some(b) => *b == b'/',
    };
    let plain = (1..=10).contains(&end) && rest[0] != b'0';
    (closed && plain).then(|| Some((at + 6, std::str::from_utf8(&rest[..end]).ok()?))).flatten()
}

/// The end of the nonce (`sl` and 12 lowercase hexadecimal digits, a word of its own) that begins at `at`.
fn nonce_at(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes[at..].strip_prefix(b"sl")?.get(..12)?;
    let hex = digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let end = at + 14;
    let word = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
    (hex && word(at.checked_sub(1).and_then(|at| bytes.get(at))) && word(bytes.get(end))).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Masks, Piece};
    use crate::quote::quote;

    fn shown(texts: &[&str]) -> Vec<String> {
        let mut masks = Masks::default();
        texts.iter().map(|text| quote(&masks.text(&(*text).into()))).collect()
    }

    #[test]
    fn variables_take_the_form_of_goldens() {
        assert_eq!(
            shown(&[
                "${work}/bin/webd",
                "${bin}",
                "${work}/binary",
                "${HOME}",
                "a ${nonce}.${domain}",
                "${nonce:2}",
                "${nonce:run}"
            ]),
            [
                r#""<bin>/webd""#,
                r#""<bin>""#,
                r#""<work>/binary""#,
                r#""${HOME}""#,
                r#""a <nonce>.<domain>""#,
                r#""<nonce:2>""#,
                r#""<nonce:run>""#
            ]
        );
    }

    #[test]
    fn the_same_value_is_the_same_number_everywhere() {
        assert_eq!(
            shown(&[
                "/proc/70/stat",
                "/proc/71",
                "x/proc/70/y",
                "/proc/self",
                "/proc/7a",
                "sl0123456789ab",
                "xsl0123456789ab"
            ]),
            [
                r#""/proc/<pid:1>/stat""#,
                r#""/proc/<pid:2>""#,
                r#""x/proc/<pid:1>/y""#,
                r#""/proc/self""#,
                r#""/proc/7a""#,
                r#""<other-nonce:1>""#,
                r#""xsl0123456789ab""#
            ]
        );
    }

    /// Texts full of what masks look for, whole and in parts.
    fn volatile() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            prop::sample::select(vec![
                "${work}",
                "/bin",
                "/canary",
                "/proc/",
                "12",
                "13",
                "/",
                "sl0123456789ab",
                "sl",
                "${",
                "}",
                "${pid:7}",
                "${bin}",
                "${nonce}",
                "<work>",
                "-",
                "\\",
                "é",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn masking_is_total_and_idempotent(bytes in volatile()) {
            let mut masks = Masks::default();
            let once = masks.text(&bytes.into());
            prop_assert_eq!(masks.again(&once), once);
        }

        #[test]
        fn two_texts_are_one_only_if_they_are_the_same(a in volatile(), b in volatile()) {
            // `${work}/bin` and `${bin}` are two ways to write one thing.
            let same = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                text.contains("${bin}") || text.contains("${work}/")
            };
            prop_assume!(!same(&a) && !same(&b));
            let mut masks = Masks::default();
            for bytes in [&a, &b] {
                let pieces = masks.text(&bytes.clone().into());
                let masked = pieces.iter().any(|piece| matches!(piece, Piece::Placeholder(_)));
                prop_assert!(!masked || !Masks::leave(bytes));
            }
            let (one, two) = (quote(&masks.text(&a.clone().into())), quote(&masks.text(&b.clone().into())));
            prop_assert_eq!(one == two, a == b);
        }
    }

    #[test]
    fn pieces_never_stand_empty() {
        assert_eq!(Masks::default().text(&"".into()), Vec::<Piece>::new());
    }
}
