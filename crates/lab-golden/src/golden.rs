//! A golden as data: head, tree, table, detections.

use std::fmt;

use lab_model::{Freedom, Role, SensorKind, Verdict};
use thin_vec::ThinVec;

use crate::{Marks, MaskedFact, Rate};

/// The accepted facts, verdicts and detections of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Golden {
    /// the scenario's name, or that of a record of an observed program
    pub scenario: String,
    /// MITRE ATT&CK techniques, as the scenario lists them; none exactly if a program was observed
    pub attack: Vec<String>,
    /// what the scenario leaves free, by path
    pub allowed: Vec<Allowed>,
    /// the tree, a line each, a parent before its children
    pub tree: Vec<Line>,
    /// columns of the table, in the order of the catalogue
    pub sensors: Vec<SensorKind>,
    /// rows of the table, by the act's number
    pub table: Vec<Row>,
    /// detections
    pub detections: Vec<Detection>,
}

/// What a scenario leaves free about the facts of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// the object's path, masked and JSON-quoted
    pub path: String,
    /// what is free
    pub free: Freedom,
    /// the acts in whose interest it is, by number
    pub acts: ThinVec<ActRef>,
}

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 0 for a root, one more than its parent's otherwise
    pub depth: usize,
    /// what happened, masked
    pub fact: MaskedFact,
    /// acts that anchor here, by number
    pub acts: ThinVec<ActRef>,
    /// sensors that should have seen it and did not: the exceptions
    pub unseen: ThinVec<SensorKind>,
    /// what may differ
    pub marks: Marks,
}

/// An act by number, `act 1` or `twin 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActRef {
    /// number within the scenario
    pub id: u32,
    /// act or benign twin
    pub role: Role,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// the act
    pub act: ActRef,
    /// a verdict for each of the golden's sensors, in their order
    pub verdicts: Vec<Verdict>,
    /// sensors whose verdict was not the same in each run of the bless, in their order
    pub unstable: Vec<(SensorKind, Rate)>,
}

/// One rule's hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// whose rule: `sigma`, or a sensor's word
    pub source: String,
    /// the rule's title, JSON-quoted
    pub title: String,
    /// the acts on which it fired, by number
    pub acts: ThinVec<ActRef>,
    /// it did not fire, or not on these acts, in each run of the bless
    pub unstable: Option<Rate>,
}

impl fmt::Display for ActRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.id)
    }
}

/// `optional, at-most 3 "/etc/localtime"`
impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.free, self.path)
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source, self.title)
    }
}

impl Golden {
    /// All but the tree.
    pub(crate) fn without_tree(&self) -> Self {
        let Self { scenario, attack, allowed, tree: _, sensors, table, detections } = self;
        Self {
            scenario: scenario.clone(),
            attack: attack.clone(),
            allowed: allowed.clone(),
            tree: Vec::new(),
            sensors: sensors.clone(),
            table: table.clone(),
            detections: detections.clone(),
        }
    }

    /// True if it is of a program that was observed: no scenario stands behind it, and nothing in it is proven.
    pub fn is_observed(&self) -> bool {
        self.attack.is_empty()
    }
}

impl Line {
    /// The annotations as they stand right of the fact: `act 1, not strace, unstable 97/100`; empty for most lines.
    pub fn annotations(&self) -> String {
        let acts = self.acts.iter().map(ActRef::to_string);
        let unseen = self.unseen.iter().map(|sensor| format!("not {sensor}"));
        let marks = Some(self.marks.to_string()).filter(|marks| !marks.is_empty());
        acts.chain(unseen).chain(marks).collect::<Vec<_>>().join(", ")
    }

    /// The line without its indentation, annotations included.
    pub(crate) fn shown(&self) -> String {
        match self.annotations().as_str() {
            "" => self.fact.to_string(),
            annotations => format!("{}  {annotations}", self.fact),
        }
    }
}
