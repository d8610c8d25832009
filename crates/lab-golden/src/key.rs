//! The keys of lines, by which diffs (and later overrides) name them.

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::Line;

/// Where a line stands: the facts above it, its own, and which of several equal ones below the same parent it is.
/// Parts are joined by ` / `; the second and later of equal facts end in `#2`, `#3`. For a cell of the table
/// `table / act 1 / probe`, for a detection `detections / sigma "title"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineKey(pub(crate) String);

impl LineKey {
    /// True if it names a cell, a row or a column of the table.
    pub fn is_of_table(&self) -> bool {
        self.0.starts_with("table / ")
    }
}

impl fmt::Display for LineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lines of a tree with their kinship, by index.
pub(crate) struct Forest {
    pub(crate) texts: Vec<String>,
    pub(crate) parents: Vec<Option<usize>>,
    pub(crate) roots: Vec<usize>,
    pub(crate) children: Vec<Vec<usize>>,
    /// hash of a line, its annotations and all below it
    pub(crate) prints: Vec<u64>,
    occurrences: Vec<u32>,
}

impl Forest {
    pub(crate) fn of(lines: &[Line]) -> Self {
        let texts: Vec<String> = lines.iter().map(|line| line.fact.to_string()).collect();
        let (mut parents, mut roots) = (Vec::with_capacity(lines.len()), Vec::new());
        let mut children = vec![Vec::new(); lines.len()];
        let mut path: Vec<usize> = Vec::new();
        let mut counts: Vec<HashMap<&str, u32>> = vec![HashMap::new()];
        let mut occurrences = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            path.truncate(line.depth);
            counts.truncate(line.depth + 1);
            let parent = path.last().copied();
            parents.push(parent);
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(at);
            if let Some(counts) = counts.last_mut() {
                let count = counts.entry(&texts[at]).or_default();
                *count += 1;
                occurrences.push(*count);
            }
            path.push(at);
            counts.push(HashMap::new());
        }
        let prints = prints(lines, &texts, &children);
        Self { texts, parents, roots, children, prints, occurrences }
    }

    /// The key of a line.
    pub(crate) fn key(&self, at: usize) -> LineKey {
        let mut parts = Vec::new();
        let mut next = Some(at);
        while let Some(at) = next {
            parts.push(match self.occurrences[at] {
                1 => self.texts[at].clone(),
                n => format!("{} #{n}", self.texts[at]),
            });
            next = self.parents[at];
        }
        parts.reverse();
        LineKey(parts.join(" / "))
    }

    /// A line and all below it, in order.
    pub(crate) fn subtree(&self, root: usize) -> Vec<usize> {
        let (mut out, mut stack) = (Vec::new(), vec![root]);
        while let Some(at) = stack.pop() {
            out.push(at);
            stack.extend(self.children[at].iter().rev());
        }
        out
    }
}

fn prints(lines: &[Line], texts: &[String], children: &[Vec<usize>]) -> Vec<u64> {
    let mut prints = vec![0; lines.len()];
    // A line's children have higher indexes than it has.
    for at in (0..lines.len()).rev() {
        let mut hasher = DefaultHasher::new();
        (&texts[at], &lines[at].acts, &lines[at].unseen, lines[at].marks, children[at].len())
            .hash(&mut hasher);
        children[at].iter().for_each(|child| prints[*child].hash(&mut hasher));
        prints[at] = hasher.finish();
    }
    prints
}
