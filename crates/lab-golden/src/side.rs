//! One side of a comparison: a tree's text with its index, and what its lines say where somebody asks.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
};

use lab_model::Role;
use rapidhash::RapidHashMap;

use crate::{
    ActRef, Golden, Line, LineKey,
    index::{Columns, Index, NO_LINE, cut, print, shown},
    parse,
    write::COLUMNS,
};

/// What the lines of a tree say.
#[derive(Clone, Copy)]
pub(crate) enum Lines<'a> {
    /// known
    Read(&'a [Line]),
    /// to be read where somebody asks; the golden has the rows for their acts
    Unread(&'a Golden),
}

/// A tree that is compared.
pub(crate) struct Side<'a> {
    tree: &'a str,
    pub(crate) index: Index,
    lines: Lines<'a>,
    /// where its annotations begin, if it has any
    column: Option<usize>,
    /// something about the text is not as goldens have it
    unsure: Cell<bool>,
    /// for each line, which of equal facts below one parent it is; 0 where nobody asked yet
    occurrences: RefCell<Vec<u32>>,
    anchors: OnceCell<Vec<(u32, ActRef)>>,
}

/// The two trees of a comparison.
pub(crate) fn sides<'a>(
    (old, old_lines): (&'a str, Lines<'a>),
    (new, new_lines): (&'a str, Lines<'a>),
) -> (Side<'a>, Side<'a>) {
    let (old_column, new_column) = (column(old), column(new));
    let columns = match (old_column, new_column) {
        (Some(old), Some(new)) if old != new => Columns::Differ,
        _ => Columns::Same,
    };
    (Side::new(old, old_lines, old_column, columns), Side::new(new, new_lines, new_column, columns))
}

/// The column at which a tree's annotations begin, by the first one that no long fact has pushed out.
fn column(tree: &str) -> Option<usize> {
    let last = COLUMNS[COLUMNS.len() - 1];
    let mut found = None;
    for line in tree.lines() {
        let (_, annotations) = cut(line.trim_start_matches(' '));
        if !annotations.is_empty() {
            let column = line[..line.len() - annotations.len()].chars().count();
            if column <= last {
                return Some(column);
            }
            found = Some(last);
        }
    }
    found
}

impl<'a> Side<'a> {
    fn new(tree: &'a str, lines: Lines<'a>, column: Option<usize>, columns: Columns) -> Self {
        let index = Index::of(tree, columns);
        let unsure = index.odd || column.is_some_and(|column| !COLUMNS.contains(&column));
        Self {
            tree,
            index,
            lines,
            column,
            unsure: Cell::new(unsure),
            occurrences: RefCell::new(Vec::new()),
            anchors: OnceCell::new(),
        }
    }

    /// True if the text may be no golden's, as far as anybody looked.
    pub(crate) fn is_unsure(&self) -> bool {
        matches!(self.lines, Lines::Unread(_)) && self.unsure.get()
    }

    /// A line right of its indentation.
    pub(crate) fn content(&self, at: u32) -> &'a str {
        self.index.content(self.tree, at)
    }

    /// A line's fact, as it stands.
    pub(crate) fn fact(&self, at: u32) -> &'a str {
        cut(self.content(at)).0
    }

    /// The word that a line begins with.
    pub(crate) fn word(&self, at: u32) -> &'a str {
        self.content(at).split(' ').next().unwrap_or_default()
    }

    /// The fingerprint of a line's fact.
    pub(crate) fn fact_print(&self, at: u32) -> u64 {
        print(self.fact(at).as_bytes())
    }

    /// A line without its indentation, annotations included.
    pub(crate) fn shown(&self, at: u32) -> String {
        shown(self.content(at)).into_owned()
    }

    /// What a line says. `None` if it is not as goldens have it: then the whole text is to be read strictly.
    pub(crate) fn line(&self, at: u32) -> Option<Cow<'a, Line>> {
        let line = match self.lines {
            Lines::Read(lines) => Some(Cow::Borrowed(&lines[at as usize])),
            Lines::Unread(golden) => parse::line(self.content(at))
                .filter(|line| self.is_canonical(at, line))
                .filter(|line| line.acts.iter().all(|act| golden.table.iter().any(|row| row.act == *act)))
                .map(Cow::Owned),
        };
        self.unsure.set(self.unsure.get() || line.is_none());
        line
    }

    /// True if a line is written as it would be written now.
    fn is_canonical(&self, at: u32, line: &Line) -> bool {
        let (content, annotations) = (self.content(at), line.annotations());
        let fact = line.fact.to_string();
        let blanks = match (annotations.is_empty(), self.column) {
            (false, Some(column)) => {
                column.saturating_sub(self.index.indent(self.tree, at) + fact.chars().count()).max(2)
            }
            _ => 0,
        };
        content.strip_prefix(&fact).and_then(|rest| rest.strip_suffix(&annotations))
            == Some(&" ".repeat(blanks))
    }

    /// The key of a line.
    pub(crate) fn key(&self, at: u32) -> LineKey {
        let mut above = vec![at];
        while let Some(parent) = above.last().map(|at| self.index.parent(*at)).filter(|at| *at != NO_LINE) {
            above.push(parent);
        }
        let mut key = String::new();
        for at in above.into_iter().rev() {
            if !key.is_empty() {
                key.push_str(" / ");
            }
            key.push_str(self.fact(at));
            match self.occurrence(at) {
                1 => {}
                n => key.push_str(&format!(" #{n}")),
            }
        }
        LineKey(key)
    }

    /// Which of equal facts below one parent a line is, from 1.
    fn occurrence(&self, at: u32) -> u32 {
        let mut occurrences = self.occurrences.borrow_mut();
        if occurrences.is_empty() {
            *occurrences = vec![0; self.index.len()];
        }
        if occurrences[at as usize] == 0 {
            let parent = self.index.parent(at);
            let mut counts: RapidHashMap<u64, u32> = RapidHashMap::default();
            for sibling in self.index.children((parent != NO_LINE).then_some(parent)) {
                let count = counts.entry(self.fact_print(sibling)).or_default();
                *count += 1;
                occurrences[sibling as usize] = *count;
            }
        }
        occurrences[at as usize]
    }

    /// The act that a line belongs to: anchored at it or above it, else the last one anchored before it.
    pub(crate) fn act_of(&self, at: u32) -> Option<ActRef> {
        let mut above = at;
        while above != NO_LINE {
            if let Some(act) = first_act(self.content(above)) {
                return Some(act);
            }
            above = self.index.parent(above);
        }
        let anchors = self.anchors.get_or_init(|| {
            let lines = 0..self.index.len() as u32;
            lines.filter_map(|at| Some((at, first_act(self.content(at))?))).collect()
        });
        let before = anchors.partition_point(|(anchor, _)| *anchor < at);
        before.checked_sub(1).map(|before| anchors[before].1)
    }
}

/// The first act that anchors at a line: acts stand before all other annotations.
fn first_act(content: &str) -> Option<ActRef> {
    let (role, rest) = cut(content).1.split_once(' ')?;
    let role = [Role::Act, Role::Twin].into_iter().find(|known| known.to_string() == role)?;
    Some(ActRef { id: rest.split(',').next()?.parse().ok()?, role })
}
