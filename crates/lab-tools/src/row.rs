//! One row of doctor's table.

use serde::Serialize;

/// How well a machine has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there and works.
    Ok,
    /// Something works less well, or only developers need it.
    Degraded,
    /// What needs it can't run.
    Missing,
}

impl State {
    /// `ok`, `degraded` or `missing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Missing => "missing",
        }
    }
}

/// What was found of one thing that Sightline needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The thing: `btf`, `cgroup2`, `strace`.
    pub name: &'static str,
    /// How well it is there.
    pub state: State,
    /// What was found, in words.
    pub found: String,
    /// Why it is not well.
    pub cause: Option<String>,
    /// Something to type that changes it.
    pub remedy: Option<String>,
    /// Who needs it: `every run`, `probe`, `witnesses`, `strace`, `developers`.
    pub needed_by: &'static str,
}

impl Row {
    pub(crate) fn ok(name: &'static str, needed_by: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Ok, found: found.into(), cause: None, remedy: None, needed_by }
    }

    pub(crate) fn missing(
        name: &'static str,
        needed_by: &'static str,
        found: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (cause, remedy) = (Some(cause.into()), Some(remedy.into()));
        Self { name, state: State::Missing, found: found.into(), cause, remedy, needed_by }
    }

    pub(crate) fn degraded(self) -> Self {
        Self { state: State::Degraded, ..self }
    }
}
