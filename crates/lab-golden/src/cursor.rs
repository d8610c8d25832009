//! A reader over one line: words, numbers, quoted strings, each named in the error when it is not there.

use crate::{Placeholder, Problem, quote::unquote};

/// The rest of a line.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { rest: line }
    }

    /// True at the end of the line, or before the gap that ends a fact.
    pub(crate) fn at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with("  ")
    }

    /// Everything that is left.
    pub(crate) fn left(&self) -> &'a str {
        self.rest
    }

    /// Everything that is left, without blanks before it.
    pub(crate) fn remainder(self) -> &'a str {
        self.rest.trim_start_matches(' ')
    }

    /// The error for something else than `expected` here.
    pub(crate) fn expected(&self, expected: &str) -> Problem {
        let found = self.rest.trim_start_matches(' ').split(' ').next().unwrap_or_default();
        let found = if found.is_empty() { "the end of the line".to_owned() } else { format!("`{found}`") };
        Problem::Expected { expected: expected.to_owned(), found }
    }

    /// Takes `text` if it is next.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let taken = self.rest.strip_prefix(text);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    /// Takes the single space between two parts, if another part follows.
    pub(crate) fn gap(&mut self) -> bool {
        !self.at_end() && self.take(" ")
    }

    /// The next word, up to a space; in an unclosed parenthesis spaces belong to it.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let mut open = false;
        let end = self.rest.find(|c| {
            open = (open || c == '(') && c != ')';
            c == ' ' && !open
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A quoted string, as it stands.
    pub(crate) fn string(&mut self) -> Result<&'a str, Problem> {
        if !self.rest.starts_with('"') {
            return Err(self.expected("a quoted string"));
        }
        let (_, length) = unquote(self.rest)?;
        let (string, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(string)
    }

    /// A list of quoted strings, as it stands.
    pub(crate) fn list(&mut self) -> Result<&'a str, Problem> {
        let start = self.rest;
        if !self.take("[") {
            return Err(self.expected("a list of quoted strings"));
        }
        if !self.take("]") {
            loop {
                self.string()?;
                if self.take("]") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.expected("`,` or `]`"));
                }
            }
        }
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// A number as it is printed: no sign, no zero before it.
    pub(crate) fn number<T: std::str::FromStr + ToString>(&mut self, expected: &str) -> Result<T, Problem> {
        let at = *self;
        let word = self.word().unwrap_or_default();
        let value = word.parse::<T>().ok().filter(|value| value.to_string() == word);
        value.ok_or_else(|| at.expected(expected))
    }

    /// A placeholder that stands alone.
    pub(crate) fn placeholder(&mut self) -> Result<Placeholder, Problem> {
        let at = *self;
        Placeholder::parse(self.word().ok_or_else(|| at.expected("a placeholder"))?)
    }
}
