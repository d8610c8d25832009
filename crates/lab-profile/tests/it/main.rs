//! Integration tests of lab-profile.

mod arbitrary;
mod inheritance;
mod lint_notes;
mod memory;
mod observe;
mod pins;
mod plan;
mod profile_mistakes;
mod real;
mod scenario_mistakes;
