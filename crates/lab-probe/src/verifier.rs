//! What this kernel's verifier makes of the programs: loaded and attached for a moment, recording nothing.

use serde::Serialize;

use crate::{
    Error,
    check::{LOCKDOWN, not_locked_down},
    load::{self, Sizes},
    scope::{Scope, Whom},
    session::object_hash,
    wanted::Wanted,
};

/// What the verifier said.
#[derive(Clone, Debug, Serialize)]
pub struct Verdicts {
    /// SHA-256 of the eBPF object
    pub object: String,
    /// the programs that are loaded, by name
    pub programs: Vec<Verified>,
    /// the kinds that cannot be observed here
    pub refused: Vec<RefusedKind>,
}

/// A program that the verifier took.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// its name
    pub name: String,
    /// instructions that the verifier went through, on all paths; the kernel says it since 5.16
    pub verified: Option<u32>,
}

/// A kind of which a program was refused.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedKind {
    /// its name
    pub kind: &'static str,
    /// the whole reason, with the verifier's log if it gave one
    pub reason: String,
}

/// Asks. `pretended` is as in [`crate::Session`].
///
/// # Errors
/// A program that all others need is refused; the error has the verifier's log.
pub fn ask_verifier(pretended: &[(String, u32)]) -> Result<Verdicts, Error> {
    not_locked_down(LOCKDOWN.as_ref())?;
    // Nobody drains what is recorded meanwhile. A file is named, so that the programs for its reads are loaded, too.
    let scope = Scope::of(&Whom::Host { without: None })?;
    let wanted = Wanted { files: vec!["/dev/null".into()], ..Wanted::default() };
    let programs = load::load(&scope, Sizes { ring: 4096, threads: 1 }, &wanted, pretended)?;
    let mut loaded = programs.verified();
    loaded.sort();
    Ok(Verdicts {
        object: object_hash(),
        programs: loaded.into_iter().map(|(name, verified)| Verified { name, verified }).collect(),
        refused: programs
            .refused
            .iter()
            .map(|refused| RefusedKind { kind: refused.kind.name(), reason: refused.reason.clone() })
            .collect(),
    })
}
