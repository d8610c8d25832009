//! What the page's script draws from: trees with their evidence, and events in columns, as JSON.
//!
//! Times are nanoseconds from the pass's first record. Texts and labels are numbers of strings.

use std::collections::{HashMap, HashSet};

use lab_golden::{MaskedFact, Masks};
use lab_model::{Action, Detection, FactNode, Judged, PassRecord, ScenarioRecord, Seq};
use serde::Serialize;

use super::{columns, describe, strings::Strings};
use crate::{RunReport, ScenarioReport, escape::is_hostile, matrix};

/// Most events of one page, those that are evidence not counted.
const MOST_EVENTS: usize = 60_000;
/// Most lines of one tree.
const MOST_LINES: usize = 20_000;
/// Most events of one sighting.
const MOST_EVIDENCE: usize = 50;

#[derive(Serialize)]
struct Page {
    actions: Vec<&'static str>,
    scenarios: Vec<Scenario>,
    strings: Vec<String>,
    /// length at which strings were cut
    cut: Option<usize>,
}

#[derive(Serialize)]
struct Scenario {
    name: usize,
    /// (id, `act 1`, summary)
    acts: Vec<(u32, String, usize)>,
    passes: Vec<Pass>,
    tree: Tree,
    /// by rule, as the judge has them: (act, events)
    detections: Vec<Vec<(Option<u32>, Sighting)>>,
}

#[derive(Serialize)]
struct Pass {
    pass: u32,
    /// (name, sensor)
    instances: Vec<(usize, &'static str)>,
    /// (act, from, to)
    spans: Vec<(u32, u64, u64)>,
    /// (act, family, road, claim, observed, detail)
    witnesses: Vec<(u32, String, usize, usize, bool, usize)>,
    /// (act, what, result)
    steps: Vec<(u32, usize, usize)>,
    columns: columns::Columns,
}

#[derive(Default, Serialize)]
struct Tree {
    depth: Vec<usize>,
    text: Vec<usize>,
    acts: Vec<Vec<u32>>,
    count: Vec<u32>,
    seen: Vec<Vec<Sighting>>,
    unseen: Vec<Vec<usize>>,
    left_out: usize,
}

#[derive(Serialize)]
struct Sighting {
    /// index of the pass
    pass: usize,
    /// index of the instance in it
    instance: usize,
    total: usize,
    /// indexes of events in the pass's columns
    events: Vec<usize>,
}

/// The data as JSON that is harmless inside of a script element: `<`, `>`, `&`, line separators and all that is
/// invisible are `\uNNNN`, so nothing in it can end the element or begin a comment.
pub(super) fn data(report: &RunReport<'_>) -> String {
    let mut strings = Strings::default();
    let all = report.scenarios.iter().flat_map(|scenario| &scenario.record.passes);
    let total: usize = all.flat_map(|pass| &pass.instances).map(|instance| instance.events.len()).sum();
    // The same share of every stream, so that a storm does not hide the rest.
    let share = |events: usize| {
        if total <= MOST_EVENTS { events } else { (events * MOST_EVENTS).div_ceil(total) }
    };
    let scenarios = report.scenarios.iter().map(|s| scenario(s, &mut strings, &share)).collect();
    let (strings, cut) = strings.finish();
    let actions = Action::ALL.iter().map(|action| action.word()).collect();
    let page = Page { actions, scenarios, strings, cut };
    harmless(&serde_json::to_string(&page).unwrap_or_else(|_| "null".to_owned()))
}

fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '<' | '>' | '&') || is_hostile(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

fn scenario(report: &ScenarioReport<'_>, strings: &mut Strings, share: &dyn Fn(usize) -> usize) -> Scenario {
    let (judged, record) = (report.judged, report.record);
    let lines = lines(judged);
    let mut evidence: HashMap<&str, HashSet<Seq>> = HashMap::new();
    for sighting in lines.iter().take(MOST_LINES).flat_map(|(_, node)| &node.fact.sightings) {
        let events = sighting.events.iter().take(MOST_EVIDENCE);
        evidence.entry(&*sighting.instance).or_default().extend(events);
    }
    for hit in judged.detections.iter().flat_map(|rule| &rule.hits) {
        evidence.entry(&hit.instance).or_default().extend(hit.events.iter().take(MOST_EVIDENCE));
    }
    let none = HashSet::new();
    let mut places = Places::new();
    let mut passes = Vec::new();
    for (at, record) in record.passes.iter().enumerate() {
        let wanted = |instance: &str| evidence.get(instance).unwrap_or(&none);
        let (columns, found) = columns::columns(record, &wanted, share, strings);
        for (instance, (record, events)) in record.instances.iter().zip(found).enumerate() {
            places.insert(&record.instance, (at, instance, events));
        }
        passes.push(pass(record, columns, strings));
    }
    let acts = judged.acts.iter().map(|act| {
        (act.id, format!("{} {}: {}", act.role, act.id, act.kind.word()), strings.add(&matrix::summary(act)))
    });
    let acts = acts.collect();
    Scenario {
        name: strings.add(&judged.head.name),
        acts,
        passes,
        tree: tree(judged, &lines, &places, strings),
        detections: judged.detections.iter().map(|rule| hits(rule, record, &places)).collect(),
    }
}

/// By instance: index of its pass, its own in the pass, and where its events stand in the pass's columns.
type Places<'a> = HashMap<&'a str, (usize, usize, HashMap<Seq, usize>)>;

/// Events by their places; none if the page has no such instance.
fn sighting(places: &Places<'_>, instance: &str, events: &[Seq]) -> Option<Sighting> {
    let (pass, instance, known) = places.get(instance)?;
    let shown = events.iter().take(MOST_EVIDENCE).filter_map(|seq| known.get(seq).copied()).collect();
    Some(Sighting { pass: *pass, instance: *instance, total: events.len(), events: shown })
}

fn hits(rule: &Detection, record: &ScenarioRecord, places: &Places<'_>) -> Vec<(Option<u32>, Sighting)> {
    let hits = rule.hits.iter().filter_map(|hit| {
        let sighting = sighting(places, &hit.instance, &hit.events)?;
        let same_pass = record.passes.get(sighting.pass).is_some_and(|pass| pass.pass == hit.pass);
        same_pass.then_some((hit.act, sighting))
    });
    hits.collect()
}

fn pass(record: &PassRecord, columns: columns::Columns, strings: &mut Strings) -> Pass {
    let zero = columns.zero();
    let spans = record.receipts.iter().map(|receipt| {
        (receipt.act, receipt.began_ns.saturating_sub(zero), receipt.ended_ns.saturating_sub(zero))
    });
    let spans = spans.collect();
    let witnesses = record.witnesses.iter().map(|witness| {
        let [road, claim, detail] =
            [&witness.road, &witness.claim, &witness.detail].map(|text| strings.add(text));
        (witness.act, witness.family.to_string(), road, claim, witness.observed, detail)
    });
    let witnesses = witnesses.collect();
    let steps =
        record.receipts.iter().flat_map(|receipt| receipt.steps.iter().map(|step| (receipt.act, step)));
    let steps = steps.map(|(act, step)| {
        let what = format!("{} {}", step.payload.action(), describe::object(&step.payload));
        (act, strings.add(&what), strings.add(&describe::result(&step.payload)))
    });
    let steps = steps.collect();
    let instances = record.instances.iter().map(|i| (strings.add(&i.instance), i.sensor.word())).collect();
    Pass { pass: record.pass, instances, spans, witnesses, steps, columns }
}

/// The nodes with their depth, a parent before its children.
fn lines(judged: &Judged) -> Vec<(usize, &FactNode)> {
    let (mut lines, mut stack) = (Vec::new(), Vec::new());
    stack.extend(judged.tree.iter().rev().map(|node| (0, node)));
    while let Some((depth, node)) = stack.pop() {
        lines.push((depth, node));
        stack.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
    }
    lines
}

fn tree(judged: &Judged, lines: &[(usize, &FactNode)], places: &Places<'_>, strings: &mut Strings) -> Tree {
    let mut masks = Masks::for_tree(&judged.tree);
    let mut tree = Tree { left_out: lines.len().saturating_sub(MOST_LINES), ..Tree::default() };
    for (depth, node) in lines.iter().take(MOST_LINES) {
        let fact = &node.fact;
        tree.depth.push(*depth);
        tree.text.push(strings.add(&MaskedFact::of(fact, &mut masks).to_string()));
        tree.acts.push(fact.acts.to_vec());
        tree.count.push(fact.count);
        let seen = fact.sightings.iter();
        let seen = seen.filter_map(|seen| sighting(places, &seen.instance, &seen.events));
        tree.seen.push(seen.collect());
        tree.unseen.push(fact.unseen_by.iter().map(|instance| strings.add(instance)).collect());
    }
    tree
}

#[cfg(test)]
mod tests {
    #[test]
    fn json_cannot_end_its_element() {
        let text = "</script><!--&\u{2028}\u{2029}\u{1d173}";
        let json = super::harmless(&serde_json::to_string(text).unwrap());
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
