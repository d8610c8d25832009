//! Which line of a run is which line of its golden, so that as little as possible is left over.
//!
//! Equal facts below one parent cannot be told apart by themselves; what stands below them and beside them can. Each
//! pair of lines that could belong together gets a cost, from the leaves up, and equal siblings are assigned so that the
//! sum is least: first of lines that only the run has, then of strict lines that only the golden has, then of
//! annotations that differ, then of order. If a golden holds all lines of a run somewhere, the run's lines are found there.

use std::collections::{HashMap, HashSet};

use pathfinding::{kuhn_munkres::kuhn_munkres_min, matrix::Matrix};

use lab_model::Freedom;

use crate::{Line, key::Forest};

/// A tree with its kinship.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) forest: &'a Forest,
}

impl<'a> Tree<'a> {
    /// What lines that may belong together have in common.
    fn key(self, at: usize) -> (&'a str, Freedom) {
        (&self.forest.texts[at], self.lines[at].marks.free)
    }
}

/// More equal subtrees than this below one parent are taken in order.
const MOST_EQUAL: usize = 100;
/// More pairs of candidates than this below one parent are taken in order.
const MOST_SIBLINGS: usize = 10_000;
/// With more pairs of candidates than this altogether, all further equal siblings are taken in order.
const MOST_PAIRS: usize = 1_000_000;

/// What a pair costs: four counts in one number, the first weighs most.
type Cost = i128;

const EXTRA: Cost = 1 << 96;
const MISSING: Cost = 1 << 68;
const OTHER: Cost = 1 << 40;

/// Two lines that may belong together, or (without lines) the roots of both trees.
#[derive(Default)]
struct Pair {
    lines: Option<(usize, usize)>,
    /// below them: subtrees that are the same
    same: Vec<(usize, usize)>,
    /// below them: equal facts, whose pairs are pairs of this list as well
    groups: Vec<Group>,
    cost: Cost,
}

/// Equal siblings of both sides; the pair of `old[i]` and `new[j]` is number `first + i * new.len() + j`.
struct Group {
    old: Vec<usize>,
    new: Vec<usize>,
    first: usize,
    /// taken in order: only pairs of `i == j` are there, number `first + i`
    in_order: bool,
    chosen: Vec<(usize, usize)>,
}

/// For each line of `golden` the line of `run` that it is.
pub(crate) fn embed(golden: Tree<'_>, run: Tree<'_>) -> Vec<Option<usize>> {
    let (missing, extra) = (missing_costs(golden), extra_costs(run));
    let mut pairs = vec![Pair::default()];
    let mut at = 0;
    while at < pairs.len() {
        let mut pair = std::mem::take(&mut pairs[at]);
        descend(golden, run, &mut pair, (&missing, &extra));
        for group in &mut pair.groups {
            group.first = pairs.len();
            let candidates = group.old.len() * group.new.len();
            group.in_order = candidates > MOST_SIBLINGS || pairs.len() + candidates > MOST_PAIRS;
            pairs.extend(
                group.candidates().into_iter().map(|lines| Pair { lines: Some(lines), ..Pair::default() }),
            );
        }
        pairs[at] = pair;
        at += 1;
    }
    // A pair's candidates have higher numbers than it has.
    for at in (0..pairs.len()).rev() {
        let mut groups = std::mem::take(&mut pairs[at].groups);
        let below: Cost = groups.iter_mut().map(|group| group.choose(&pairs, &missing, &extra)).sum();
        let own = pairs[at].lines.map_or(0, |(old, new)| own_cost(&golden.lines[old], &run.lines[new]));
        pairs[at].cost += own + below;
        pairs[at].groups = groups;
    }
    let mut partners = vec![None; golden.lines.len()];
    let mut chosen = vec![0];
    while let Some(at) = chosen.pop() {
        if let Some((old, new)) = pairs[at].lines {
            partners[old] = Some(new);
        }
        for (old, new) in &pairs[at].same {
            let (old, new) = (golden.forest.subtree(*old), run.forest.subtree(*new));
            old.into_iter().zip(new).for_each(|(old, new)| partners[old] = Some(new));
        }
        for group in &pairs[at].groups {
            chosen.extend(group.chosen.iter().map(|(i, j)| group.number(*i, *j)));
        }
    }
    partners
}

impl Group {
    fn number(&self, i: usize, j: usize) -> usize {
        if self.in_order { self.first + i } else { self.first + i * self.new.len() + j }
    }

    fn candidates(&self) -> Vec<(usize, usize)> {
        if self.in_order {
            return self.old.iter().copied().zip(self.new.iter().copied()).collect();
        }
        self.old.iter().flat_map(|old| self.new.iter().map(move |new| (*old, *new))).collect()
    }

    /// Chooses as many pairs as there can be, for the least sum; gives that sum with what is left over.
    fn choose(&mut self, pairs: &[Pair], missing: &[Cost], extra: &[Cost]) -> Cost {
        let left: Cost = self.old.iter().map(|old| missing[*old]).sum::<Cost>()
            + self.new.iter().map(|new| extra[*new]).sum::<Cost>();
        let (rows, columns) = (self.old.len(), self.new.len());
        // What it saves to pair these two; out of order they are a little dearer.
        let cost = |i: usize, j: usize| {
            let shift = i.abs_diff(j) as Cost;
            pairs[self.number(i, j)].cost + shift * shift - missing[self.old[i]] - extra[self.new[j]]
        };
        let chosen = if self.in_order {
            (0..rows.min(columns)).map(|i| (i, i)).collect()
        } else if rows <= columns {
            assignment(rows, columns, cost)
        } else {
            let turned = assignment(columns, rows, |j, i| cost(i, j));
            turned.into_iter().map(|(j, i)| (i, j)).collect()
        };
        let saved: Cost = chosen.iter().map(|(i, j): &(usize, usize)| cost(*i, *j)).sum();
        self.chosen = chosen;
        left + saved
    }
}

fn assignment(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> Cost) -> Vec<(usize, usize)> {
    match rows {
        0 => Vec::new(),
        1 => {
            (0..columns).min_by_key(|column| cost(0, *column)).map(|column| (0, column)).into_iter().collect()
        }
        _ => {
            let weights = Matrix::from_fn(rows, columns, |(row, column)| cost(row, column));
            kuhn_munkres_min(&weights).1.into_iter().enumerate().collect()
        }
    }
}

/// Fills in what stands below a pair: subtrees that are equal to the last annotation belong together without more ado,
/// since nothing can do better; other equal facts are groups; the rest is left over.
fn descend(golden: Tree<'_>, run: Tree<'_>, pair: &mut Pair, (missing, extra): (&[Cost], &[Cost])) {
    let (old, new) = match pair.lines {
        None => (&golden.forest.roots, &run.forest.roots),
        Some((old, new)) => (&golden.forest.children[old], &run.forest.children[new]),
    };
    let mut whole: HashMap<u64, (Vec<usize>, Vec<usize>)> = HashMap::new();
    old.iter().for_each(|at| whole.entry(golden.forest.prints[*at]).or_default().0.push(*at));
    new.iter().for_each(|at| whole.entry(run.forest.prints[*at]).or_default().1.push(*at));
    // Where one side has more of them, which ones have a counterpart depends on what else there is.
    whole.retain(|_, (old, new)| old.len() == new.len() || old.len().max(new.len()) > MOST_EQUAL);
    let same = whole.into_values().flat_map(|(old, new)| old.into_iter().zip(new));
    pair.same.extend(same);
    let same_old: HashSet<usize> = pair.same.iter().map(|(old, _)| *old).collect();
    let same_new: HashSet<usize> = pair.same.iter().map(|(_, new)| *new).collect();
    let rest = old.iter().filter(|at| !same_old.contains(at));
    let mut alike: HashMap<_, (Vec<usize>, Vec<usize>)> = HashMap::new();
    rest.for_each(|at| alike.entry(golden.key(*at)).or_default().0.push(*at));
    let others = new.iter().filter(|at| !same_new.contains(at));
    others.for_each(|at| alike.entry(run.key(*at)).or_default().1.push(*at));
    for (old, new) in alike.into_values() {
        if old.is_empty() || new.is_empty() {
            pair.cost +=
                old.iter().map(|at| missing[*at]).chain(new.iter().map(|at| extra[*at])).sum::<Cost>();
        } else {
            pair.groups.push(Group { old, new, first: 0, in_order: false, chosen: Vec::new() });
        }
    }
    // The order of a map is not the same twice.
    pair.groups.sort_by_key(|group| group.old[0]);
}

/// What a pair costs by itself. An unstable line has its anchors and exceptions free.
fn own_cost(old: &Line, new: &Line) -> Cost {
    let same = old.marks.unstable.is_some() || (&old.acts, &old.unseen) == (&new.acts, &new.unseen);
    if same { 0 } else { OTHER }
}

/// For each line, what it costs if the run has it nowhere: its strict lines, but nothing below one that may be absent.
fn missing_costs(golden: Tree<'_>) -> Vec<Cost> {
    let mut costs = vec![0; golden.lines.len()];
    for at in (0..golden.lines.len()).rev() {
        if !golden.lines[at].marks.may_be_absent() {
            costs[at] = MISSING + golden.forest.children[at].iter().map(|child| costs[*child]).sum::<Cost>();
        }
    }
    costs
}

/// For each line of the run, what it costs if the golden has it nowhere: it and all below it.
fn extra_costs(run: Tree<'_>) -> Vec<Cost> {
    let mut costs = vec![EXTRA; run.lines.len()];
    for at in (0..run.lines.len()).rev() {
        costs[at] += run.forest.children[at].iter().map(|child| costs[*child]).sum::<Cost>();
    }
    costs
}
