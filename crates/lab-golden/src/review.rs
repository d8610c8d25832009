//! A drift accepted piece by piece, for a person who looks at each.

use lab_model::OpenFlags;

use crate::{
    ActRef, Allowed, Golden, GoldenError, Line, Piece,
    drift::unified,
    key::Forest,
    overrides::{Change, Override, Placed, TreeChange, derive},
    quote::unquote,
    settle::settle,
};

/// What a person says of one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// the golden says it from now on
    Accept,
    /// the golden stays as it is there
    Reject,
    /// the scenario leaves free whether and how often it is there, up to this many
    AtMost(u32),
}

/// What a scenario could leave free instead of accepting a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeable {
    /// the act in whose interest it is
    pub act: ActRef,
    /// the object's path, with `${variables}` as scenarios have them
    pub path: String,
}

/// A golden and a run that differs from it, on the way from one to the other.
#[derive(Clone, Debug)]
pub struct Review {
    golden: Golden,
    run: Golden,
    changes: Override,
}

impl Review {
    /// What leads from a golden to a run; what the golden's marks allow is none of it.
    pub fn new(golden: &Golden, run: &Golden) -> Self {
        let mut review = Self {
            golden: golden.clone(),
            run: settle(golden, run).0.into_owned(),
            changes: Override::default(),
        };
        if review.head().is_none() {
            review.derive();
        }
        review
    }

    /// The first piece, if there is one that all others depend on: techniques, what is allowed, which acts there are.
    /// It is accepted by [`Review::accept_head`]; until then there are no others.
    pub fn head(&self) -> Option<String> {
        let with = self.with_head();
        (with != self.golden).then(|| diff(&self.golden, &with))
    }

    /// Accepts what [`Review::head`] shows.
    pub fn accept_head(&mut self) {
        self.golden = self.with_head();
        self.run = settle(&self.golden, &self.run).0.into_owned();
        self.derive();
    }

    fn with_head(&self) -> Golden {
        let (run, mut golden) = (&self.run, self.golden.clone());
        golden.attack.clone_from(&run.attack);
        golden.allowed.clone_from(&run.allowed);
        let known = |golden: &Golden, act: ActRef| golden.table.iter().any(|row| row.act == act);
        golden.table.retain(|row| known(run, row.act));
        for row in run.table.iter().filter(|row| !known(&self.golden, row.act)) {
            let mut new = row.clone();
            let verdict =
                |sensor| run.sensors.iter().position(|known| known == sensor).map(|at| row.verdicts[at]);
            new.verdicts = golden
                .sensors
                .iter()
                .map(|sensor| verdict(sensor).unwrap_or(lab_model::Verdict::Absent))
                .collect();
            new.unstable.retain(|(sensor, _)| golden.sensors.contains(sensor));
            golden.table.push(new);
        }
        golden.table.sort_by_key(|row| row.act.id);
        golden.tree.iter_mut().for_each(|line| line.acts.retain(|act| known(run, *act)));
        golden.detections.iter_mut().for_each(|hit| hit.acts.retain(|act| known(run, *act)));
        golden
    }

    fn derive(&mut self) {
        self.changes.tree = derive::tree(&self.golden, &self.run);
        self.changes.table = derive::table(&self.golden, &self.run);
        self.changes.detections = derive::detections(&self.golden, &self.run);
    }

    /// How many pieces there are.
    pub fn pieces(&self) -> usize {
        let changes = &self.changes;
        changes.tree.len() + changes.table.len() + changes.detections.len()
    }

    /// What accepting one piece alone would change, as a unified diff.
    ///
    /// # Errors
    /// If the piece cannot be taken alone.
    pub fn piece(&self, piece: usize) -> Result<String, GoldenError> {
        let mut decisions = vec![Decision::Reject; self.pieces()];
        decisions[piece] = Decision::Accept;
        Ok(diff(&self.golden, &self.golden(&decisions)?))
    }

    /// What could be left free instead of accepting a piece: a single line that nothing makes strict.
    pub fn freeable(&self, piece: usize) -> Option<Freeable> {
        let change = self.changes.tree.get(piece)?;
        let (forest, at) = self.place(change)?;
        let line = match &change.what {
            TreeChange::Absent if forest.children[at].is_empty() => &self.golden.tree[at],
            TreeChange::Then(lines) | TreeChange::First(lines) => match lines.as_slice() {
                [line] => line,
                _ => return None,
            },
            _ => return None,
        };
        let act = act_around(&self.golden.tree, &forest, at)?;
        Some(Freeable { act, path: freeable_path(line)? })
    }

    /// The line of the golden that a change names.
    fn place(&self, change: &Change<TreeChange>) -> Option<(Forest, usize)> {
        let forest = Forest::of(&self.golden.tree);
        let at = (0..self.golden.tree.len()).find(|at| forest.key(*at).to_string() == change.key)?;
        Some((forest, at))
    }

    /// The golden after these decisions, one for each piece.
    ///
    /// # Errors
    /// If the pieces accepted do not go together.
    pub fn golden(&self, decisions: &[Decision]) -> Result<Golden, GoldenError> {
        let mut golden = self.golden.clone();
        let (tree, rest) = decisions.split_at(self.changes.tree.len());
        let (table, detections) = rest.split_at(self.changes.table.len());
        let mut accepted = Override::default();
        for (piece, (change, decision)) in self.changes.tree.iter().zip(tree).enumerate() {
            match decision {
                Decision::Reject => {}
                Decision::Accept => accepted.tree.push(change.clone()),
                Decision::AtMost(most) => {
                    let Some(freeable) = self.freeable(piece) else { continue };
                    if let Some((what, path)) = self.freed(change, *most) {
                        allow(&mut golden, freeable.act, &path, *most);
                        accepted.tree.push(Change { what, ..change.clone() });
                    }
                }
            }
        }
        let taken = |decision: &Decision| *decision == Decision::Accept;
        accepted.table = picked(&self.changes.table, table.iter().map(taken));
        accepted.detections = picked(&self.changes.detections, detections.iter().map(taken));
        Ok(Placed::base(golden).with(&accepted, 1)?.golden)
    }

    /// A change after which the line is there, freed; with the line's path as the golden has it.
    fn freed(&self, change: &Change<TreeChange>, most: u32) -> Option<(TreeChange, String)> {
        let free = |line: &Line| {
            let mut line = line.clone();
            line.marks.free.at_most = Some(most);
            line
        };
        let (what, line) = match &change.what {
            TreeChange::Then(lines) => (TreeChange::Then(lines.iter().map(free).collect()), lines.first()?),
            TreeChange::First(lines) => (TreeChange::First(lines.iter().map(free).collect()), lines.first()?),
            TreeChange::Absent | TreeChange::Is(_) => {
                let (_, at) = self.place(change)?;
                let line = &self.golden.tree[at];
                (TreeChange::Is(Line { depth: 0, ..free(line) }), line)
            }
        };
        Some((what, line.fact.fields.first()?.text.to_string()))
    }
}

fn diff(old: &Golden, new: &Golden) -> String {
    unified("golden", &old.to_text(), "accepted", &new.to_text())
}

fn picked<T: Clone>(all: &[T], taken: impl Iterator<Item = bool>) -> Vec<T> {
    all.iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| one.clone()).collect()
}

/// Takes into the head that at most so many facts of a path are allowed in the interest of an act.
fn allow(golden: &mut Golden, act: ActRef, path: &str, most: u32) {
    let mut free = lab_model::Freedom::default();
    for allowed in golden.allowed.iter_mut().filter(|allowed| allowed.path == path) {
        if allowed.acts.contains(&act) {
            free = allowed.free;
            allowed.acts.retain(|known| *known != act);
        }
    }
    golden.allowed.retain(|allowed| !allowed.acts.is_empty());
    free.at_most = Some(most);
    match golden.allowed.iter_mut().find(|allowed| (allowed.path.as_str(), allowed.free) == (path, free)) {
        Some(allowed) => {
            allowed.acts.push(act);
            allowed.acts.sort();
        }
        None => golden.allowed.push(Allowed { path: path.to_owned(), free, acts: [act].into() }),
    }
    golden.allowed.sort_by(|a, b| (&a.path, a.free).cmp(&(&b.path, b.free)));
}

/// The act in whose doings a line stands: the only one that anchors in the smallest subtree around it that any does.
fn act_around(lines: &[Line], forest: &Forest, at: usize) -> Option<ActRef> {
    let mut above = Some(at);
    while let Some(root) = above {
        let acts = forest.subtree(root).into_iter().flat_map(|at| &lines[at].acts);
        let acts: std::collections::BTreeSet<&ActRef> = acts.collect();
        if !acts.is_empty() {
            return if acts.len() == 1 { acts.first().map(|act| **act) } else { None };
        }
        above = forest.parents[root];
    }
    None
}

/// The path of a line that a scenario may free, as scenarios write it: an open for reading that is no act itself.
fn freeable_path(line: &Line) -> Option<String> {
    let [path, flags, ..] = line.fact.fields.as_slice() else { return None };
    let reads = flags.text.split(' ').next() == Some(&OpenFlags(0).to_string());
    let creates = flags.text.split(' ').any(|flag| matches!(flag, "create" | "tmpfile"));
    if line.fact.word != "open" || !line.acts.is_empty() || !reads || creates {
        return None;
    }
    let (pieces, _) = unquote(&path.text).ok()?;
    let shown = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => std::str::from_utf8(text.as_bytes()).ok().map(str::to_owned),
        Piece::Placeholder(placeholder) => {
            let name = placeholder.to_string();
            Some(format!("${{{}}}", name.trim_matches(['<', '>'])))
        }
    });
    shown.collect()
}
