//! Reading what stands beside facts: acts, exceptions, marks, verdicts.

use std::str::FromStr;

use lab_model::{Role, SensorKind, Verdict};
use thin_vec::ThinVec;

use crate::{
    ActRef, Allowed, Marks, Problem, Rate,
    cursor::Cursor,
    error::near,
    parse::{Located, Parser},
};

const VERDICTS: &[Verdict] = &[
    Verdict::Seen,
    Verdict::Wrong,
    Verdict::Missed,
    Verdict::Lost,
    Verdict::Late,
    Verdict::Blind,
    Verdict::Refused,
    Verdict::Absent,
    Verdict::Replayed,
];

/// What stands right of a fact.
#[derive(Default)]
pub(crate) struct Annotations {
    pub(crate) acts: ThinVec<ActRef>,
    pub(crate) unseen: ThinVec<SensorKind>,
    pub(crate) marks: Marks,
}

/// A number as we write it.
fn number(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|number| number.to_string() == text)
}

impl Parser<'_> {
    /// `optional, at-most 3 "/etc/localtime"  act 1`, without the word before it.
    pub(crate) fn allowed(&self, line: &str) -> Located<Allowed> {
        const EXPECTED: &str = "`unordered`, `optional` or `at-most N`, a path and its acts";
        let Some((free, _)) = line.split_once(" \"") else { return self.expected(EXPECTED) };
        let mut marks = Marks::default();
        for word in free.split(", ") {
            if !self.mark(word, &mut marks)? || marks.unstable.is_some() {
                return self.expected(EXPECTED);
            }
        }
        let mut cursor = Cursor::new(&line[free.len() + 1..]);
        let path = cursor.string().or_else(|problem| self.error(problem))?.to_owned();
        if !cursor.at_end() {
            return self.error(cursor.expected("two spaces and the acts"));
        }
        let Annotations { acts, unseen, marks: others } = self.annotations(cursor.remainder())?;
        if acts.is_empty() || !unseen.is_empty() || !others.is_strict() {
            return self.expected(EXPECTED);
        }
        Ok(Allowed { path, free: marks.free, acts })
    }

    /// Takes in a mark; false if it is none.
    fn mark(&self, item: &str, marks: &mut Marks) -> Located<bool> {
        match item {
            "unordered" => marks.free.unordered = true,
            "optional" => marks.free.optional = true,
            _ => {
                if let Some(rate) = item.strip_prefix("unstable ") {
                    marks.unstable = Some(self.rate(rate)?);
                } else if let Some(most) = item.strip_prefix("at-most ") {
                    let number = number(most).filter(|number| *number > 0);
                    let expected = || Problem::Expected {
                        expected: "`at-most N` with N from 1".to_owned(),
                        found: format!("`{item}`"),
                    };
                    marks.free.at_most = Some(number.map_or_else(|| self.error(expected()), Ok)?);
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    pub(crate) fn annotations(&self, text: &str) -> Located<Annotations> {
        let mut found = Annotations::default();
        for item in text.split(", ").filter(|_| !text.is_empty()) {
            if let Some(sensor) = item.strip_prefix("not ") {
                found.unseen.push(self.sensor(sensor)?);
            } else if !self.mark(item, &mut found.marks)? {
                found.acts.push(self.act(item, "`act N`, `twin N`, `not SENSOR` or a mark")?);
            }
        }
        let Annotations { acts, unseen, .. } = &mut found;
        self.duplicate("anchor", acts.iter())?;
        self.duplicate("exception", unseen.iter())?;
        acts.sort();
        unseen.sort();
        Ok(found)
    }

    /// `k/N`: more than never and less than always.
    pub(crate) fn rate(&self, text: &str) -> Located<Rate> {
        let rate =
            text.split_once('/').and_then(|(held, of)| Some(Rate { held: number(held)?, of: number(of)? }));
        match rate.filter(|rate| 0 < rate.held && rate.held < rate.of) {
            Some(rate) => Ok(rate),
            None => self.error(Problem::Expected {
                expected: "`k/N` with k from 1 to N - 1".to_owned(),
                found: format!("`{text}`"),
            }),
        }
    }

    pub(crate) fn act(&self, text: &str, expected: &str) -> Located<ActRef> {
        let act = text.split_once(' ').and_then(|(role, id)| {
            let role = [Role::Act, Role::Twin].into_iter().find(|known| known.to_string() == role)?;
            Some(ActRef { id: number(id).filter(|id| *id > 0)?, role })
        });
        let expected = || Problem::Expected { expected: expected.to_owned(), found: format!("`{text}`") };
        act.map_or_else(|| self.error(expected()), Ok)
    }

    pub(crate) fn sensor(&self, word: &str) -> Located<SensorKind> {
        let words = lab_model::CATALOGUE.iter().map(|entry| entry.word);
        let unknown = || Problem::UnknownSensor { found: word.to_owned(), near: near(word, words) };
        SensorKind::from_str(word).or_else(|_| self.error(unknown()))
    }

    pub(crate) fn verdict(&self, word: &str) -> Located<Verdict> {
        let found = VERDICTS.iter().copied().find(|verdict| verdict.word() == word);
        let words = VERDICTS.iter().map(|verdict| verdict.word());
        let unknown = || Problem::UnknownVerdict { found: word.to_owned(), near: near(word, words) };
        found.map_or_else(|| self.error(unknown()), Ok)
    }
}
