//! What differs between two goldens in everything but their trees.

use crate::{ActRef, Allowed, Difference, DifferenceKind, Golden, LineKey, Row, write::ALLOWED_LINE};

/// Differences being gathered.
pub(crate) struct Gathered<'a> {
    golden: &'a Golden,
    table_line: usize,
    detections_line: usize,
    pub(crate) differences: Vec<Difference>,
}

impl<'a> Gathered<'a> {
    /// None yet. The golden's own tree may be left out of it: `lines` says how long it is.
    pub(crate) fn new(golden: &'a Golden, lines: usize) -> Self {
        let after = lines.max(1) - golden.tree.len().max(1);
        Self {
            golden,
            table_line: golden.table_line() + after,
            detections_line: golden.detections_line() + after,
            differences: Vec::new(),
        }
    }

    pub(crate) fn push(
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

    pub(crate) fn head(&mut self, run: &Golden) {
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
    pub(crate) fn allowed(&mut self, run: &Golden) {
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

    pub(crate) fn table(&mut self, run: &Golden) {
        let golden = self.golden;
        let head = self.table_line;
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

    pub(crate) fn detections(&mut self, run: &Golden) {
        let golden = self.golden;
        let mut rest: Vec<_> = run.detections.iter().collect();
        for (at, old) in golden.detections.iter().enumerate() {
            let line = self.detections_line + at;
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
            let line = self.detections_line - 1;
            let act = new.acts.first().copied();
            self.push(DifferenceKind::Extra, key, line, (None, Some(new.to_string())), act);
        }
    }
}
