//! Facts to tree: order, mask, write, read, compare, bless, lint. Pure but for its files.
//!
//! [`render`] makes a [`Golden`] of what the judge says, [`Golden::to_text`] and [`Golden::parse`] are its form in
//! git (docs/golden-format.md has the grammar), [`compare`] says what differs, [`bless`] accepts a run, [`bless_many`] what many say together, [`lint`]
//! looks over the folder, [`Tally`] says how stable many runs are. Only this crate knows `similar` and the masks.

mod annotations;
mod arena;
mod bless;
mod call;
mod compare;
mod cost;
mod cursor;
mod drift;
mod embed;
mod error;
mod fact;
mod fact_parse;
mod golden;
mod index;
mod key;
mod lcs;
mod lint;
mod lock;
mod mark;
mod mask;
mod merge;
mod overrides;
mod parse;
mod quote;
mod rate;
#[cfg(test)]
mod reference;
mod render;
mod review;
mod sections;
mod settle;
mod siblings;
mod side;
mod stability;
mod text;
mod write;

pub use bless::{BlessError, Blessed, NeverBlessed, bless, bless_many, never_blessed, write_whole};
pub use compare::{compare, compare_texts};
pub use cost::Cost;
pub use drift::{Difference, DifferenceKind, Drift};
pub use error::{FileError, GoldenError, Problem};
pub use fact::{FactField, MaskedFact};
pub use golden::{ActRef, Allowed, Detection, Golden, Line, Row};
pub use key::LineKey;
pub use lint::lint;
pub use lock::BlessLock;
pub use mark::Marks;
pub use mask::{Masks, Piece, Placeholder};
pub use merge::MergeError;
pub use overrides::{Axis, Composed, DeriveError, Setting, bless_override, compose, lint_overrides};
pub use rate::Rate;
pub use render::{quoted, render};
pub use review::{Decision, Freeable, Review};
pub use settle::Tolerated;
pub use stability::{Stability, Tally, UnstableLine, UnstableVerdict, Variant};
pub use text::GoldenText;
