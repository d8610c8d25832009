//! What a golden's marks allow, taken out of a run before it is compared.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet, VecDeque},
};

use crate::{
    Golden, Line, LineKey, Marks,
    arena::{Arena, Places},
    bless::never,
    key::Forest,
};

/// Something that a mark of the golden speaks of, and how it is in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// the line's key
    pub key: LineKey,
    /// line of the golden file, from 1
    pub line: usize,
    /// the mark, `unstable 97/100`
    pub mark: String,
    /// `there`, `absent`, ...
    pub how: String,
}

/// The run as the golden has it where the golden's marks leave it free, and what was left free. Without marks it is
/// the run itself.
pub(crate) fn settle<'a>(golden: &Golden, run: &'a Golden) -> (Cow<'a, Golden>, Vec<Tolerated>) {
    let marked = golden.tree.iter().any(|line| !line.marks.is_strict());
    let rows = golden.table.iter().any(|row| !row.unstable.is_empty());
    let hits = golden.detections.iter().any(|detection| detection.unstable.is_some());
    if !marked && !rows && !hits {
        return (Cow::Borrowed(run), Vec::new());
    }
    let (mut settled, mut tolerated) = (run.clone(), Vec::new());
    if marked {
        settled.tree = tree(golden, run, &mut tolerated);
    }
    table(golden, &mut settled, &mut tolerated);
    detections(golden, &mut settled, &mut tolerated);
    (Cow::Owned(settled), tolerated)
}

fn tree(golden: &Golden, run: &Golden, tolerated: &mut Vec<Tolerated>) -> Vec<Line> {
    let forest = Forest::of(&golden.tree);
    let mut arena = Arena::of(&run.tree);
    let mut note = |at: usize, mark: Marks, how: &str| {
        tolerated.push(Tolerated {
            key: forest.key(at),
            line: golden.tree_line() + at,
            mark: mark.to_string(),
            how: how.to_owned(),
        });
    };
    let mut lists: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    while let Some((old, new)) = lists.pop() {
        let wanted = old.map_or(&forest.roots, |old| &forest.children[old]);
        let pairs = pairs(golden, &forest, wanted, &arena, new);
        // The run's own order stays where it is the golden's: what is extra then stands where it stood.
        let in_order = in_order(arena.below(new), &pairs);
        let mut places = Places::default();
        let mut placed = HashSet::new();
        for from in wanted {
            let marks = golden.tree[*from].marks;
            match pairs.get(from) {
                Some(to) => {
                    if marks.unstable.is_some() {
                        let (line, old) = (&mut arena.lines[*to], &golden.tree[*from]);
                        let same = (&line.acts, &line.unseen) == (&old.acts, &old.unseen);
                        note(*from, marks, if same { "there" } else { "there, seen or anchored otherwise" });
                        line.acts.clone_from(&old.acts);
                        line.unseen.clone_from(&old.unseen);
                        line.marks = marks;
                    }
                    if marks.has_no_place() && !in_order {
                        placed.insert(*to);
                        places.put(*to);
                    } else {
                        places.pass(*to);
                    }
                    lists.push((Some(*from), Some(*to)));
                }
                None if marks.may_be_absent() => {
                    note(*from, marks, "absent");
                    places.put(arena.graft(&golden.tree, &forest, *from));
                }
                None => {}
            }
        }
        let fixed = arena.below(new).clone().into_iter().filter(|at| !placed.contains(at));
        *arena.below(new) = places.among(fixed);
    }
    tolerated.sort_by_key(|tolerated| tolerated.line);
    arena.into_lines()
}

/// Which of the golden's siblings is which of the run's: equal facts in their order. Where the run has fewer of
/// them, the last of those that may be absent are.
fn pairs(
    golden: &Golden,
    forest: &Forest,
    wanted: &[usize],
    arena: &Arena,
    new: Option<usize>,
) -> HashMap<usize, usize> {
    let found = new.map_or(&arena.roots, |new| &arena.children[new]);
    let mut waiting: HashMap<&str, VecDeque<usize>> = HashMap::new();
    found.iter().for_each(|at| waiting.entry(&arena.texts[*at]).or_default().push_back(*at));
    let mut alike: HashMap<&str, Vec<usize>> = HashMap::new();
    wanted.iter().for_each(|at| alike.entry(&forest.texts[*at]).or_default().push(*at));
    let mut pairs = HashMap::new();
    for (text, mut wanted) in alike {
        let Some(found) = waiting.remove(text) else { continue };
        let mut absent = wanted.len().saturating_sub(found.len());
        for at in (0..wanted.len()).rev() {
            if absent > 0 && golden.tree[wanted[at]].marks.may_be_absent() {
                wanted.remove(at);
                absent -= 1;
            }
        }
        pairs.extend(wanted.into_iter().zip(found));
    }
    pairs
}

/// True if the run's siblings that have a counterpart stand as the golden's do.
fn in_order(found: &[usize], pairs: &HashMap<usize, usize>) -> bool {
    let back: HashMap<usize, usize> = pairs.iter().map(|(from, to)| (*to, *from)).collect();
    found.iter().filter_map(|at| back.get(at)).is_sorted()
}

fn table(golden: &Golden, run: &mut Golden, tolerated: &mut Vec<Tolerated>) {
    let sensors = run.sensors.clone();
    for (at, row) in golden.table.iter().enumerate() {
        let Some(other) = run.table.iter_mut().find(|other| other.act == row.act) else { continue };
        for (sensor, rate) in &row.unstable {
            let (Some(old), Some(new)) = (
                golden.sensors.iter().position(|known| known == sensor),
                sensors.iter().position(|known| known == sensor),
            ) else {
                continue;
            };
            let (Some(old), Some(new)) = (row.verdicts.get(old), other.verdicts.get_mut(new)) else {
                continue;
            };
            if never(*sensor, *new) {
                continue;
            }
            tolerated.push(Tolerated {
                key: LineKey(format!("table / {} / {sensor}", row.act)),
                line: golden.table_line() + 1 + at,
                mark: format!("unstable {rate}"),
                how: new.to_string(),
            });
            *new = *old;
            other.unstable.push((*sensor, *rate));
        }
    }
}

fn detections(golden: &Golden, run: &mut Golden, tolerated: &mut Vec<Tolerated>) {
    for (at, old) in golden.detections.iter().enumerate() {
        let Some(rate) = old.unstable else { continue };
        let found =
            run.detections.iter_mut().find(|new| (&new.source, &new.title) == (&old.source, &old.title));
        let how = match found {
            Some(new) if new.acts == old.acts => {
                new.unstable = Some(rate);
                "there"
            }
            Some(new) => {
                *new = old.clone();
                "there, on other acts"
            }
            None => {
                run.detections.push(old.clone());
                "absent"
            }
        };
        tolerated.push(Tolerated {
            key: LineKey(format!("detections / {old}")),
            line: golden.detections_line() + at,
            mark: format!("unstable {rate}"),
            how: how.to_owned(),
        });
    }
    run.detections.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
}
