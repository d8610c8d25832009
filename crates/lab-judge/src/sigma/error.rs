//! What can be wrong with a rule file, with the line on which it is.

/// Something wrong in a rule file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct RuleError {
    /// the file, as its reader was given it
    pub file: String,
    /// its line, from 1
    pub line: usize,
    /// what is wrong there
    pub problem: RuleProblem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// no Sigma rule, in the library's words
    #[error("{0}")]
    Sigma(String),
    /// two rules in one file, or a rule of another kind
    #[error("expected one detection rule in the file, found {0}")]
    NotOneRule(String),
    /// records that no sensor makes
    #[error("no sensor has records of {found}, expected product linux with category {}", list(expected))]
    LogSource {
        /// as the rule has it
        found: String,
        /// the words of the categories
        expected: Vec<&'static str>,
    },
    /// a field that no sensor knows
    #[error("no sensor knows field `{field}` of {category}, expected one of {}", list(expected))]
    Field {
        /// the field
        field: String,
        /// the rule's category
        category: &'static str,
        /// the fields of the category
        expected: Vec<&'static str>,
    },
    /// a part of Sigma that makes no sense here
    #[error("{0} cannot be evaluated here")]
    Unsupported(&'static str),
    /// a key that a rule must have
    #[error("the rule has no `{0}`")]
    Missing(&'static str),
    /// an id or a title that another rule has
    #[error("{key} `{value}` is that of {other}, too")]
    Duplicate {
        /// `id` or `title`
        key: &'static str,
        /// the id or title
        value: String,
        /// file of the other rule
        other: String,
    },
}

fn list(words: &[&str]) -> String {
    words.join(", ")
}
