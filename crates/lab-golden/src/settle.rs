//! What a golden's marks allow, taken out of a run before it is compared.

use std::{borrow::Cow, collections::HashSet};

use crate::{
    Golden, Line, LineKey, Marks,
    arena::{Arena, Places},
    bless::never,
    embed::{Tree, embed},
    key::Forest,
    lcs::Rising,
};

/// Something that a mark of the golden speaks of, and how it is in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// the line's key
    pub key: LineKey,
    /// line of the file, from 1
    pub line: usize,
    /// the file, if it is not the golden itself but an override
    pub file: Option<String>,
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
    let (forest, run_forest) = (Forest::of(&golden.tree), Forest::of(&run.tree));
    let partners =
        embed(Tree { lines: &golden.tree, forest: &forest }, Tree { lines: &run.tree, forest: &run_forest });
    let mut arena = Arena::of(&run.tree, run_forest);
    // What the scenario does not say any more is not tolerated.
    let declared = golden.allowed == run.allowed;
    let mut note = |at: usize, mark: Marks, how: &str| {
        tolerated.push(Tolerated {
            key: forest.key(at),
            line: golden.tree_line() + at,
            file: None,
            mark: mark.to_string(),
            how: how.to_owned(),
        });
    };
    let mut lists: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    while let Some((old, new)) = lists.pop() {
        let wanted = old.map_or(&forest.roots, |old| &forest.children[old]);
        // The run's own order stays where it is the golden's: what is extra then stands where it stood.
        let in_order = in_order(wanted, &partners);
        let mut places = Places::default();
        let mut placed = HashSet::new();
        for from in wanted {
            let marks = golden.tree[*from].marks;
            match partners[*from] {
                Some(to) => {
                    let (line, old) = (&mut arena.lines[to], &golden.tree[*from]);
                    let same = (&line.acts, &line.unseen) == (&old.acts, &old.unseen);
                    if marks.unstable.is_some() {
                        line.acts.clone_from(&old.acts);
                        line.unseen.clone_from(&old.unseen);
                        line.marks.unstable = marks.unstable;
                        note(*from, marks, if same { "there" } else { "there, seen or anchored otherwise" });
                    } else if !marks.is_strict() {
                        note(*from, marks, "there");
                    }
                    if marks.has_no_place() && !in_order {
                        placed.insert(to);
                        places.put(to);
                    } else {
                        places.pass(to);
                    }
                    lists.push((Some(*from), Some(to)));
                }
                None if marks.unstable.is_some() || (declared && marks.may_be_absent()) => {
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

/// True if those of the golden's siblings that the run has stand there in the same order.
fn in_order(wanted: &[usize], partners: &[Option<usize>]) -> bool {
    wanted.iter().filter_map(|at| partners[*at]).is_sorted()
}

/// What of the golden's strict lines is not in the run as the golden has it.
pub(crate) struct Unsettled {
    /// absent, or with other anchors or exceptions
    pub(crate) otherwise: Vec<usize>,
    /// out of their place
    pub(crate) moved: Vec<usize>,
}

/// The strict lines of the golden that the run does not have as they are.
pub(crate) fn unsettled(golden: Tree<'_>, run: Tree<'_>) -> Unsettled {
    let partners = embed(golden, run);
    let mut unsettled = Unsettled { otherwise: Vec::new(), moved: Vec::new() };
    let mut lists: Vec<Option<usize>> = vec![None];
    while let Some(parent) = lists.pop() {
        let siblings = parent.map_or(&golden.forest.roots, |parent| &golden.forest.children[parent]);
        let mut placed = Vec::new();
        for at in siblings {
            let line = &golden.lines[*at];
            match partners[*at] {
                None if line.marks.may_be_absent() => {}
                None => unsettled.otherwise.extend(golden.forest.subtree(*at)),
                Some(to) => {
                    let other = &run.lines[to];
                    let same = (&line.acts, &line.unseen) == (&other.acts, &other.unseen);
                    if !same {
                        unsettled.otherwise.push(*at);
                    }
                    if !line.marks.has_no_place() {
                        placed.push((*at, to));
                    }
                    lists.push(Some(*at));
                }
            }
        }
        unsettled.moved.extend(out_of_place(&placed));
    }
    let strict = |at: &usize| golden.lines[*at].marks.unstable.is_none();
    unsettled.otherwise.retain(strict);
    unsettled.moved.retain(strict);
    unsettled
}

/// Of lines in the golden's order with their places in the run, as few as must be taken out to leave the rest in order.
pub(crate) fn out_of_place(placed: &[(usize, usize)]) -> Vec<usize> {
    let places: Vec<usize> = placed.iter().map(|(_, to)| *to).collect();
    let mut rising = Rising::default();
    rising.look(&places);
    placed.iter().zip(&rising.stays).filter(|(_, stays)| !**stays).map(|((at, _), _)| *at).collect()
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
                file: None,
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
            file: None,
            mark: format!("unstable {rate}"),
            how: how.to_owned(),
        });
    }
    run.detections.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
}
