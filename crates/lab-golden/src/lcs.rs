//! The longest common subsequence of two lists of keys, after Hunt and Szymanski (1977).

use std::ops::Range;

/// Keys that stand on both sides more often than this allows (per key of both lists, and at least) are paired by
/// occurrence, the second with the second: the time stays near to that of sorting.
const MOST_PAIRS: (usize, usize) = (64, 4096);

/// Positions of equal keys, rising on both sides, as many as there can be. Of several such lists it is the one that,
/// from its end on, stands earliest in `b` and then in `a`.
pub(crate) fn common(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let before = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[before..], &b[before..]);
    let after = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (middle_a, middle_b) = (&rest_a[..rest_a.len() - after], &rest_b[..rest_b.len() - after]);
    let mut pairs: Vec<(usize, usize)> = (0..before).map(|at| (at, at)).collect();
    if !middle_a.is_empty() && !middle_b.is_empty() {
        let middle = longest(&candidates(middle_a, middle_b));
        pairs.extend(middle.into_iter().map(|(i, j)| (before + i, before + j)));
    }
    pairs.extend((0..after).rev().map(|at| (a.len() - 1 - at, b.len() - 1 - at)));
    pairs
}

/// For each of `a` the places in `b` where its key stands too, the last first.
fn candidates(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let (sorted_a, sorted_b) = (sorted(a), sorted(b));
    let groups = groups(&sorted_a, &sorted_b);
    let all: usize = groups.iter().map(|(a, b)| a.len() * b.len()).sum();
    let in_order = all > MOST_PAIRS.0 * (a.len() + b.len()) + MOST_PAIRS.1;
    let mut pairs = Vec::with_capacity(if in_order { a.len() } else { all });
    for (a, b) in groups {
        let (a, b) = (&sorted_a[a], &sorted_b[b]);
        if in_order {
            pairs.extend(a.iter().zip(b).map(|(a, b)| (a.1, b.1)));
        } else {
            pairs.extend(a.iter().flat_map(|a| b.iter().map(|b| (a.1, b.1))));
        }
    }
    pairs.sort_unstable_by_key(|(i, j)| (*i, std::cmp::Reverse(*j)));
    pairs
}

/// The keys with their places, sorted.
pub(crate) fn sorted(keys: &[u64]) -> Vec<(u64, usize)> {
    let mut sorted: Vec<(u64, usize)> = keys.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    sorted
}

/// The stretches of equal keys that both sorted lists have.
pub(crate) fn groups(a: &[(u64, usize)], b: &[(u64, usize)]) -> Vec<(Range<usize>, Range<usize>)> {
    let (mut out, mut i, mut j) = (Vec::new(), 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                let count = |list: &[(u64, usize)]| list.iter().take_while(|(key, _)| *key == a[i].0).count();
                let (to_i, to_j) = (i + count(&a[i..]), j + count(&b[j..]));
                out.push((i..to_i, j..to_j));
                (i, j) = (to_i, to_j);
            }
        }
    }
    out
}

/// Of pairs sorted by their first number, and for one first number falling in the second, the longest list that rises
/// in both.
fn longest(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // for each length the pair with which a list of it ends soonest, and for each pair the one before it
    let (mut ends, mut links): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), vec![None; pairs.len()]);
    for (at, (_, j)) in pairs.iter().enumerate() {
        let length = match ends.last() {
            Some(end) if pairs[*end].1 < *j => ends.len(),
            _ => ends.partition_point(|end| pairs[*end].1 < *j),
        };
        links[at] = length.checked_sub(1).map(|length| ends[length]);
        match ends.get_mut(length) {
            None => ends.push(at),
            Some(end) if pairs[*end].1 > *j => *end = at,
            Some(_) => {}
        }
    }
    let mut out = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        out.push(pairs[at]);
        next = links[at];
    }
    out.reverse();
    out
}

/// Which elements of a list can stay where they are if as few as possible are moved to make it rise. Kept from list to
/// list: there can be very many short ones.
#[derive(Default)]
pub(crate) struct Rising {
    ends: Vec<usize>,
    links: Vec<Option<usize>>,
    /// for each element
    pub(crate) stays: Vec<bool>,
}

impl Rising {
    /// Looks at a list in which no number stands twice. [`longest`] says the same of its pairs of place and number.
    pub(crate) fn look(&mut self, list: &[usize]) {
        self.ends.clear();
        self.links.clear();
        self.stays.clear();
        self.stays.resize(list.len(), false);
        for (at, number) in list.iter().enumerate() {
            let length = match self.ends.last() {
                Some(end) if list[*end] < *number => self.ends.len(),
                _ => self.ends.partition_point(|end| list[*end] < *number),
            };
            self.links.push(length.checked_sub(1).map(|length| self.ends[length]));
            match self.ends.get_mut(length) {
                Some(end) => *end = at,
                None => self.ends.push(at),
            }
        }
        let mut next = self.ends.last().copied();
        while let Some(at) = next {
            self.stays[at] = true;
            next = self.links[at];
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::{Rising, common};

    /// The same by the table of all lengths.
    pub(crate) fn slow(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
        let mut lengths = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                lengths[i][j] = match a[i - 1] == b[j - 1] {
                    true => lengths[i - 1][j - 1] + 1,
                    false => lengths[i - 1][j].max(lengths[i][j - 1]),
                };
            }
        }
        let (mut out, mut row) = (Vec::new(), a.len());
        for length in (1..=lengths[a.len()][b.len()]).rev() {
            let j = (0..=b.len()).find(|j| lengths[row][*j] >= length).unwrap();
            let i = (0..=row).find(|i| lengths[*i][j] >= length).unwrap();
            out.push((i - 1, j - 1));
            row = i - 1;
        }
        out.reverse();
        out
    }

    proptest! {
        #[test]
        fn it_is_common_rising_and_the_longest(a in prop::collection::vec(0..6u64, 0..14), b in prop::collection::vec(0..6u64, 0..14)) {
            let found = common(&a, &b);
            prop_assert!(found.iter().all(|(i, j)| a[*i] == b[*j]));
            prop_assert!(found.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert_eq!(found.len(), slow(&a, &b).len());
            // Where nothing is trimmed it is the very same list.
            let (mut a, mut b) = (a, b);
            a.insert(0, 10);
            b.insert(0, 11);
            a.push(12);
            b.push(13);
            prop_assert_eq!(common(&a, &b), slow(&a, &b));
        }
    }

    proptest! {
        #[test]
        fn what_can_stay_is_the_longest_list_that_rises(list in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle()) {
            let mut rising = Rising::default();
            rising.look(&[1, 0]);
            rising.look(&list);
            let keys: Vec<u64> = list.iter().map(|number| *number as u64).collect();
            let longest: Vec<usize> = slow(&keys, &(0..12).collect::<Vec<_>>()).iter().map(|(at, _)| *at).collect();
            let stays: Vec<usize> = (0..list.len()).filter(|at| rising.stays[*at]).collect();
            prop_assert_eq!(stays, longest);
        }
    }

    /// What would be a quarter of a million million pairs is as quick as sorting, and loses no more than it must.
    #[test]
    fn many_equal_keys_are_paired_by_occurrence() {
        let a: Vec<u64> = (0..1_000_000).map(|at| at % 2).collect();
        let mut b = a.clone();
        b.remove(400_000);
        b.remove(600_000);
        let found = common(&a, &b);
        assert!(found.len() > 800_000, "{}", found.len());
        assert!(found.iter().all(|(i, j)| a[*i] == b[*j]));
    }
}
