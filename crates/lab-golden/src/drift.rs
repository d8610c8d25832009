//! The differences between a run and its golden.

use std::fmt;

use similar::TextDiff;

use crate::{ActRef, LineKey, Tolerated};

/// What differs between a golden and a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// scenario
    pub scenario: String,
    /// the golden file as messages call it, `golden/NAME.golden`
    pub file: String,
    /// there is no golden yet
    pub new: bool,
    /// each difference; empty if there is no golden
    pub differences: Vec<Difference>,
    /// what the golden's marks speak of, and how it is in the run; none of it is drift
    pub tolerated: Vec<Tolerated>,
    /// the golden's text; empty if there is none
    pub old_text: String,
    /// the run's text, as the golden has it where its marks leave the run free
    pub new_text: String,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// in which way
    pub kind: DifferenceKind,
    /// the line's key: in the golden where it has it, else in the run
    pub key: LineKey,
    /// the file, if it is not the golden itself but an override
    pub file: Option<String>,
    /// line of the file, from 1; for what is extra, the line after which it would stand
    pub line: usize,
    /// as the golden has it
    pub old: Option<String>,
    /// as the run has it
    pub new: Option<String>,
    /// the act it belongs to: the one that anchors there, above, or last before it
    pub act: Option<ActRef>,
    /// the scenario's ATT&CK techniques
    pub attack: Vec<String>,
}

/// In which way something differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// the golden has it, the run has not
    Missing,
    /// the run has it, the golden has not
    Extra,
    /// both have it, with other fields
    Changed {
        /// the fields' names
        fields: Vec<&'static str>,
    },
    /// both have it, in another place
    Moved,
    /// both have them, but many of the lines below this one stand in another order
    MovedBelow {
        /// how many have to be moved at least
        lines: usize,
        /// how many the golden has there
        of: usize,
    },
    /// a sensor that saw it does not any more
    SeenByFewer,
    /// a sensor sees it that did not
    SeenByMore,
}

impl Drift {
    /// True if the run is as the golden says. A run without a golden is not.
    pub fn is_empty(&self) -> bool {
        !self.new && self.old_text == self.new_text
    }

    /// The file that a difference or what is tolerated speaks of.
    pub fn file_of<'a>(&'a self, file: &'a Option<String>) -> &'a str {
        file.as_deref().unwrap_or(&self.file)
    }

    /// The two texts as a unified diff, for reviewers; empty if nothing differs.
    pub fn text_diff(&self) -> String {
        let old_name = if self.new { "/dev/null" } else { &self.file };
        self.text_diff_between(old_name, "this run")
    }

    /// The same with other names for the two texts.
    pub fn text_diff_between(&self, old_name: &str, new_name: &str) -> String {
        unified(old_name, &self.old_text, new_name, &self.new_text)
    }
}

/// `unstable 97/100: absent: open "/etc/passwd" read`
impl fmt::Display for Tolerated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.mark, self.how, self.key)
    }
}

/// A unified diff with three lines of context.
pub(crate) fn unified(old_name: &str, old: &str, new_name: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(old_name, new_name).to_string()
}

impl Difference {
    /// What became of the line that the key names: the kind, and the new text where it is another.
    pub fn short(&self) -> String {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old != new => format!("{}: {new}", self.kind),
            _ => self.kind.to_string(),
        }
    }
}

impl DifferenceKind {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed { .. } => "changed",
            Self::Moved | Self::MovedBelow { .. } => "moved",
            Self::SeenByFewer => "seen by fewer sensors",
            Self::SeenByMore => "seen by more sensors",
        }
    }

    /// The names of the fields that changed.
    pub fn fields(&self) -> &[&'static str] {
        match self {
            Self::Changed { fields } => fields,
            _ => &[],
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { fields } => write!(f, "changed ({})", fields.join(", ")),
            Self::MovedBelow { lines, of } => write!(f, "moved ({lines} of {of} lines below)"),
            other => f.write_str(other.word()),
        }
    }
}

/// `changed (result): open "/etc/shadow" read => open "/etc/shadow" read -> EACCES  [act 1 T1003.008]`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old != new => write!(f, "{old} => {new}")?,
            (Some(text), _) | (None, Some(text)) => f.write_str(text)?,
            (None, None) => write!(f, "{}", self.key)?,
        }
        let act = self.act.map(|act| act.to_string());
        let about: Vec<String> = act.into_iter().chain(self.attack.iter().cloned()).collect();
        if about.is_empty() { Ok(()) } else { write!(f, "  [{}]", about.join(" ")) }
    }
}
