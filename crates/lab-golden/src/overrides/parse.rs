//! Reading an override.

use std::collections::BTreeSet;

use lab_model::SensorKind;

use super::{Change, DetectionChange, Override, TableChange, TreeChange, write::VERSION_LINE};
use crate::{
    GoldenError, Line, Problem, Rate,
    annotations::Annotations,
    cursor::Cursor,
    parse::{Located, Parser, check_canonical, check_form, is_name},
};

/// Spaces before the first of the lines that a change puts into the tree, less those of a root in a golden.
const DEEPER: &str = "    ";

impl Override {
    /// Reads an override's text; `file` is what errors call it.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, GoldenError> {
        let read = || {
            check_form(text, VERSION_LINE)?;
            let found = Reader { parser: Parser::new(text) }.whole(file)?;
            check_canonical(text, &found.to_text())?;
            Ok(found)
        };
        read().map_err(|(line, problem)| GoldenError { file: file.to_owned(), line, problem })
    }
}

struct Reader<'a> {
    parser: Parser<'a>,
}

impl<'a> Reader<'a> {
    fn whole(&mut self, file: &str) -> Located<Override> {
        self.parser.exactly(VERSION_LINE, VERSION_LINE)?;
        let head = self.parser.peek().unwrap_or_default().strip_prefix("scenario ");
        let Some((scenario, setting)) =
            head.and_then(|head| head.split_once("  for ")).filter(|(name, _)| is_name(name))
        else {
            return self.parser.expected("`scenario NAME  for SETTING`");
        };
        self.parser.at += 1;
        let because = self.parser.peek().unwrap_or_default().strip_prefix("because ");
        let Some(because) = because.filter(|because| !because.trim().is_empty()) else {
            return self.parser.expected("`because` and the reason, in a line");
        };
        self.parser.at += 1;
        let tree = self.section("tree", Self::tree_change)?;
        let table = self.section("table", Self::table_change)?;
        let detections = self.section("detections", Self::detection_change)?;
        if self.parser.peek().is_some() {
            return self
                .parser
                .expected("`tree`, `table` or `detections`, in this order, or the end of the file");
        }
        if tree.is_empty() && table.is_empty() && detections.is_empty() {
            return self.parser.expected("an empty line, and what is otherwise");
        }
        let (scenario, setting, because) = (scenario.to_owned(), setting.to_owned(), because.to_owned());
        Ok(Override { file: file.to_owned(), scenario, setting, because, tree, table, detections })
    }

    /// The changes of a section; none if it is not there.
    fn section<W>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Self, &str, &'a str) -> Located<W>,
    ) -> Located<Vec<Change<W>>> {
        let mut changes = Vec::new();
        if self.parser.peek() != Some("") || self.parser.ahead(1) != Some(name) {
            return Ok(changes);
        }
        self.parser.at += 2;
        while let Some(key) = self.parser.peek().and_then(|line| line.strip_prefix("  ")) {
            if key.starts_with(' ') {
                return self.parser.expected("a line's key");
            }
            let at = self.parser.at + 1;
            self.parser.at += 1;
            let Some(what) = self.parser.peek().and_then(|line| line.strip_prefix("    ")) else {
                return self.parser.expected("what becomes of the line");
            };
            let what = read(self, key, what)?;
            changes.push(Change { key: key.to_owned(), at, what });
        }
        if changes.is_empty() { self.parser.expected("a line's key") } else { Ok(changes) }
    }

    fn tree_change(&mut self, _key: &str, what: &'a str) -> Located<TreeChange> {
        let change = match what {
            "absent" => TreeChange::Absent,
            "then" => return Ok(TreeChange::Then(self.block()?)),
            "first" => return Ok(TreeChange::First(self.block()?)),
            _ => {
                let Some(line) = what.strip_prefix("is ") else {
                    return self
                        .parser
                        .expected("`absent`, `is` and a line, `then` or `first` and lines below");
                };
                let mut line = self.parser.tree_line(&format!("  {line}"), &mut Vec::new())?;
                line.depth = 0;
                TreeChange::Is(line)
            }
        };
        self.parser.at += 1;
        Ok(change)
    }

    /// The lines below `then` and `first`.
    fn block(&mut self) -> Located<Vec<Line>> {
        self.parser.at += 1;
        let (mut lines, mut open) = (Vec::new(), Vec::new());
        while let Some(line) = self.parser.peek().filter(|line| line.starts_with("      ")) {
            lines.push(self.parser.tree_line(&line[DEEPER.len()..], &mut open)?);
            self.parser.at += 1;
        }
        if lines.is_empty() { self.parser.expected("lines of a tree, six spaces deep") } else { Ok(lines) }
    }

    fn table_change(&mut self, key: &str, what: &'a str) -> Located<TableChange> {
        self.parser.at -= 1;
        let (act, sensor) = match key.split_once(" / ") {
            Some((act, sensor)) => (Some(self.parser.act(act, "`act N` or `twin N`")?), sensor),
            None => (None, key),
        };
        let sensor: SensorKind = self.parser.sensor(sensor)?;
        self.parser.at += 1;
        let change = match (act, what.strip_prefix("is ")) {
            (None, _) if what == "absent" => TableChange::NoColumn(sensor),
            (Some(act), Some(cell)) => {
                let (verdict, rate) = match cell.split_once(" unstable ") {
                    Some((verdict, rate)) => (verdict, Some(self.parser.rate(rate)?)),
                    None => (cell, None),
                };
                TableChange::Cell(act, sensor, self.parser.verdict(verdict)?, rate)
            }
            _ => return self.parser.expected("`is` and a verdict for a cell, or `absent` for a column"),
        };
        self.parser.at += 1;
        Ok(change)
    }

    fn detection_change(&mut self, key: &str, what: &'a str) -> Located<DetectionChange> {
        self.parser.at -= 1;
        let mut cursor = Cursor::new(key);
        let source = cursor.word().unwrap_or_default();
        if source != "sigma" {
            self.parser.sensor(source)?;
        }
        let titled = cursor.gap() && cursor.string().is_ok() && cursor.left().is_empty();
        if !titled {
            return self.parser.expected("`sigma` or a sensor, and a rule's title");
        }
        self.parser.at += 1;
        let change = match what.strip_prefix("is ") {
            None if what == "absent" => DetectionChange::Absent,
            None => return self.parser.expected("`absent`, or `is` and the acts"),
            Some(acts) => {
                let Annotations { acts, unseen, marks } = self.parser.annotations(acts)?;
                if !unseen.is_empty() || !marks.free.is_none() {
                    return self.parser.expected("acts alone beside a detection");
                }
                let rate: Option<Rate> = marks.unstable;
                DetectionChange::On(acts, rate)
            }
        };
        self.parser.at += 1;
        Ok(change)
    }
}

impl Override {
    /// Every key with its line; one that stands there twice for the same is an error.
    pub(crate) fn keys(&self) -> Result<BTreeSet<(u8, &str)>, GoldenError> {
        let tree = self.tree.iter().map(|change| (change.what.kind(), &*change.key, change.at));
        let table = self.table.iter().map(|change| (3, &*change.key, change.at));
        let detections = self.detections.iter().map(|change| (4, &*change.key, change.at));
        let mut keys = BTreeSet::new();
        for (kind, key, at) in tree.chain(table).chain(detections) {
            if !keys.insert((kind, key)) {
                let problem = Problem::Duplicate { what: "change of", key: key.to_owned() };
                return Err(GoldenError { file: self.file.clone(), line: at, problem });
            }
        }
        Ok(keys)
    }
}
