//! One golden of many runs: what held in all stays strict, the rest is marked.

use std::collections::BTreeMap;

use lab_model::{SensorKind, Verdict};

use crate::{
    ActRef, Difference, Golden, Line, Rate, Tally,
    arena::{Arena, Places},
    compare,
    embed::{Tree, embed},
    key::Forest,
    settle,
};

/// The runs cannot be one golden.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// nothing to merge
    #[error("there is no run")]
    NoRun,
    /// heads, sensors or rows differ: these are not runs of one plan
    #[error("the runs are not of one plan: {0}")]
    NotOnePlan(Box<Difference>),
}

impl Tally {
    /// The golden that all runs are as: what most runs say, with every line that any run has, and marks on what did
    /// not hold in each.
    ///
    /// # Errors
    /// If there is no run, or the runs differ in what no mark can say.
    pub fn merge(&self) -> Result<Golden, MergeError> {
        let variants = self.variants();
        let (most, others) = variants.split_first().ok_or(MergeError::NoRun)?;
        let mut golden = most.golden.clone();
        for other in others {
            golden.tree = union(&golden, &other.golden);
            let known = |title: &str, golden: &Golden| golden.detections.iter().any(|hit| hit.title == title);
            let new = other.golden.detections.iter().filter(|hit| !known(&hit.title, &golden)).cloned();
            let new: Vec<_> = new.collect();
            golden.detections.extend(new);
        }
        golden.detections.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
        let runs: Vec<(u32, &Golden)> =
            variants.iter().map(|variant| (variant.runs, &variant.golden)).collect();
        mark_tree(&mut golden, &runs);
        mark_table(&mut golden, &runs);
        mark_detections(&mut golden, &runs);
        let differs = |run: &Golden| compare(Some(&golden), run).differences.into_iter().next();
        match runs.iter().find_map(|(_, run)| differs(run)) {
            Some(difference) => Err(MergeError::NotOnePlan(Box::new(difference))),
            None => Ok(golden),
        }
    }
}

/// The lines of both, the second's after what stands before them there.
fn union(golden: &Golden, other: &Golden) -> Vec<Line> {
    let (ours, theirs) = (Forest::of(&golden.tree), Forest::of(&other.tree));
    let partners =
        embed(Tree { lines: &golden.tree, forest: &ours }, Tree { lines: &other.tree, forest: &theirs });
    let mut back: Vec<Option<usize>> = vec![None; other.tree.len()];
    for (at, to) in partners.into_iter().enumerate() {
        if let Some(to) = to {
            back[to] = Some(at);
        }
    }
    let mut arena = Arena::of(&golden.tree, ours);
    let mut lists: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    while let Some((here, there)) = lists.pop() {
        let mut places = Places::default();
        for at in there.map_or(&theirs.roots, |there| &theirs.children[there]) {
            match back[*at] {
                Some(same) => {
                    places.pass(same);
                    lists.push((Some(same), Some(*at)));
                }
                None => places.put(arena.graft(&other.tree, &theirs, *at)),
            }
        }
        let fixed = arena.below(here).clone().into_iter();
        *arena.below(here) = places.among(fixed);
    }
    arena.into_lines()
}

/// Marks each line that is not there, as it is and where it is, in every run: first by presence and annotations, then,
/// since a line without a place makes room for others, by place until nothing is left to mark.
fn mark_tree(golden: &mut Golden, runs: &[(u32, &Golden)]) {
    let of: u32 = runs.iter().map(|(count, _)| count).sum();
    let forests: Vec<Forest> = runs.iter().map(|(_, run)| Forest::of(&run.tree)).collect();
    let mut held = vec![of; golden.tree.len()];
    loop {
        let forest = Forest::of(&golden.tree);
        let all = runs.iter().zip(&forests).map(|((count, run), run_forest)| {
            let golden = Tree { lines: &golden.tree, forest: &forest };
            (*count, settle::unsettled(golden, Tree { lines: &run.tree, forest: run_forest }))
        });
        let all: Vec<_> = all.collect();
        let by_place = all.iter().all(|(_, unsettled)| unsettled.otherwise.is_empty());
        let mut unsettled: BTreeMap<usize, u32> = BTreeMap::new();
        for (count, found) in all {
            let lines = if by_place { found.moved } else { found.otherwise };
            lines.into_iter().for_each(|at| *unsettled.entry(at).or_default() += count);
        }
        if unsettled.is_empty() {
            return;
        }
        for (at, count) in unsettled {
            // Which of equal facts is which is a choice and may come out as none; but each line came from a run.
            held[at] = held[at].saturating_sub(count).max(1);
            golden.tree[at].marks.unstable = Some(Rate { held: held[at], of });
        }
    }
}

fn mark_table(golden: &mut Golden, runs: &[(u32, &Golden)]) {
    let of = runs.iter().map(|(count, _)| count).sum();
    let cell = |run: &Golden, act: ActRef, sensor: SensorKind| -> Option<Verdict> {
        let at = run.sensors.iter().position(|known| *known == sensor)?;
        run.table.iter().find(|row| row.act == act)?.verdicts.get(at).copied()
    };
    let sensors = golden.sensors.clone();
    for row in &mut golden.table {
        for (sensor, verdict) in sensors.iter().zip(&row.verdicts) {
            let same = runs.iter().filter(|(_, run)| cell(run, row.act, *sensor) == Some(*verdict));
            let held = same.map(|(count, _)| count).sum();
            if held < of {
                row.unstable.push((*sensor, Rate { held, of }));
            }
        }
    }
}

fn mark_detections(golden: &mut Golden, runs: &[(u32, &Golden)]) {
    let of = runs.iter().map(|(count, _)| count).sum();
    for hit in &mut golden.detections {
        let same = runs.iter().filter(|(_, run)| run.detections.contains(hit));
        let held = same.map(|(count, _)| count).sum();
        hit.unstable = (held < of).then_some(Rate { held, of });
    }
}
