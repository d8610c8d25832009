//! An override as text.

use std::fmt::Write as _;

use super::{DetectionChange, Override, TableChange, TreeChange};
use crate::{ActRef, Line, Rate};

/// The first line of every override.
pub(crate) const VERSION_LINE: &str = "sightline override 1";

impl Override {
    /// The override as it lies in git: one text for each.
    pub(crate) fn to_text(&self) -> String {
        let mut out = format!(
            "{VERSION_LINE}\nscenario {}  for {}\nbecause {}\n",
            self.scenario, self.setting, self.because
        );
        section("tree", &mut out, self.tree.iter().map(|change| (&*change.key, tree(&change.what))));
        section("table", &mut out, self.table.iter().map(|change| (&*change.key, table(&change.what))));
        let detections = self.detections.iter().map(|change| (&*change.key, detection(&change.what)));
        section("detections", &mut out, detections);
        out
    }
}

fn section<'a>(name: &str, out: &mut String, changes: impl Iterator<Item = (&'a str, String)>) {
    for (at, (key, what)) in changes.enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\n{name}");
        }
        let _ = write!(out, "  {key}\n    {what}");
    }
}

fn tree(what: &TreeChange) -> String {
    match what {
        TreeChange::Absent => "absent\n".to_owned(),
        TreeChange::Is(line) => format!("is {}\n", line.shown()),
        TreeChange::Then(lines) => format!("then\n{}", block(lines)),
        TreeChange::First(lines) => format!("first\n{}", block(lines)),
    }
}

fn block(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{:1$}{2}\n", "", 6 + 2 * line.depth, line.shown())).collect()
}

fn table(what: &TableChange) -> String {
    match what {
        TableChange::NoColumn(_) => "absent\n".to_owned(),
        TableChange::Cell(_, _, verdict, rate) => {
            let rate = rate.map(|rate| format!(" unstable {rate}")).unwrap_or_default();
            format!("is {verdict}{rate}\n")
        }
    }
}

fn detection(what: &DetectionChange) -> String {
    match what {
        DetectionChange::Absent => "absent\n".to_owned(),
        DetectionChange::On(acts, rate) => format!("is {}\n", on(acts, *rate)),
    }
}

/// `act 1, act 2, unstable 3/4`
fn on(acts: &[ActRef], rate: Option<Rate>) -> String {
    let rate = rate.map(|rate| format!("unstable {rate}"));
    acts.iter().map(ActRef::to_string).chain(rate).collect::<Vec<_>>().join(", ")
}
