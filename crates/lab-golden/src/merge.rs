//! One golden of many runs: what held in all stays strict, the rest is marked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lab_model::{SensorKind, Verdict};

use crate::{
    ActRef, Difference, Golden, Rate, Tally,
    arena::{Arena, Places},
    compare,
    key::Forest,
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
        let mut held = tree_counts(&golden, &runs);
        mark_table(&mut golden, &runs);
        mark_detections(&mut golden, &runs);
        // What is left are places: mark what has moved until every run is as the golden says.
        loop {
            mark_tree(&mut golden, &held, self.runs());
            let mut moved: BTreeMap<usize, u32> = BTreeMap::new();
            for (count, run) in &runs {
                let differences = compare(Some(&golden), run).differences;
                let strict = |difference: &Difference| {
                    let at = difference.line.checked_sub(golden.tree_line())?;
                    golden.tree.get(at).filter(|line| line.marks.unstable.is_none()).map(|_| at)
                };
                let places: BTreeSet<usize> = differences.iter().filter_map(strict).collect();
                if let Some(difference) = differences.into_iter().next().filter(|_| places.is_empty()) {
                    return Err(MergeError::NotOnePlan(Box::new(difference)));
                }
                places.into_iter().for_each(|at| *moved.entry(at).or_default() += count);
            }
            if moved.is_empty() {
                return Ok(golden);
            }
            moved.into_iter().for_each(|(at, count)| held[at] = held[at].saturating_sub(count));
        }
    }
}

/// The lines of both, the second's after what stands before them there.
fn union(golden: &Golden, other: &Golden) -> Vec<crate::Line> {
    let forest = Forest::of(&other.tree);
    let mut arena = Arena::of(&golden.tree);
    let mut lists: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    while let Some((here, there)) = lists.pop() {
        let theirs = there.map_or(&forest.roots, |there| &forest.children[there]);
        let mut ours: HashMap<String, Vec<usize>> = HashMap::new();
        for at in arena.below(here).clone().into_iter().rev() {
            ours.entry(arena.texts[at].clone()).or_default().push(at);
        }
        let mut places = Places::default();
        for at in theirs {
            match ours.get_mut(&forest.texts[*at]).and_then(Vec::pop) {
                Some(same) => {
                    places.pass(same);
                    lists.push((Some(same), Some(*at)));
                }
                None => places.put(arena.graft(&other.tree, &forest, *at)),
            }
        }
        let fixed = arena.below(here).clone().into_iter();
        *arena.below(here) = places.among(fixed);
    }
    arena.into_lines()
}

/// For each line, in how many runs it is there with the same annotations.
fn tree_counts(golden: &Golden, runs: &[(u32, &Golden)]) -> Vec<u32> {
    let forest = Forest::of(&golden.tree);
    let keys: Vec<String> = (0..golden.tree.len()).map(|at| forest.key(at).to_string()).collect();
    let mut held = vec![0; golden.tree.len()];
    for (count, run) in runs {
        let forest = Forest::of(&run.tree);
        let there: HashMap<String, usize> =
            (0..run.tree.len()).map(|at| (forest.key(at).to_string(), at)).collect();
        for (at, key) in keys.iter().enumerate() {
            let same = there.get(key).is_some_and(|other| {
                let (a, b) = (&golden.tree[at], &run.tree[*other]);
                (&a.acts, &a.unseen, a.marks) == (&b.acts, &b.unseen, b.marks)
            });
            held[at] += if same { *count } else { 0 };
        }
    }
    held
}

fn mark_tree(golden: &mut Golden, held: &[u32], of: u32) {
    for (line, held) in golden.tree.iter_mut().zip(held) {
        // Which of equal facts is which is a choice and may come out as none; but each line came from a run.
        line.marks.unstable = (*held < of).then_some(Rate { held: (*held).max(1), of });
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
