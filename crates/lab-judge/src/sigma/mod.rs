//! Sigma rules over stored events: [`Rules`] reads them, [`detect`] says on what they fire.
//!
//! `category` says which records of Sigma's taxonomy our events are and which fields these have, `fields` fills the
//! fields of one event from what its sensor knows, `images` knows which image a process ran when. The language itself
//! (conditions, modifiers, wildcards) is rsigma's.

mod category;
mod detect;
mod error;
mod fields;
mod images;
mod lines;
mod rules;

pub use category::Category;
pub use detect::detect;
pub use error::{RuleError, RuleProblem};
pub use rules::{Rule, Rules};
