//! Which lines below one parent are which lines below another: equal first, then alike, then moved.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{Line, key::Forest};

/// How two lines belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// the whole subtrees are equal
    Equal,
    /// the fact is the same, in the same place
    Same,
    /// the fact is the same, in another place among its siblings
    Moved,
    /// another fact of the same action stands in its place
    Changed,
}

/// The outcome for one list of siblings: indexes into the two trees.
#[derive(Default)]
pub(crate) struct Matching {
    pub(crate) pairs: Vec<(usize, usize, Tie)>,
    pub(crate) missing: Vec<usize>,
    pub(crate) extra: Vec<usize>,
}

/// One side of a comparison.
pub(crate) struct Side<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) forest: &'a Forest,
}

/// More pairs of candidates than this are taken in order, not by likeness.
const MOST_CANDIDATES: usize = 10_000;

/// Matches two lists of siblings.
pub(crate) fn siblings(old: &Side<'_>, new: &Side<'_>, a: &[usize], b: &[usize]) -> Matching {
    let mut matching = Matching::default();
    let (prints_a, prints_b): (Vec<u64>, Vec<u64>) = (
        a.iter().map(|at| old.forest.prints[*at]).collect(),
        b.iter().map(|at| new.forest.prints[*at]).collect(),
    );
    let (mut hunks, mut equal) = (Vec::new(), Vec::new());
    for (a, b) in unequal(&prints_a, &prints_b, a, b, |x, y| equal.push((x, y, Tie::Equal))) {
        let texts_a: Vec<&str> = a.iter().map(|at| old.forest.texts[*at].as_str()).collect();
        let texts_b: Vec<&str> = b.iter().map(|at| new.forest.texts[*at].as_str()).collect();
        let pairs = &mut matching.pairs;
        hunks.extend(unequal(&texts_a, &texts_b, a, b, |x, y| pairs.push((x, y, Tie::Same))));
    }
    matching.pairs.extend(equal);
    let mut hunks: Vec<(Vec<usize>, Vec<usize>)> =
        hunks.into_iter().map(|(a, b)| (a.into(), b.into())).collect();
    moved(old, new, &mut hunks, &mut matching.pairs);
    for (a, b) in hunks {
        changed(old, new, a, b, &mut matching);
    }
    matching
}

/// Calls `equal` for the pairs that a diff of the keys finds, and returns the stretches between them.
fn unequal<'x, K: Eq + std::hash::Hash>(
    keys_a: &[K],
    keys_b: &[K],
    a: &'x [usize],
    b: &'x [usize],
    mut equal: impl FnMut(usize, usize),
) -> Vec<(&'x [usize], &'x [usize])> {
    let (mut out, mut from) = (Vec::new(), (0, 0));
    let mut close = |from: (usize, usize), to: (usize, usize)| {
        if from != to {
            out.push((&a[from.0..to.0], &b[from.1..to.1]));
        }
    };
    for op in capture_diff_slices(Algorithm::Myers, keys_a, keys_b) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            close(from, (old_index, new_index));
            (0..len).for_each(|at| equal(a[old_index + at], b[new_index + at]));
            from = (old_index + len, new_index + len);
        }
    }
    close(from, (a.len(), b.len()));
    out
}

/// Takes equal facts out of different stretches: equal subtrees first.
fn moved(
    old: &Side<'_>,
    new: &Side<'_>,
    hunks: &mut [(Vec<usize>, Vec<usize>)],
    pairs: &mut Vec<(usize, usize, Tie)>,
) {
    use std::collections::{HashMap, HashSet};
    let mut taken: (HashSet<usize>, HashSet<usize>) = Default::default();
    for whole in [true, false] {
        let mut waiting: HashMap<(u64, &str), Vec<usize>> = HashMap::new();
        let key = |side: &Side<'_>, at: usize| if whole { side.forest.prints[at] } else { 0 };
        for at in hunks.iter().flat_map(|(_, b)| b).rev().filter(|at| !taken.1.contains(at)) {
            waiting.entry((key(new, *at), &new.forest.texts[*at])).or_default().push(*at);
        }
        for at in hunks.iter().flat_map(|(a, _)| a) {
            if taken.0.contains(at) {
                continue;
            }
            if let Some(to) = waiting.get_mut(&(key(old, *at), &*old.forest.texts[*at])).and_then(Vec::pop) {
                taken.0.insert(*at);
                taken.1.insert(to);
                pairs.push((*at, to, Tie::Moved));
            }
        }
    }
    for (a, b) in hunks {
        a.retain(|at| !taken.0.contains(at));
        b.retain(|at| !taken.1.contains(at));
    }
}

/// Pairs what is left of a stretch by action and likeness; what remains is missing or extra.
fn changed(old: &Side<'_>, new: &Side<'_>, a: Vec<usize>, mut b: Vec<usize>, matching: &mut Matching) {
    let by_likeness = a.len() * b.len() <= MOST_CANDIDATES;
    for from in a {
        let fact = &old.lines[from].fact;
        let mut candidates =
            b.iter().enumerate().filter(|(_, to)| new.lines[**to].fact.word == fact.word).map(|(at, _)| at);
        let best = if by_likeness {
            candidates.min_by_key(|at| fact.differing(&new.lines[b[*at]].fact).len())
        } else {
            candidates.next()
        };
        match best {
            Some(at) => matching.pairs.push((from, b.remove(at), Tie::Changed)),
            None => matching.missing.push(from),
        }
    }
    matching.extra.extend(b);
}
