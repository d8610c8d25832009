//! A run against its golden, by the tree and not by lines.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet, VecDeque},
};

use crate::{
    ActRef, Allowed, Difference, DifferenceKind, Drift, Golden, Line, LineKey, Row,
    key::Forest,
    settle::settle,
    siblings::{Side, Tie, siblings},
    write::ALLOWED_LINE,
};

/// Says what differs. Every line counts, and so does order among siblings, but for what the golden's marks allow.
pub fn compare(golden: Option<&Golden>, run: &Golden) -> Drift {
    let (run, tolerated) = golden.map_or((Cow::Borrowed(run), Vec::new()), |golden| settle(golden, run));
    let run = &*run;
    let mut drift = Drift {
        scenario: run.scenario.clone(),
        file: format!("golden/{}.golden", run.scenario),
        new: golden.is_none(),
        differences: Vec::new(),
        tolerated,
        cost: golden.unwrap_or(run).cost(),
        old_text: golden.map(Golden::to_text).unwrap_or_default(),
        new_text: run.to_text(),
    };
    if let Some(golden) = golden.filter(|_| drift.old_text != drift.new_text) {
        let mut comparison = Comparison { golden, differences: Vec::new() };
        comparison.head(run);
        comparison.allowed(run);
        comparison.tree(run);
        comparison.table(run);
        comparison.detections(run);
        drift.differences = comparison.differences;
        drift.differences.sort_by_key(|difference| difference.line);
    }
    drift
}

struct Comparison<'a> {
    golden: &'a Golden,
    differences: Vec<Difference>,
}

impl Comparison<'_> {
    fn push(
        &mut self,
        kind: DifferenceKind,
        key: LineKey,
        line: usize,
        (old, new): (Option<String>, Option<String>),
        act: Option<ActRef>,
    ) {
        let attack = self.golden.attack.clone();
        self.differences.push(Difference { kind, key, file: None, line, old, new, act, attack });
    }

    fn head(&mut self, run: &Golden) {
        let (old, new) = (self.golden.head_line(), run.head_line());
        let mut fields = Vec::new();
        if self.golden.scenario != run.scenario {
            fields.push("scenario");
        }
        if self.golden.attack != run.attack {
            fields.push("attack");
        }
        if !fields.is_empty() {
            let key = LineKey("scenario".to_owned());
            self.push(DifferenceKind::Changed { fields }, key, 2, (Some(old), Some(new)), None);
        }
    }

    /// What the scenario leaves free is part of what was accepted.
    fn allowed(&mut self, run: &Golden) {
        let key = |allowed: &Allowed| LineKey(format!("allow / {}", allowed.path));
        let about = |allowed: &Allowed| allowed.acts.first().copied();
        let golden = self.golden;
        for (at, old) in golden.allowed.iter().enumerate().filter(|(_, old)| !run.allowed.contains(old)) {
            let texts = (Some(old.to_string()), None);
            self.push(DifferenceKind::Missing, key(old), ALLOWED_LINE + at, texts, about(old));
        }
        for new in run.allowed.iter().filter(|new| !golden.allowed.contains(new)) {
            let texts = (None, Some(new.to_string()));
            self.push(DifferenceKind::Extra, key(new), ALLOWED_LINE - 1, texts, about(new));
        }
    }

    fn tree(&mut self, run: &Golden) {
        let (forest_a, forest_b) = (Forest::of(&self.golden.tree), Forest::of(&run.tree));
        let golden = self.golden;
        let old = Side { lines: &golden.tree, forest: &forest_a };
        let new = Side { lines: &run.tree, forest: &forest_b };
        let (mut missing, mut extra) = (Vec::new(), Vec::new());
        // for each line of the run, the line of the golden that it was matched with
        let mut partners: Vec<Option<usize>> = vec![None; run.tree.len()];
        let mut lists = vec![(forest_a.roots.clone(), forest_b.roots.clone())];
        while let Some((a, b)) = lists.pop() {
            let matching = siblings(&old, &new, &a, &b);
            for (from, to, tie) in matching.pairs {
                if tie == Tie::Equal {
                    let count = forest_a.subtree(from).len();
                    partners[to..to + count].iter_mut().zip(from..).for_each(|(at, from)| *at = Some(from));
                    continue;
                }
                partners[to] = Some(from);
                self.pair(&old, &new, from, to, tie);
                lists.push((forest_a.children[from].clone(), forest_b.children[to].clone()));
            }
            missing.extend(matching.missing.into_iter().flat_map(|root| forest_a.subtree(root)));
            extra.extend(matching.extra.into_iter().flat_map(|root| forest_b.subtree(root)));
        }
        self.apart(&old, &new, missing, extra, &partners);
    }

    /// Differences of two lines that belong together.
    fn pair(&mut self, old: &Side<'_>, new: &Side<'_>, from: usize, to: usize, tie: Tie) {
        let (a, b) = (&old.lines[from], &new.lines[to]);
        let (key, line) = (old.forest.key(from), self.golden.tree_line() + from);
        let act = act_of(old, from);
        let texts = || (Some(shown(a)), Some(shown(b)));
        if tie == Tie::Moved {
            self.push(DifferenceKind::Moved, key.clone(), line, (Some(shown(a)), None), act);
        }
        let mut fields = if tie == Tie::Changed { a.fact.differing(&b.fact) } else { Vec::new() };
        if a.acts != b.acts {
            fields.push("act");
        }
        fields.extend(a.marks.differing(b.marks));
        if !fields.is_empty() {
            self.push(DifferenceKind::Changed { fields }, key.clone(), line, texts(), act);
        }
        if b.unseen.iter().any(|sensor| !a.unseen.contains(sensor)) {
            self.push(DifferenceKind::SeenByFewer, key.clone(), line, texts(), act);
        }
        if a.unseen.iter().any(|sensor| !b.unseen.contains(sensor)) {
            self.push(DifferenceKind::SeenByMore, key, line, texts(), act);
        }
    }

    /// What has no partner among its siblings: below another parent it has moved, else it is missing or extra.
    fn apart(
        &mut self,
        old: &Side<'_>,
        new: &Side<'_>,
        missing: Vec<usize>,
        extra: Vec<usize>,
        partners: &[Option<usize>],
    ) {
        let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
        extra.iter().for_each(|to| waiting.entry(shown(&new.lines[*to])).or_default().push_back(*to));
        let mut moved = HashSet::new();
        for from in missing {
            let (key, text) = (old.forest.key(from), shown(&old.lines[from]));
            let (kind, texts) = match waiting.get_mut(&text).and_then(VecDeque::pop_front) {
                Some(to) => {
                    moved.insert(to);
                    (DifferenceKind::Moved, (Some(key.to_string()), Some(new.forest.key(to).to_string())))
                }
                None => (DifferenceKind::Missing, (Some(text), None)),
            };
            self.push(kind, key, self.golden.tree_line() + from, texts, act_of(old, from));
        }
        // for each line of the run, the golden's line at it or before it
        let before = partners.iter().scan(None, |before, partner| {
            *before = partner.or(*before);
            Some(*before)
        });
        let befores: Vec<Option<usize>> = before.collect();
        for to in extra.into_iter().filter(|to| !moved.contains(to)) {
            let line = befores[to].map_or(self.golden.tree_line() - 1, |at| self.golden.tree_line() + at);
            let texts = (None, Some(shown(&new.lines[to])));
            self.push(DifferenceKind::Extra, new.forest.key(to), line, texts, act_of(new, to));
        }
    }

    fn table(&mut self, run: &Golden) {
        let golden = self.golden;
        let head = golden.table_line();
        for sensor in golden.sensors.iter().filter(|sensor| !run.sensors.contains(sensor)) {
            let key = LineKey(format!("table / {sensor}"));
            self.push(DifferenceKind::Missing, key, head, (Some(sensor.to_string()), None), None);
        }
        for sensor in run.sensors.iter().filter(|sensor| !golden.sensors.contains(sensor)) {
            let key = LineKey(format!("table / {sensor}"));
            self.push(DifferenceKind::Extra, key, head, (None, Some(sensor.to_string())), None);
        }
        for (at, row) in golden.table.iter().enumerate() {
            let (line, act) = (head + 1 + at, Some(row.act));
            let Some(other) = run.table.iter().find(|other| other.act == row.act) else {
                let key = LineKey(format!("table / {}", row.act));
                self.push(DifferenceKind::Missing, key, line, (Some(row.act.to_string()), None), act);
                continue;
            };
            for (sensor, old) in golden.sensors.iter().zip(&row.verdicts) {
                let column = run.sensors.iter().position(|other| other == sensor);
                let Some(new) = column.and_then(|column| other.verdicts.get(column)) else { continue };
                let marks = |row: &Row| row.unstable.iter().find(|(known, _)| known == sensor).copied();
                if old != new {
                    let key = LineKey(format!("table / {} / {sensor}", row.act));
                    let kind = DifferenceKind::Changed { fields: vec![sensor.word()] };
                    self.push(kind, key, line, (Some(old.to_string()), Some(new.to_string())), act);
                }
                if old == new && marks(row) != marks(other) {
                    let key = LineKey(format!("table / {} / {sensor}", row.act));
                    self.push(
                        DifferenceKind::Changed { fields: vec!["unstable"] },
                        key,
                        line,
                        (None, None),
                        act,
                    );
                }
            }
        }
        let known = |act: ActRef| golden.table.iter().any(|row| row.act == act);
        for row in run.table.iter().filter(|row| !known(row.act)) {
            let line = head + golden.table.iter().filter(|other| other.act.id < row.act.id).count();
            let key = LineKey(format!("table / {}", row.act));
            self.push(DifferenceKind::Extra, key, line, (None, Some(row.act.to_string())), Some(row.act));
        }
    }

    fn detections(&mut self, run: &Golden) {
        let golden = self.golden;
        let mut rest: Vec<_> = run.detections.iter().collect();
        for (at, old) in golden.detections.iter().enumerate() {
            let line = golden.detections_line() + at;
            let key = LineKey(format!("detections / {old}"));
            let act = old.acts.first().copied();
            let found = rest.iter().position(|new| (&new.source, &new.title) == (&old.source, &old.title));
            match found.map(|at| rest.remove(at)) {
                None => self.push(DifferenceKind::Missing, key, line, (Some(old.to_string()), None), act),
                Some(new) if new.unstable != old.unstable => {
                    let kind = DifferenceKind::Changed { fields: vec!["unstable"] };
                    self.push(kind, key, line, (None, None), act);
                }
                Some(new) if new.acts != old.acts => {
                    let text =
                        |acts: &[ActRef]| acts.iter().map(ActRef::to_string).collect::<Vec<_>>().join(", ");
                    let texts = (Some(text(&old.acts)), Some(text(&new.acts)));
                    self.push(DifferenceKind::Changed { fields: vec!["act"] }, key, line, texts, act);
                }
                Some(_) => {}
            }
        }
        for new in rest {
            let key = LineKey(format!("detections / {new}"));
            let line = golden.detections_line() - 1;
            let act = new.acts.first().copied();
            self.push(DifferenceKind::Extra, key, line, (None, Some(new.to_string())), act);
        }
    }
}

/// A line without its indentation, annotations included.
fn shown(line: &Line) -> String {
    match line.annotations().as_str() {
        "" => line.fact.to_string(),
        annotations => format!("{}  {annotations}", line.fact),
    }
}

/// The act that a line belongs to: anchored at it or above it, else the last one anchored before it.
fn act_of(side: &Side<'_>, at: usize) -> Option<ActRef> {
    let mut above = Some(at);
    while let Some(line) = above {
        if let Some(act) = side.lines[line].acts.first() {
            return Some(*act);
        }
        above = side.forest.parents[line];
    }
    side.lines[..at].iter().rev().find_map(|line| line.acts.first().copied())
}
