//! Which rules fire on a record, and on what.

use std::collections::BTreeMap;

use lab_model::{Detection, Hit, ScenarioRecord, Seq};

use super::{
    fields,
    images::Images,
    rules::{Rule, Rules},
};
use crate::{resolve::NodeId, view::View};

/// By pass, act and instance.
type Hits = BTreeMap<(u32, Option<u32>, String), Vec<Seq>>;

/// Every rule that fires on the record, by title. What the resident actor does itself is set-up, and no rule sees it.
pub fn detect(record: &ScenarioRecord, rules: &Rules) -> Vec<Detection> {
    let mut hits: Vec<Hits> = rules.rules().iter().map(|_| Hits::new()).collect();
    for pass in &record.passes {
        for instance in &pass.instances {
            look(&View::new(pass, instance), rules.rules(), &mut hits);
        }
    }
    let fired = rules.rules().iter().zip(hits).filter(|(_, hits)| !hits.is_empty());
    let detection = |(rule, hits): (&Rule, Hits)| Detection {
        source: "sigma".to_owned(),
        rule: rule.id.clone(),
        title: rule.title.clone(),
        tags: rule.tags.clone(),
        hits: hits
            .into_iter()
            .map(|((pass, act, instance), events)| Hit { pass, act, instance, events })
            .collect(),
    };
    let mut detections: Vec<Detection> = fired.map(detection).collect();
    detections.sort_by(|a, b| a.title.cmp(&b.title));
    detections
}

fn look(view: &View<'_>, rules: &[Rule], hits: &mut [Hits]) {
    let images = Images::new(view);
    for (at, event) in view.stream.events.iter().enumerate() {
        let categories = fields::categories(&event.payload);
        let asks = |rule: &Rule| categories.contains(&rule.category);
        if !rules.iter().any(asks) {
            continue;
        }
        let Some(node) = view.processes.of[at].0.filter(|node| Some(*node) != view.resident) else {
            continue;
        };
        let fields = fields::fields(view, &images, node, at);
        let fired = rules.iter().zip(&mut *hits).filter(|(rule, _)| asks(rule) && rule.fires(&fields));
        for (_, hits) in fired {
            let place = (view.pass.pass, act(view, node), view.record.instance.clone());
            hits.entry(place).or_default().push(event.seq);
        }
    }
}

/// The act of a process: its own, or that of the nearest process above it that has one.
fn act(view: &View<'_>, node: NodeId) -> Option<u32> {
    let mut node = Some(node);
    // Processes that claim each other as parents end the search, too.
    for _ in 0..=view.processes.nodes.len() {
        let id = node.filter(|id| Some(*id) != view.resident)?;
        if let Some((act, _)) = view.own.get(&id) {
            return Some(*act);
        }
        node = view.processes.nodes[id].parent;
    }
    None
}
