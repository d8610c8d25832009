//! A run against its golden, by the tree and not by lines.
//!
//! What is compared are texts: equal subtrees are skipped by their fingerprints, and only lines that differ are read as
//! facts, to say in what. docs/golden-format.md says by which rules lines belong together.

use std::borrow::Cow;

use rapidhash::RapidHashMap;

use crate::{
    DifferenceKind, Drift, Golden, GoldenError, GoldenText, LineKey,
    index::NO_LINE,
    sections::Gathered,
    settle::settle,
    siblings::{MOST_MOVED, Matcher, Tie},
    side::{Lines, Side, sides},
    text::tree_range,
};

/// Says what differs. Every line counts, and so does order among siblings, but for what the golden's marks allow.
pub fn compare(golden: Option<&Golden>, run: &Golden) -> Drift {
    let (run, tolerated) = golden.map_or((Cow::Borrowed(run), Vec::new()), |golden| settle(golden, run));
    let mut drift = drift(&run, golden.map(Golden::to_text), run.to_text());
    drift.tolerated = tolerated;
    if let Some(golden) = golden.filter(|_| drift.old_text != drift.new_text) {
        let tree = |text| tree_range(text).map_or("", |tree| &text[tree]);
        let (old, new) = sides(
            (tree(&drift.old_text), Lines::Read(&golden.tree)),
            (tree(&drift.new_text), Lines::Read(&run.tree)),
        );
        drift.differences = differences((golden, &old), (&run, &new));
    }
    drift
}

/// The same for texts, of which only as much is read as is needed. A run bears no marks.
///
/// # Errors
/// A line that would have to be told is not as goldens have it.
pub fn compare_texts(golden: Option<GoldenText>, run: GoldenText) -> Result<Drift, GoldenError> {
    let golden = match golden {
        Some(golden) if golden.text != run.text => golden,
        same_or_none => return Ok(drift(&run.rest, same_or_none.map(|golden| golden.text), run.text)),
    };
    let rows = |golden: &GoldenText| golden.rest.table.iter().map(|row| row.act).collect::<Vec<_>>();
    let other_rows = rows(&golden) != rows(&run);
    if golden.may_be_marked() || golden.has_marked_rows() || other_rows {
        return Ok(compare(Some(&golden.parse()?), &run.parse()?));
    }
    let (old, new) =
        sides((golden.tree(), Lines::Unread(&golden.rest)), (run.tree(), Lines::Unread(&run.rest)));
    let differences = differences((&golden.rest, &old), (&run.rest, &new));
    if old.is_unsure() || new.is_unsure() {
        return Ok(compare(Some(&golden.parse()?), &run.parse()?));
    }
    drop((old, new));
    Ok(Drift { differences, ..drift(&run.rest, Some(golden.text), run.text) })
}

/// A drift without differences.
fn drift(run: &Golden, old_text: Option<String>, new_text: String) -> Drift {
    Drift {
        scenario: run.scenario.clone(),
        file: format!("golden/{}.golden", run.scenario),
        new: old_text.is_none(),
        differences: Vec::new(),
        tolerated: Vec::new(),
        old_text: old_text.unwrap_or_default(),
        new_text,
    }
}

/// What differs between two goldens, whose trees are given apart.
fn differences(
    (golden, old): (&Golden, &Side<'_>),
    (run, new): (&Golden, &Side<'_>),
) -> Vec<crate::Difference> {
    let gathered = Gathered::new(golden, old.index.len());
    let mut comparison = Comparison { old, new, tree_line: golden.tree_line(), gathered };
    comparison.gathered.head(run);
    comparison.gathered.allowed(run);
    comparison.tree();
    comparison.gathered.table(run);
    comparison.gathered.detections(run);
    let mut differences = comparison.gathered.differences;
    differences.sort_by_key(|difference| difference.line);
    differences
}

struct Comparison<'a, 't> {
    old: &'a Side<'t>,
    new: &'a Side<'t>,
    tree_line: usize,
    gathered: Gathered<'a>,
}

impl Comparison<'_, '_> {
    /// The line of the golden's file.
    fn line(&self, at: u32) -> usize {
        self.tree_line + at as usize
    }

    fn tree(&mut self) {
        let (old, new) = (self.old, self.new);
        let (mut missing, mut extra) = (Vec::new(), Vec::new());
        // for each line of the run, the line of the golden that it was matched with
        let mut partners: Vec<u32> = vec![NO_LINE; new.index.len()];
        // two lists of siblings, and the difference that tells already how many lines are out of order there
        let mut lists = vec![(None, None, None)];
        let (mut a, mut b, mut matcher) = (Vec::new(), Vec::new(), Matcher::default());
        while let Some((from, to, mut told)) = lists.pop() {
            a.clear();
            b.clear();
            a.extend(old.index.children(from));
            b.extend(new.index.children(to));
            matcher.siblings(old, new, &a, &b);
            let moved = matcher.matching.moved();
            if moved > MOST_MOVED || told.is_some() {
                told = Some(self.moved_below(from, moved, told));
            }
            for &(from, to, tie) in &matcher.matching.pairs {
                if tie == Tie::Moved && told.is_none() {
                    let (key, text) = (old.key(from), Some(old.shown(from)));
                    let line = self.line(from);
                    self.gathered.push(DifferenceKind::Moved, key, line, (text, None), old.act_of(from));
                }
                let (end, other_end) = (old.index.end(from), new.index.end(to));
                if old.index.whole(from) == new.index.whole(to) {
                    (to..other_end).zip(from..).for_each(|(to, from)| partners[to as usize] = from);
                    continue;
                }
                partners[to as usize] = from;
                if old.index.loose(from) != new.index.loose(to) && old.content(from) != new.content(to) {
                    self.pair(from, to, tie);
                }
                if end > from + 1 || other_end > to + 1 {
                    lists.push((Some(from), Some(to), told));
                }
            }
            let (lost, found) = (&matcher.matching.missing, &matcher.matching.extra);
            missing.extend(lost.iter().flat_map(|root| *root..old.index.end(*root)));
            extra.extend(found.iter().flat_map(|root| *root..new.index.end(*root)));
        }
        missing.sort_unstable();
        extra.sort_unstable();
        self.apart(missing, extra, &partners);
    }

    /// Many lines below one parent stand in another order: that is told once, whatever is out of order further below.
    fn moved_below(&mut self, parent: Option<u32>, more: usize, told: Option<usize>) -> usize {
        if let Some(told) = told {
            if let DifferenceKind::MovedBelow { lines, .. } = &mut self.gathered.differences[told].kind {
                *lines += more;
            }
            return told;
        }
        let (old, of) = (self.old, |node: u32, end: u32| DifferenceKind::MovedBelow {
            lines: more,
            of: (end - node) as usize,
        });
        match parent {
            None => {
                let (key, kind) = (LineKey("tree".to_owned()), of(0, old.index.len() as u32));
                self.gathered.push(kind, key, self.tree_line - 1, (None, None), None);
            }
            Some(parent) => {
                let kind = of(parent + 1, old.index.end(parent));
                let (key, text) = (old.key(parent), Some(old.shown(parent)));
                self.gathered.push(kind, key, self.line(parent), (text, None), old.act_of(parent));
            }
        }
        self.gathered.differences.len() - 1
    }

    /// Differences of two lines that belong together.
    fn pair(&mut self, from: u32, to: u32, tie: Tie) {
        let (Some(a), Some(b)) = (self.old.line(from), self.new.line(to)) else { return };
        let mut kinds = Vec::new();
        let mut fields = if tie == Tie::Changed { a.fact.differing(&b.fact) } else { Vec::new() };
        if a.acts != b.acts {
            fields.push("act");
        }
        fields.extend(a.marks.differing(b.marks));
        if !fields.is_empty() {
            kinds.push(DifferenceKind::Changed { fields });
        }
        if b.unseen.iter().any(|sensor| !a.unseen.contains(sensor)) {
            kinds.push(DifferenceKind::SeenByFewer);
        }
        if a.unseen.iter().any(|sensor| !b.unseen.contains(sensor)) {
            kinds.push(DifferenceKind::SeenByMore);
        }
        for kind in kinds {
            let texts = (Some(self.old.shown(from)), Some(self.new.shown(to)));
            let (key, line) = (self.old.key(from), self.line(from));
            self.gathered.push(kind, key, line, texts, self.old.act_of(from));
        }
    }

    /// What has no partner among its siblings: below another parent it has moved, else it is missing or extra.
    fn apart(&mut self, missing: Vec<u32>, extra: Vec<u32>, partners: &[u32]) {
        let (old, new) = (self.old, self.new);
        // Whoever tells a line reads it.
        missing.iter().for_each(|at| _ = old.line(*at));
        let mut waiting: RapidHashMap<String, Vec<u32>> = RapidHashMap::default();
        for to in extra.iter().rev() {
            _ = new.line(*to);
            waiting.entry(new.shown(*to)).or_default().push(*to);
        }
        let mut moved = Vec::new();
        for from in missing {
            let (key, text) = (old.key(from), old.shown(from));
            let (kind, texts) = match waiting.get_mut(&text).and_then(Vec::pop) {
                Some(to) => {
                    moved.push(to);
                    (DifferenceKind::Moved, (Some(key.to_string()), Some(new.key(to).to_string())))
                }
                None => (DifferenceKind::Missing, (Some(text), None)),
            };
            self.gathered.push(kind, key, self.line(from), texts, old.act_of(from));
        }
        moved.sort_unstable();
        // the golden's line at each line of the run, or at the last one before it that has a partner
        let (mut before, mut at) = (NO_LINE, 0);
        for to in extra.into_iter().filter(|to| moved.binary_search(to).is_err()) {
            for partner in &partners[at..=to as usize] {
                before = if *partner == NO_LINE { before } else { *partner };
            }
            at = to as usize + 1;
            let line = if before == NO_LINE { self.tree_line - 1 } else { self.line(before) };
            let texts = (None, Some(new.shown(to)));
            self.gathered.push(DifferenceKind::Extra, new.key(to), line, texts, new.act_of(to));
        }
    }
}
