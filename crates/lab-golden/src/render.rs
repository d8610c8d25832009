//! What the judge says of a run, as the golden that it would be.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::{Fact, FactNode, Freedom, Judged, Role, SensorKind, Verdict};
use thin_vec::ThinVec;

use crate::{ActRef, Allowed, Detection, Golden, Line, Marks, MaskedFact, Masks, Piece, Row, quote::quote};

/// The golden of a run. Total: whatever the judge says has a text.
pub fn render(judged: &Judged) -> Golden {
    let mut roles: BTreeMap<u32, Role> = judged.acts.iter().map(|act| (act.id, act.role)).collect();
    let tree = tree(&judged.tree, &mut roles);
    let mut sensors = judged.sensors.clone();
    sensors.sort();
    sensors.dedup();
    let detections = detections(judged, &mut roles);
    let allowed = allowed(judged);
    let table = roles.iter().map(|(id, role)| Row {
        act: ActRef { id: *id, role: *role },
        verdicts: sensors.iter().map(|sensor| verdict(judged, *id, *sensor)).collect(),
        unstable: Vec::new(),
    });
    Golden {
        scenario: judged.head.name.clone(),
        attack: judged.head.attack.clone(),
        allowed,
        tree,
        table: table.collect(),
        sensors,
        detections,
    }
}

/// The tree's lines. An act that the scenario does not list is taken in as one, so that nothing goes unsaid.
fn tree(roots: &[FactNode], roles: &mut BTreeMap<u32, Role>) -> Vec<Line> {
    let mut masks = Masks::for_tree(roots);
    let mut lines = Vec::new();
    let mut nodes: Vec<(usize, &FactNode)> = roots.iter().rev().map(|node| (0, node)).collect();
    while let Some((depth, node)) = nodes.pop() {
        let mut acts: ThinVec<ActRef> = node.fact.acts.iter().map(|id| act(*id, roles)).collect();
        acts.sort();
        acts.dedup();
        lines.push(Line {
            depth,
            fact: MaskedFact::of(&node.fact, &mut masks),
            acts,
            unseen: unseen(&node.fact),
            marks: Marks { free: node.fact.free, unstable: None },
        });
        nodes.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
    }
    lines
}

fn act(id: u32, roles: &mut BTreeMap<u32, Role>) -> ActRef {
    ActRef { id, role: *roles.entry(id).or_insert(Role::Act) }
}

/// A title as goldens have it.
pub fn quoted(title: &str) -> String {
    quote(&[Piece::Literal(title.into())])
}

/// What the acts' interests leave free: one line for each path and freedom.
fn allowed(judged: &Judged) -> Vec<Allowed> {
    let mut acts: BTreeMap<(String, Freedom), BTreeSet<ActRef>> = BTreeMap::new();
    for act in &judged.acts {
        for (path, free) in act.interest.free.iter().filter(|(_, free)| !free.is_none()) {
            let path = quote(&Masks::default().text(&path.as_str().into()));
            acts.entry((path, *free)).or_default().insert(ActRef { id: act.id, role: act.role });
        }
    }
    acts.into_iter()
        .map(|((path, free), acts)| Allowed { path, free, acts: acts.into_iter().collect() })
        .collect()
}

/// One line for each title; a title that two rules have stands for both.
fn detections(judged: &Judged, roles: &mut BTreeMap<u32, Role>) -> Vec<Detection> {
    let mut acts: BTreeMap<(&str, &str), BTreeSet<ActRef>> = BTreeMap::new();
    for detection in &judged.detections {
        let on = acts.entry((&detection.source, &detection.title)).or_default();
        on.extend(detection.acts().into_iter().map(|id| act(id, roles)));
    }
    let line = |((source, title), acts): ((&str, &str), BTreeSet<ActRef>)| Detection {
        source: source.to_owned(),
        title: quoted(title),
        acts: acts.into_iter().collect(),
        unstable: None,
    };
    let mut lines: Vec<Detection> = acts.into_iter().map(line).collect();
    lines.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
    lines
}

/// The exceptions by sensor: one whose instances all saw it is none.
fn unseen(fact: &Fact) -> ThinVec<SensorKind> {
    let kinds = fact.unseen_by.iter().filter_map(|instance| instance.split('@').next()?.parse().ok());
    let mut kinds: ThinVec<SensorKind> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The verdict of a cell; the judge's silence is `absent`.
fn verdict(judged: &Judged, act: u32, sensor: SensorKind) -> Verdict {
    let row = judged.verdicts.iter().find(|row| row.act == act && row.sensor == sensor);
    row.map_or(Verdict::Absent, |row| row.verdict)
}
