//! Resolves identities, matches acts and events, gives verdicts, and makes one tree of facts of all records; pure.
//!
//! The way of the data: [`judge`] takes a [`ScenarioRecord`] and makes, for each instance in each pass, a `View`
//! (`stream` puts its events in order, `attribute` names the makers of those that name none, `resolve` brings each to a
//! process, `loss` says when it lost some). `matching`
//! then looks for the event of each step of each receipt, `verdict` and `proof` conclude, and `gather`, `union` and
//! `tree` make the facts. Nothing here opens a file or reads a clock.

mod attribute;
mod compare;
mod doubt;
mod explain;
mod gather;
mod loss;
mod made_up;
mod matching;
mod normal;
mod proof;
mod resolve;
mod sigma;
mod stream;
mod tree;
mod union;
mod verdict;
mod view;

use lab_model::{CATALOGUE, Judged, ScenarioRecord, SensorKind};

pub use compare::Difference;
pub use doubt::outcome;
pub use explain::{Explanation, InstanceExplanation, StepExplanation, StepFinding, explain};
pub use sigma::{Category, Rule, RuleError, RuleProblem, Rules, detect};

use gather::Process;
use verdict::Judgement;
use view::View;

/// Judges one scenario's record. The same record gives the same result, whatever the order of its events.
pub fn judge(record: &ScenarioRecord) -> Judged {
    let acts = view::acts(&record.passes);
    let sensors = sensors(record);
    let judgements = judgements(record);
    let verdicts = verdict::rows(&record.head.name, &record.passes, &acts, &sensors, &judgements);
    let mut doubts: Vec<String> =
        judgements.iter().flat_map(|judgement| doubt::doubts(&judgement.view)).collect();
    doubts.extend(doubt::missing_passes(record));
    let mut subject: Option<Process> = None;
    // Each goes as soon as its processes are gathered: with many events they are what memory goes to.
    for judgement in judgements {
        let (processes, deep) = gather::gather(&judgement, &acts);
        if deep {
            doubts.push(doubt::too_deep(&judgement.view));
        }
        subject = Some(match subject {
            Some(known) => union::merge(known, processes),
            None => processes,
        });
    }
    let tree = tree::tree(subject.unwrap_or_default(), &acts, &tree::watchers(&record.passes));
    Judged {
        head: record.head.clone(),
        acts,
        sensors,
        tree,
        verdicts,
        detections: Vec::new(),
        proofs: record.passes.iter().flat_map(proof::proofs).collect(),
        doubts,
        troubles: doubt::troubles(&record.passes),
    }
}

/// The sensors that ran or were to run in any pass, in the order of the catalogue.
fn sensors(record: &ScenarioRecord) -> Vec<SensorKind> {
    let ran = |kind| record.passes.iter().flat_map(|pass| &pass.instances).any(|i| i.sensor == kind);
    let planned = |kind| record.planned.iter().any(|pass| pass.sensors.contains(&kind));
    CATALOGUE.iter().map(|entry| entry.kind).filter(|kind| ran(*kind) || planned(*kind)).collect()
}

fn judgements(record: &ScenarioRecord) -> Vec<Judgement<'_>> {
    let instances = record.passes.iter().flat_map(|pass| pass.instances.iter().map(move |i| (pass, i)));
    instances
        .map(|(pass, instance)| {
            let view = View::new(pass, instance);
            let matched = matching::match_receipts(&view);
            Judgement { view, matched }
        })
        .collect()
}
