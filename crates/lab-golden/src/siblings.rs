//! Which lines below one parent are which lines below another: as they are first, then their order.

use crate::{
    lcs::{Rising, common, groups, sorted},
    side::Side,
};

/// How two lines belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
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
    pub(crate) pairs: Vec<(u32, u32, Tie)>,
    pub(crate) missing: Vec<u32>,
    pub(crate) extra: Vec<u32>,
}

impl Matching {
    /// How many lines have moved.
    pub(crate) fn moved(&self) -> usize {
        self.pairs.iter().filter(|(_, _, tie)| *tie == Tie::Moved).count()
    }
}

/// If more lines than this have moved below one parent, that is told once for all of them, and a line's place there
/// says nothing any more.
pub(crate) const MOST_MOVED: usize = 3;

/// More pairs of candidates than this are taken in order, not by likeness.
const MOST_CANDIDATES: usize = 10_000;
/// With more pairs of candidates than this among reordered lines, none is called like another.
const MOST_ALIKE: usize = 1_000_000;

/// By what lines are called equal.
#[derive(Clone, Copy)]
enum By {
    /// with all below them
    Whole,
    /// with all below them, in whatever order it stands
    Loose,
    /// by themselves, without annotations
    Fact,
}

impl By {
    fn keys(self, side: &Side<'_>, lines: impl Iterator<Item = u32>) -> Vec<u64> {
        let key = |at| match self {
            Self::Whole => side.index.whole(at),
            Self::Loose => side.index.loose(at),
            Self::Fact => side.fact_print(at),
        };
        lines.map(key).collect()
    }
}

/// A stretch of both lists between lines that belong together.
type Hunk = (Vec<u32>, Vec<u32>);

/// Lines, each with the number of its stretch.
type Numbered = Vec<(usize, u32)>;

/// Matches lists of siblings, one after the other, and keeps its memory between them.
#[derive(Default)]
pub(crate) struct Matcher {
    keys: (Vec<u64>, Vec<u64>),
    places: Vec<usize>,
    rising: Rising,
    pub(crate) matching: Matching,
}

impl Matcher {
    /// Matches two lists.
    pub(crate) fn siblings(&mut self, old: &Side<'_>, new: &Side<'_>, a: &[u32], b: &[u32]) {
        self.matching.pairs.clear();
        self.matching.missing.clear();
        self.matching.extra.clear();
        if !self.same_but_for_order(old, new, a, b) {
            different(old, new, (a, b), &mut self.matching);
        }
    }

    /// Matches lists that hold the same lines with the same below them: the first of equal ones is the first. False if
    /// they don't.
    fn same_but_for_order(&mut self, old: &Side<'_>, new: &Side<'_>, a: &[u32], b: &[u32]) -> bool {
        let (keys_a, keys_b) = &mut self.keys;
        for (side, list, keys) in [(old, a, &mut *keys_a), (new, b, &mut *keys_b)] {
            keys.clear();
            keys.extend(list.iter().map(|at| side.index.loose(*at)));
        }
        let sum = |keys: &[u64]| keys.iter().fold(0, |sum: u64, key| sum.wrapping_add(*key));
        if a.len() != b.len() || sum(keys_a) != sum(keys_b) {
            return false;
        }
        self.places.clear();
        let pairs = &mut self.matching.pairs;
        if keys_a == keys_b {
            pairs.extend(a.iter().zip(b).map(|(from, to)| (*from, *to, Tie::Same)));
            return true;
        }
        if !places(keys_a, keys_b, &mut self.places) {
            return false;
        }
        self.rising.look(&self.places);
        pairs.extend(
            a.iter()
                .zip(&self.places)
                .zip(&self.rising.stays)
                .map(|((from, to), stays)| (*from, b[*to], if *stays { Tie::Same } else { Tie::Moved })),
        );
        true
    }
}

/// Where in `b` each of `a` stands, the first of equal ones first. False if they do not hold the same.
fn places(a: &[u64], b: &[u64], places: &mut Vec<usize>) -> bool {
    if b.len() <= FEW {
        return few_places(a, b, places);
    }
    let (sorted_a, sorted_b) = (sorted(a), sorted(b));
    if sorted_a.iter().zip(&sorted_b).any(|((key_a, _), (key_b, _))| key_a != key_b) {
        return false;
    }
    places.resize(a.len(), 0);
    sorted_a.into_iter().zip(sorted_b).for_each(|((_, from), (_, to))| places[from] = to);
    true
}

/// A list this short has its places in a table on the stack.
const FEW: usize = 32;

/// The same for short lists, of which there are most. Keys are fingerprints, so their low bits are as good as a hash.
fn few_places(a: &[u64], b: &[u64], places: &mut Vec<usize>) -> bool {
    // 1 + the place; equal keys lie in their order
    let mut table = [0_u8; 2 * FEW];
    let slots = |key: u64| (0..2 * FEW).map(move |step| (key as usize).wrapping_add(step) % (2 * FEW));
    for (place, key) in b.iter().enumerate() {
        let Some(slot) = slots(*key).find(|slot| table[*slot] == 0) else { return false };
        table[slot] = place as u8 + 1;
    }
    let mut free = u32::MAX;
    for key in a {
        let filled = slots(*key).map_while(|slot| usize::from(table[slot]).checked_sub(1));
        let mut equal = filled.filter(|place| b[*place] == *key && free >> place & 1 == 1);
        let Some(place) = equal.next() else { return false };
        free &= !(1 << place);
        places.push(place);
    }
    true
}

/// Matches two lists of which neither holds what the other holds.
fn different(old: &Side<'_>, new: &Side<'_>, (a, b): (&[u32], &[u32]), matching: &mut Matching) {
    let mut hunks = vec![(a.to_vec(), b.to_vec())];
    for certain in [&[By::Whole, By::Loose][..], &[By::Fact]] {
        for by in certain {
            hunks = in_order(old, new, *by, hunks, &mut matching.pairs);
        }
        let (mut a, mut b) = numbered(&hunks);
        for by in certain {
            moved(old, new, *by, (&mut a, &mut b), &mut matching.pairs);
        }
        let count = hunks.len();
        hunks = vec![Hunk::default(); count];
        a.into_iter().for_each(|(hunk, at)| hunks[hunk].0.push(at));
        b.into_iter().for_each(|(hunk, at)| hunks[hunk].1.push(at));
    }
    let (mut a, mut b) = numbered(&hunks);
    let moved = matching.moved();
    if moved <= MOST_MOVED {
        changed(old, new, (&mut a, &mut b), &mut matching.pairs);
    }
    if moved > 0 {
        alike(old, new, (&mut a, &mut b), &mut matching.pairs);
    }
    matching.missing.extend(a.into_iter().map(|(_, at)| at));
    matching.extra.extend(b.into_iter().map(|(_, at)| at));
}

/// The lines of all stretches, each with the number of its stretch.
fn numbered(hunks: &[Hunk]) -> (Numbered, Numbered) {
    let number = |(hunk, lines): (usize, &Vec<u32>)| lines.iter().map(|at| (hunk, *at)).collect::<Numbered>();
    let a = hunks.iter().map(|hunk| &hunk.0).enumerate().flat_map(number).collect();
    (a, hunks.iter().map(|hunk| &hunk.1).enumerate().flat_map(number).collect())
}

/// Pairs what stands in the same order on both sides of each stretch, and gives the stretches between.
fn in_order(
    old: &Side<'_>,
    new: &Side<'_>,
    by: By,
    hunks: Vec<Hunk>,
    pairs: &mut Vec<(u32, u32, Tie)>,
) -> Vec<Hunk> {
    let mut rest = Vec::new();
    for (a, b) in hunks {
        if a.is_empty() || b.is_empty() {
            rest.push((a, b));
            continue;
        }
        let (keys_a, keys_b) = (by.keys(old, a.iter().copied()), by.keys(new, b.iter().copied()));
        unequal(&keys_a, &keys_b, (&a, &b), &mut rest, |from, to| pairs.push((from, to, Tie::Same)));
    }
    rest
}

/// Calls `equal` for the pairs that stand in the same order on both sides, and gives the stretches between them.
fn unequal(
    keys_a: &[u64],
    keys_b: &[u64],
    (a, b): (&[u32], &[u32]),
    rest: &mut Vec<Hunk>,
    mut equal: impl FnMut(u32, u32),
) {
    let mut from = (0, 0);
    let mut close = |from: (usize, usize), to: (usize, usize)| {
        if from != to {
            rest.push((a[from.0..to.0].to_vec(), b[from.1..to.1].to_vec()));
        }
    };
    for (i, j) in common(keys_a, keys_b) {
        close(from, (i, j));
        equal(a[i], b[j]);
        from = (i + 1, j + 1);
    }
    close(from, (a.len(), b.len()));
}

/// Lines that are left over on both sides.
type Left<'l> = (&'l mut Numbered, &'l mut Numbered);

/// Takes equal lines out of different stretches, the first of equal ones with the first.
fn moved(old: &Side<'_>, new: &Side<'_>, by: By, (a, b): Left<'_>, pairs: &mut Vec<(u32, u32, Tie)>) {
    if a.is_empty() || b.is_empty() {
        return;
    }
    let sorted_a = sorted(&by.keys(old, a.iter().map(|(_, at)| *at)));
    let sorted_b = sorted(&by.keys(new, b.iter().map(|(_, at)| *at)));
    let mut found = Vec::new();
    for (group_a, group_b) in groups(&sorted_a, &sorted_b) {
        let equal = sorted_a[group_a].iter().zip(&sorted_b[group_b]);
        found.extend(equal.map(|((_, i), (_, j))| (*i, *j)));
    }
    take((a, b), &found, Tie::Moved, pairs);
}

/// Pairs what is left of a stretch by action and likeness.
fn changed(old: &Side<'_>, new: &Side<'_>, (a, b): Left<'_>, pairs: &mut Vec<(u32, u32, Tie)>) {
    let mut found = Vec::new();
    let mut from = 0;
    for hunk in a.chunk_by(|(one, _), (other, _)| one == other) {
        let first = b.partition_point(|(number, _)| *number < hunk[0].0);
        let mut candidates: Vec<usize> =
            (first..b.partition_point(|(number, _)| *number <= hunk[0].0)).collect();
        let by_likeness = hunk.len() * candidates.len() <= MOST_CANDIDATES;
        for (i, (_, line)) in (from..).zip(hunk) {
            let word = old.word(*line);
            let mut alike =
                candidates.iter().enumerate().filter(|(_, j)| new.word(b[**j].1) == word).map(|(n, _)| n);
            let best = if by_likeness {
                alike.min_by_key(|n| differing(old, new, *line, b[candidates[*n]].1))
            } else {
                alike.next()
            };
            if let Some(n) = best {
                found.push((i, candidates.remove(n)));
            }
        }
        from += hunk.len();
    }
    take((a, b), &found, Tie::Changed, pairs);
}

/// In how many fields two facts differ.
fn differing(old: &Side<'_>, new: &Side<'_>, from: u32, to: u32) -> usize {
    match (old.line(from), new.line(to)) {
        (Some(from), Some(to)) => from.fact.differing(&to.fact).len(),
        _ => usize::MAX,
    }
}

/// Where order says little: pairs lines of one action of which half the text or more is the same, the likest first.
fn alike(old: &Side<'_>, new: &Side<'_>, (a, b): Left<'_>, pairs: &mut Vec<(u32, u32, Tie)>) {
    if a.len() * b.len() > MOST_ALIKE {
        return;
    }
    let texts_b: Vec<&str> = b.iter().map(|(_, at)| new.fact(*at)).collect();
    let mut candidates = Vec::new();
    for (i, (_, from)) in a.iter().enumerate() {
        let (text, word) = (old.fact(*from), old.word(*from));
        for (j, other) in texts_b.iter().enumerate() {
            if new.word(b[j].1) == word
                && let Some(unlike) = unlike(text, other)
            {
                candidates.push((unlike, i, j));
            }
        }
    }
    candidates.sort_unstable();
    let (mut taken_a, mut taken_b) = (vec![false; a.len()], vec![false; b.len()]);
    candidates.retain(|(_, i, j)| {
        let free = !taken_a[*i] && !taken_b[*j];
        if free {
            (taken_a[*i], taken_b[*j]) = (true, true);
        }
        free
    });
    let found: Vec<(usize, usize)> = candidates.into_iter().map(|(_, i, j)| (i, j)).collect();
    take((a, b), &found, Tie::Changed, pairs);
}

/// How much of the longer text is not common beginning or end, in 1024ths; `None` if more than half.
pub(crate) fn unlike(one: &str, other: &str) -> Option<usize> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()).max(1));
    let before = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let after =
        one.iter().rev().zip(other.iter().rev()).take(short - before).take_while(|(a, b)| a == b).count();
    let common = before + after;
    (2 * common >= long).then(|| (long - common) * 1024 / long)
}

/// Moves pairs of positions out of what is left over.
fn take((a, b): Left<'_>, found: &[(usize, usize)], tie: Tie, pairs: &mut Vec<(u32, u32, Tie)>) {
    let (mut keep_a, mut keep_b) = (vec![true; a.len()], vec![true; b.len()]);
    for (i, j) in found {
        pairs.push((a[*i].1, b[*j].1, tie));
        (keep_a[*i], keep_b[*j]) = (false, false);
    }
    for (list, keep) in [(a, keep_a), (b, keep_b)] {
        let mut keep = keep.into_iter();
        list.retain(|_| keep.next() == Some(true));
    }
}
