//! A tree that grows: lines by index, for putting lines of one golden into another.

use std::collections::HashMap;

use crate::{Line, key::Forest};

/// Lines with their children, in order.
pub(crate) struct Arena {
    pub(crate) lines: Vec<Line>,
    pub(crate) children: Vec<Vec<usize>>,
    pub(crate) roots: Vec<usize>,
}

impl Arena {
    pub(crate) fn of(lines: &[Line], forest: Forest) -> Self {
        Self { lines: lines.to_vec(), children: forest.children, roots: forest.roots }
    }

    /// The children of a line, or the roots.
    pub(crate) fn below(&mut self, parent: Option<usize>) -> &mut Vec<usize> {
        match parent {
            Some(parent) => &mut self.children[parent],
            None => &mut self.roots,
        }
    }

    /// Takes in a line of another golden with all below it; gives its index here.
    pub(crate) fn graft(&mut self, lines: &[Line], forest: &Forest, root: usize) -> usize {
        let mut here: HashMap<usize, usize> = HashMap::new();
        for at in forest.subtree(root) {
            let new = self.lines.len();
            self.lines.push(lines[at].clone());
            self.children.push(Vec::new());
            here.insert(at, new);
            if let Some(parent) = forest.parents[at].and_then(|parent| here.get(&parent)) {
                self.children[*parent].push(new);
            }
        }
        here[&root]
    }

    /// The lines in order, with their depths.
    pub(crate) fn into_lines(self) -> Vec<Line> {
        self.order().into_iter().map(|(depth, at)| Line { depth, ..self.lines[at].clone() }).collect()
    }

    /// Depth and index of each line, in order.
    pub(crate) fn order(&self) -> Vec<(usize, usize)> {
        let mut out = Vec::with_capacity(self.lines.len());
        let mut stack: Vec<(usize, usize)> = self.roots.iter().rev().map(|at| (0, *at)).collect();
        while let Some((depth, at)) = stack.pop() {
            out.push((depth, at));
            stack.extend(self.children[at].iter().rev().map(|child| (depth + 1, *child)));
        }
        out
    }
}

/// Where lines that have no place of their own go: after the last line before them that has one.
#[derive(Default)]
pub(crate) struct Places {
    after: HashMap<Option<usize>, Vec<usize>>,
    last: Option<usize>,
}

impl Places {
    /// What follows stands after this one.
    pub(crate) fn pass(&mut self, at: usize) {
        self.last = Some(at);
    }

    /// Puts a line where we are.
    pub(crate) fn put(&mut self, at: usize) {
        self.after.entry(self.last).or_default().push(at);
    }

    /// The lines that have a place, with the others between them.
    pub(crate) fn among(mut self, fixed: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut out = self.after.remove(&None).unwrap_or_default();
        for at in fixed {
            out.push(at);
            out.extend(self.after.remove(&Some(at)).into_iter().flatten());
        }
        out
    }
}
