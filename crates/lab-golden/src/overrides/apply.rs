//! What an override makes of a golden.

use std::collections::HashMap;

use lab_model::Verdict;

use super::{Change, DetectionChange, Override, TableChange, TreeChange};
use crate::{ActRef, Detection, Golden, GoldenError, Line, Problem, arena::Arena, error::near, key::Forest};

/// The key that stands for the tree as a whole: what is first there comes before all roots.
pub(crate) const WHOLE_TREE: &str = "tree";

/// A golden, and for each line of its tree where that line is written: which of the files, and its line there.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) golden: Golden,
    pub(crate) tree: Vec<(usize, usize)>,
}

impl Placed {
    /// A golden as its own file has it, which is the first of the files.
    pub(crate) fn base(golden: Golden) -> Self {
        let from = golden.tree_line();
        let tree = (0..golden.tree.len()).map(|at| (0, from + at)).collect();
        Self { golden, tree }
    }

    /// With what an override says, which is file number `file`. All its keys are those of lines as they were before.
    pub(crate) fn with(mut self, over: &Override, file: usize) -> Result<Self, GoldenError> {
        over.keys()?;
        table(&mut self.golden, over)?;
        detections(&mut self.golden, over)?;
        tree(&mut self, over, file)?;
        Ok(self)
    }
}

fn error<T>(over: &Override, at: usize, problem: Problem) -> Result<T, GoldenError> {
    Err(GoldenError { file: over.file.clone(), line: at, problem })
}

fn no_line<T>(
    over: &Override,
    at: usize,
    key: &str,
    known: impl Iterator<Item = String>,
) -> Result<T, GoldenError> {
    let known: Vec<String> = known.collect();
    let near = near(key, known.iter().map(String::as_str));
    error(over, at, Problem::NoLine { key: key.to_owned(), near })
}

fn tree(placed: &mut Placed, over: &Override, file: usize) -> Result<(), GoldenError> {
    let forest = Forest::of(&placed.golden.tree);
    let keys = || (0..placed.golden.tree.len()).map(|at| forest.key(at).to_string());
    let known: HashMap<String, usize> = if over.tree.is_empty() {
        HashMap::new()
    } else {
        keys().enumerate().map(|(at, key)| (key, at)).collect()
    };
    let mut absent = vec![false; placed.golden.tree.len()];
    // What is grafted after a line, and before the first line below one or below none.
    let mut then: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut first: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    let mut arena = Arena::of(&placed.golden.tree, Forest::of(&placed.golden.tree));
    let mut places = placed.tree.clone();
    for Change { key, at, what } in &over.tree {
        let target = known.get(key).copied();
        if target.is_none() && !(key == WHOLE_TREE && matches!(what, TreeChange::First(_))) {
            return no_line(over, *at, key, keys());
        }
        let word = target.map(|target| placed.golden.tree[target].fact.word);
        match (what, target) {
            (TreeChange::Absent, Some(target)) => absent[target] = true,
            (TreeChange::Is(line), Some(target)) => {
                acts_have_rows(over, at + 1, std::slice::from_ref(line), &placed.golden)?;
                let parent = !arena.children[target].is_empty();
                if parent && !may_have_lines_below(line.fact.word) {
                    return error(over, at + 1, Problem::NotAParent(line.fact.word.to_owned()));
                }
                arena.lines[target] = line.clone();
                places[target] = (file, at + 1);
            }
            (TreeChange::Then(lines), Some(target)) => {
                acts_have_rows(over, at + 2, lines, &placed.golden)?;
                then.insert(target, graft(&mut arena, lines));
                places.extend((0..lines.len()).map(|line| (file, at + 2 + line)));
            }
            (TreeChange::First(lines), target) => {
                acts_have_rows(over, at + 2, lines, &placed.golden)?;
                if let Some(word) = word.filter(|word| !may_have_lines_below(word)) {
                    return error(over, at + 1, Problem::NotAParent(word.to_owned()));
                }
                first.insert(target, graft(&mut arena, lines));
                places.extend((0..lines.len()).map(|line| (file, at + 2 + line)));
            }
            (_, None) => {}
        }
    }
    for parent in std::iter::once(None).chain((0..absent.len()).map(Some)) {
        let old = std::mem::take(arena.below(parent));
        let mut new = first.remove(&parent).unwrap_or_default();
        for at in old {
            new.extend((!absent[at]).then_some(at));
            new.extend(then.remove(&at).into_iter().flatten());
        }
        *arena.below(parent) = new;
    }
    placed.tree = arena.order().into_iter().map(|(_, at)| places[at]).collect();
    placed.golden.tree = arena.into_lines();
    Ok(())
}

fn may_have_lines_below(word: &str) -> bool {
    matches!(word, "exec" | "fork")
}

/// Takes in lines with their own kinship; gives the roots. Their indexes follow in the order of the lines.
fn graft(arena: &mut Arena, lines: &[Line]) -> Vec<usize> {
    let from = arena.lines.len();
    let forest = Forest::of(lines);
    arena.lines.extend_from_slice(lines);
    arena
        .children
        .extend(forest.children.iter().map(|below| below.iter().map(|at| from + at).collect::<Vec<_>>()));
    forest.roots.iter().map(|at| from + at).collect()
}

fn acts_have_rows(over: &Override, at: usize, lines: &[Line], golden: &Golden) -> Result<(), GoldenError> {
    let known = |act: &ActRef| golden.table.iter().any(|row| row.act == *act);
    for (line, of) in lines.iter().enumerate() {
        if let Some(act) = of.acts.iter().find(|act| !known(act)) {
            return error(over, at + line, Problem::UnknownAct(act.to_string()));
        }
    }
    Ok(())
}

fn table(golden: &mut Golden, over: &Override) -> Result<(), GoldenError> {
    for Change { key, at, what } in &over.table {
        match what {
            TableChange::NoColumn(sensor) => {
                let Some(column) = golden.sensors.iter().position(|known| known == sensor) else {
                    return no_line(over, *at, key, golden.sensors.iter().map(ToString::to_string));
                };
                golden.sensors.remove(column);
                for row in &mut golden.table {
                    row.verdicts.remove(column);
                    row.unstable.retain(|(known, _)| known != sensor);
                }
            }
            TableChange::Cell(act, sensor, verdict, rate) => {
                let Some(row) = golden.table.iter().position(|row| row.act == *act) else {
                    return no_line(
                        over,
                        *at,
                        key,
                        golden.table.iter().map(|row| format!("{} / {sensor}", row.act)),
                    );
                };
                let column = golden.sensors.binary_search(sensor).unwrap_or_else(|place| {
                    golden.sensors.insert(place, *sensor);
                    golden.table.iter_mut().for_each(|row| row.verdicts.insert(place, Verdict::Absent));
                    place
                });
                let row = &mut golden.table[row];
                row.verdicts[column] = *verdict;
                row.unstable.retain(|(known, _)| known != sensor);
                row.unstable.extend(rate.map(|rate| (*sensor, rate)));
                row.unstable.sort_by_key(|(sensor, _)| *sensor);
            }
        }
    }
    Ok(())
}

fn detections(golden: &mut Golden, over: &Override) -> Result<(), GoldenError> {
    for Change { key, at, what } in &over.detections {
        let place = golden.detections.iter().position(|known| known.to_string() == *key);
        match what {
            DetectionChange::Absent => match place {
                Some(place) => drop(golden.detections.remove(place)),
                None => return no_line(over, *at, key, golden.detections.iter().map(ToString::to_string)),
            },
            DetectionChange::On(acts, unstable) => {
                let known = |act: &&ActRef| golden.table.iter().any(|row| row.act == **act);
                if let Some(act) = acts.iter().find(|act| !known(act)) {
                    return error(over, at + 1, Problem::UnknownAct(act.to_string()));
                }
                let Some((source, title)) = key.split_once(' ') else { continue };
                let new = Detection {
                    source: source.to_owned(),
                    title: title.to_owned(),
                    acts: acts.clone(),
                    unstable: *unstable,
                };
                match place {
                    Some(place) => golden.detections[place] = new,
                    None => golden.detections.push(new),
                }
            }
        }
    }
    golden.detections.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
    Ok(())
}
