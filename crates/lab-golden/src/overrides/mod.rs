//! Overrides: small files beside a golden that say what is otherwise in one setting (`shell-spawn@linux-6.1.golden`).
//!
//! An override names lines by their keys and says what becomes of them. Those that fit a run's [`Setting`] are applied
//! in the order of their [`Axis`]; two of one axis that name the same line are a tie, which is an error.

mod apply;
mod compose;
pub(crate) mod derive;
mod parse;
mod setting;
mod write;

pub use compose::{Composed, compose, lint_overrides};
pub use derive::{DeriveError, bless_override};
pub use setting::{Axis, Setting};

pub(crate) use apply::Placed;
pub(crate) use compose::lint;

use lab_model::{SensorKind, Verdict};
use thin_vec::ThinVec;

use crate::{ActRef, Line, Rate};

/// One override, as its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Override {
    /// the file, as messages call it
    pub(crate) file: String,
    /// the scenario
    pub(crate) scenario: String,
    /// the setting in which it holds: `linux-6.1`
    pub(crate) setting: String,
    /// why, in a line
    pub(crate) because: String,
    /// what becomes of lines of the tree
    pub(crate) tree: Vec<Change<TreeChange>>,
    /// what becomes of cells and columns of the table
    pub(crate) table: Vec<Change<TableChange>>,
    /// what becomes of detections
    pub(crate) detections: Vec<Change<DetectionChange>>,
}

/// What becomes of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change<W> {
    /// its key
    pub(crate) key: String,
    /// line of the override's file at which the key stands, from 1
    pub(crate) at: usize,
    /// what becomes of it
    pub(crate) what: W,
}

/// What becomes of a line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TreeChange {
    /// it is not there, nor what stands below it
    Absent,
    /// it is this one
    Is(Line),
    /// these stand after it and all below it
    Then(Vec<Line>),
    /// these stand below it, before all others
    First(Vec<Line>),
}

impl TreeChange {
    /// Changes of one line that do not exclude each other differ in this.
    fn kind(&self) -> u8 {
        match self {
            Self::Absent | Self::Is(_) => 0,
            Self::Then(_) => 1,
            Self::First(_) => 2,
        }
    }
}

/// What becomes of a cell, or of a whole column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TableChange {
    /// the sensor has no column
    NoColumn(SensorKind),
    /// the cell says this; the sensor gets a column if it has none
    Cell(ActRef, SensorKind, Verdict, Option<Rate>),
}

/// What becomes of a detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DetectionChange {
    /// it is not there
    Absent,
    /// it is there, on these acts
    On(ThinVec<ActRef>, Option<Rate>),
}
