//! What a report is made from: records and judgements, and a few words on the run as a whole.

use lab_model::{Judged, RunOutcome, ScenarioRecord, StageRecord};

/// One run.
#[derive(Clone, Debug)]
pub struct RunReport<'a> {
    /// what a person types for it: the name of its bundle's folder
    pub run: String,
    /// profile
    pub profile: String,
    /// kernel release
    pub kernel: String,
    /// when it began, for people
    pub began: String,
    /// where the bundle is, for people
    pub bundle: String,
    /// head of its hash chain; `None` if it was never sealed
    pub chain_head: Option<String>,
    /// stages of the run as a whole
    pub stages: &'a [StageRecord],
    /// scenarios in the order of the profile
    pub scenarios: Vec<ScenarioReport<'a>>,
    /// what went wrong outside of any scenario
    pub troubles: Vec<String>,
    /// how it ended
    pub outcome: RunOutcome,
    /// somebody interrupted it
    pub interrupted: bool,
}

impl RunReport<'_> {
    /// The word for how it ended, and the exit code.
    pub fn ending(&self) -> (&'static str, u8) {
        if self.interrupted { ("interrupted", 130) } else { (self.outcome.word(), self.outcome.exit_code()) }
    }
}

/// One scenario of a run.
#[derive(Clone, Debug)]
pub struct ScenarioReport<'a> {
    /// what was recorded
    pub record: &'a ScenarioRecord,
    /// what the judge made of it
    pub judged: &'a Judged,
    /// how it stands to its golden
    pub golden: Comparison,
}

/// How a scenario's record stands to its golden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// as blessed
    Same,
    /// not as blessed
    Drift {
        /// unified diff, golden to run
        diff: String,
    },
    /// there is no golden yet
    Missing {
        /// what `golden bless` would write
        would_bless: String,
    },
    /// not compared, and why: a record that cannot be blessed, a golden that cannot be read
    Not {
        /// reason
        reason: String,
    },
}
