//! What can be wrong with a golden file, with file and line.

use std::path::PathBuf;

/// A golden that cannot be read: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("read {file}:{line}: {problem}")]
pub struct GoldenError {
    /// the file as the caller called it
    pub file: String,
    /// line, from 1
    pub line: usize,
    /// what is wrong there
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Problem {
    /// another version, or no golden at all
    #[error("unknown version in `{found}`, expected `{known}`")]
    UnknownVersion {
        /// the first line
        found: String,
        /// the one that this version reads
        known: String,
    },
    /// bytes that are not UTF-8
    #[error("bytes that are not UTF-8; goldens escape them as `\\xNN`")]
    NotUtf8,
    /// `EF BB BF` at the start
    #[error("a byte order mark before the first line; save the file as UTF-8 without one")]
    ByteOrderMark,
    /// CR LF
    #[error(
        "a line that ends in CRLF; goldens end lines with LF (set `*.golden text eol=lf` in .gitattributes)"
    )]
    CarriageReturn,
    /// blanks at the end
    #[error("trailing space")]
    TrailingSpace,
    /// a tab
    #[error("a tab; goldens indent by two spaces")]
    Tab,
    /// `<<<<<<<`, `=======`, `>>>>>>>`
    #[error("a merge conflict marker; resolve the conflict, or bless again")]
    ConflictMarker,
    /// no line feed at the end
    #[error("the last line has no line end; the file may be cut off")]
    NoFinalNewline,
    /// something else was to come
    #[error("expected {expected}, found {found}")]
    Expected {
        /// what
        expected: String,
        /// instead of it
        found: String,
    },
    /// a line deeper than one below the line before it, or by an odd number of spaces
    #[error("bad indentation: {found} spaces, expected a multiple of two and at most {most}")]
    Indentation {
        /// spaces found
        found: usize,
        /// deepest that the line before allows
        most: usize,
    },
    /// `<name>` that no mask makes
    #[error("unknown placeholder `{found}`{}", did_you_mean(near))]
    UnknownPlaceholder {
        /// as written
        found: String,
        /// the name most like it
        near: Option<String>,
    },
    /// a word that is no verdict
    #[error("unknown verdict `{found}`{}", did_you_mean(near))]
    UnknownVerdict {
        /// as written
        found: String,
        /// the word most like it
        near: Option<String>,
    },
    /// a word that is no sensor
    #[error("unknown sensor `{found}`{}", did_you_mean(near))]
    UnknownSensor {
        /// as written
        found: String,
        /// the word most like it
        near: Option<String>,
    },
    /// a word that is no action, flag, error, cause, ...
    #[error("unknown {what} `{found}`{}", did_you_mean(near))]
    UnknownWord {
        /// what it was to be
        what: &'static str,
        /// as written
        found: String,
        /// the word most like it
        near: Option<String>,
    },
    /// an anchor or a detection of an act that is not in the table
    #[error("`{0}` has no row in the table")]
    UnknownAct(String),
    /// a line under one that has no doings of its own
    #[error("a line below `{0}`; only `exec` and `fork` have lines below them")]
    NotAParent(String),
    /// a sensor, row, anchor or detection that stands there twice
    #[error("duplicate {what} `{key}`")]
    Duplicate {
        /// of what
        what: &'static str,
        /// which
        key: String,
    },
    /// a string that is not quoted as it should be
    #[error("bad string: {0}")]
    BadString(String),
    /// right, but not as bless writes it
    #[error("not as `golden bless` writes it, expected `{expected}`")]
    NotCanonical {
        /// as it should stand
        expected: String,
    },
    /// the file's name and the scenario's differ
    #[error("scenario `{found}` in a file called `{file}`")]
    WrongFile {
        /// scenario in the head
        found: String,
        /// the file's name
        file: String,
    },
    /// a golden that nothing uses
    #[error("no scenario is called `{scenario}`{}", did_you_mean(near))]
    NoScenario {
        /// the name
        scenario: String,
        /// the scenario most like it
        near: Option<String>,
    },
    /// the golden of an observed program where a scenario's belongs
    #[error("an observed program's golden, but `{scenario}` is a scenario")]
    ObservedScenario {
        /// the name
        scenario: String,
    },
    /// a scenario that has no golden
    #[error("scenario `{scenario}` has no golden yet\nhint: cargo xtask golden bless host {scenario}")]
    NoGolden {
        /// the name
        scenario: String,
    },
    /// what follows the `@` is none of the settings that overrides know
    #[error(
        "unknown setting `{0}`, expected an environment (`kind`), a distribution (`debian-12`), an architecture \
         (`aarch64`), a kernel (`linux-6.1`) or a tool (`strace-6.1`)"
    )]
    UnknownSetting(String),
    /// an override of a line that is not there
    #[error("no line has the key `{key}`{}", did_you_mean(near))]
    NoLine {
        /// as written
        key: String,
        /// the key most like it
        near: Option<String>,
    },
    /// two overrides of one axis say what becomes of one line
    #[error("`{key}` is changed by {other}, too, and neither comes before the other")]
    Tie {
        /// the line
        key: String,
        /// the other override
        other: String,
    },
    /// an override without a golden
    #[error("an override of `{scenario}`, which has no golden")]
    NoBase {
        /// the scenario
        scenario: String,
    },
    /// an override that says what the golden says
    #[error("changes nothing: with it the golden is what it is without it")]
    NoEffect,
    /// something that is no golden
    #[error("not a golden; this folder holds `SCENARIO.golden` files and `plans/`")]
    UnknownFile,
    /// the operating system would not let us
    #[error("{0}")]
    Io(String),
}

impl Problem {
    /// True if the file can be used as it is.
    pub fn is_warning(&self) -> bool {
        *self == Self::NoEffect
    }
}

/// A file that could not be written or read, for errors that have no line.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {}: {source}", path.display())]
pub struct FileError {
    /// what was being done
    pub doing: &'static str,
    /// to which file
    pub path: PathBuf,
    /// why it failed
    pub source: std::io::Error,
}

fn did_you_mean(near: &Option<String>) -> String {
    near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// The candidate most like `word`, if one is like it at all.
pub(crate) fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then(|| best.1.to_owned())
}
