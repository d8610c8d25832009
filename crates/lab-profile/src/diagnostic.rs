//! Mistakes in profiles and scenarios: as many at once as can be found, each with its place and at most one hint.

use std::fmt;

use crate::place::Location;

/// One mistake. Prints as `file:line:column: message`, and a second line `  hint: ...` if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// where; `None` if it is in no file (a name given on the command line)
    pub at: Option<Location>,
    /// what was found and what was expected, a lowercase fragment
    pub message: String,
    /// what to do
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All mistakes found, in the order of files and lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// Takes mistakes while reading goes on.
#[derive(Default)]
pub(crate) struct Sink(Vec<Diagnostic>);

impl Sink {
    pub(crate) fn push(&mut self, at: impl Into<Option<Location>>, message: impl Into<String>) {
        self.push_hint(at, message, None);
    }

    pub(crate) fn push_hint(
        &mut self,
        at: impl Into<Option<Location>>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let diagnostic = Diagnostic { at: at.into(), message: message.into(), hint };
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds what is wrong elsewhere.
    pub(crate) fn extend(&mut self, other: Diagnostics) {
        for Diagnostic { at, message, hint } in other.0 {
            self.push_hint(at, message, hint);
        }
    }

    /// `value` if nothing was wrong. A missing value always has a mistake beside it.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Diagnostics> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                self.0.sort_by(|a, b| a.at.cmp(&b.at));
                Err(Diagnostics(self.0))
            }
        }
    }
}
