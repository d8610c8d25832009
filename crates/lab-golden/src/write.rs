//! A golden as text. There is one text for each golden, and [`Golden::parse`] takes no other.

use std::fmt::Write as _;

use lab_model::SensorKind;

use crate::{ActRef, Golden};

/// The first line of every golden.
pub(crate) const VERSION_LINE: &str = "sightline golden 1";
/// The line on which what is allowed begins, from 1.
pub(crate) const ALLOWED_LINE: usize = 3;
/// How such a line begins.
pub(crate) const ALLOW: &str = "allow ";
/// Stands in a section that holds nothing.
pub(crate) const NONE: &str = "  none";

/// Columns at which annotations may begin. A file uses the first one that is right of all its annotated lines, so
/// that a line added seldom moves the others; lines longer than the last one push their annotation out.
pub(crate) const COLUMNS: [usize; 4] = [65, 81, 97, 113];

impl Golden {
    /// The golden as it lies in git.
    pub fn to_text(&self) -> String {
        let mut out = format!("{VERSION_LINE}\n{}\n", self.head_line());
        for allowed in &self.allowed {
            let acts: Vec<String> = allowed.acts.iter().map(ActRef::to_string).collect();
            let _ = writeln!(out, "{ALLOW}{allowed}  {}", acts.join(", "));
        }
        out.push_str("\ntree\n");
        self.write_tree(&mut out);
        out.push('\n');
        self.write_table(&mut out);
        out.push_str("\ndetections\n");
        for detection in &self.detections {
            let _ = write!(out, "  {detection}");
            let acts = detection.acts.iter().map(ActRef::to_string);
            let unstable = detection.unstable.map(|rate| format!("unstable {rate}"));
            let notes: Vec<String> = acts.chain(unstable).collect();
            if !notes.is_empty() {
                let _ = write!(out, "  {}", notes.join(", "));
            }
            out.push('\n');
        }
        none_if(self.detections.is_empty(), &mut out);
        out
    }

    /// `scenario NAME  attack T...`, or `observed NAME`
    pub(crate) fn head_line(&self) -> String {
        if self.is_observed() {
            return format!("observed {}", self.scenario);
        }
        format!("scenario {}  attack {}", self.scenario, self.attack.join(" "))
    }

    /// The line of the file on which the tree begins, from 1.
    pub(crate) fn tree_line(&self) -> usize {
        ALLOWED_LINE + self.allowed.len() + 2
    }

    /// The line on which the table's head stands.
    pub(crate) fn table_line(&self) -> usize {
        self.tree_line() + self.tree.len().max(1) + 1
    }

    /// The line on which the detections begin.
    pub(crate) fn detections_line(&self) -> usize {
        self.table_line() + self.table.len().max(1) + 3
    }

    fn write_tree(&self, out: &mut String) {
        let texts: Vec<String> =
            self.tree.iter().map(|line| format!("{:1$}{2}", "", 2 * (line.depth + 1), line.fact)).collect();
        let annotated = self.tree.iter().zip(&texts).filter(|(line, _)| !line.annotations().is_empty());
        let longest = annotated.map(|(_, text)| text.chars().count() + 2).max().unwrap_or_default();
        let column = COLUMNS.into_iter().find(|column| *column >= longest).unwrap_or(COLUMNS[3]);
        for (line, text) in self.tree.iter().zip(&texts) {
            match line.annotations().as_str() {
                "" => out.push_str(text),
                annotations => {
                    let blanks = column.saturating_sub(text.chars().count()).max(2);
                    let _ = write!(out, "{text}{:blanks$}{annotations}", "");
                }
            }
            out.push('\n');
        }
        none_if(self.tree.is_empty(), out);
    }

    fn write_table(&self, out: &mut String) {
        let labels: Vec<String> = self.table.iter().map(|row| format!("  {}", row.act)).collect();
        let label_width = labels.iter().map(|label| label.len() + 2).max().unwrap_or_default().max(10);
        let mut rows = vec![padded("table", label_width)];
        rows.extend(labels.iter().map(|label| padded(label, label_width)));
        for (at, sensor) in self.sensors.iter().enumerate() {
            let verdicts = self.table.iter().map(|row| row.verdicts.get(at).map_or("absent", |v| v.word()));
            let cells: Vec<&str> = std::iter::once(SensorKind::word(*sensor)).chain(verdicts).collect();
            let width = cells.iter().map(|cell| cell.len() + 2).max().unwrap_or_default().max(8);
            rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push_str(&padded(cell, width)));
        }
        for (row, marks) in rows.iter_mut().skip(1).zip(self.table.iter().map(|row| &row.unstable)) {
            let marks: Vec<String> =
                marks.iter().map(|(sensor, rate)| format!("{sensor} unstable {rate}")).collect();
            row.push_str(&marks.join(", "));
        }
        rows.iter().for_each(|row| {
            let _ = writeln!(out, "{}", row.trim_end());
        });
        none_if(self.table.is_empty(), out);
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

fn none_if(empty: bool, out: &mut String) {
    if empty {
        let _ = writeln!(out, "{NONE}");
    }
}
