//! To bless for one setting: what a run has otherwise than the golden, as an override.

use std::{collections::HashSet, path::Path};

use lab_model::Judged;

use super::{
    Axis, Change, DetectionChange, Override, Setting, TableChange, TreeChange,
    apply::WHOLE_TREE,
    compose::{fitting, name_of, put_together},
};
use crate::{
    BlessError, Blessed, Golden, GoldenError, Line,
    bless::{accept, read, remove},
    never_blessed,
    settle::{out_of_place, settle},
    siblings::{Matcher, Tie},
    side::{Lines, sides},
    text::tree_range,
};

/// Why a run did not become an override.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// the run cannot be blessed, or a file not be written
    #[error(transparent)]
    Bless(#[from] BlessError),
    /// a golden or an override that cannot be read
    #[error(transparent)]
    Golden(#[from] GoldenError),
    /// there is nothing to override
    #[error("bless {scenario} for {setting}: there is no golden to be otherwise than")]
    NoBase {
        /// scenario
        scenario: String,
        /// setting
        setting: String,
    },
    /// the run is from elsewhere
    #[error("bless {scenario} for {setting}: the run was not made there, expected one of {}", names.join(", "))]
    OtherSetting {
        /// scenario
        scenario: String,
        /// setting
        setting: String,
        /// the run's
        names: Vec<String>,
    },
    /// what comes later would change what this one says
    #[error("bless {scenario} for {setting}: {later} holds here, too, and comes later")]
    Later {
        /// scenario
        scenario: String,
        /// setting
        setting: String,
        /// the other's file
        later: String,
    },
    /// no override speaks of these
    #[error("bless {scenario} for {setting}: {what} differs, of which no override can speak")]
    Head {
        /// scenario
        scenario: String,
        /// setting
        setting: String,
        /// what differs
        what: &'static str,
    },
    /// no reason is given, and the file has none yet
    #[error("bless {scenario} for {setting}: a new override needs a reason, in a line")]
    NoReason {
        /// scenario
        scenario: String,
        /// setting
        setting: String,
    },
}

/// Accepts a run as what the golden is in one setting: writes `SCENARIO@SETTING.golden` with what differs from the
/// golden and the overrides that come before. If nothing does, the file is removed.
///
/// # Errors
/// If the run can't be blessed, is not of that setting, or differs in what no override can say.
pub fn bless_override(
    dir: &Path,
    (run, judged): (&Golden, &Judged),
    here: &Setting,
    (setting, because): (&str, Option<&str>),
) -> Result<Blessed, DeriveError> {
    let (scenario, setting) = (run.scenario.clone(), setting.to_owned());
    let reasons = never_blessed(run, judged);
    if !reasons.is_empty() {
        return Err(BlessError::Never { scenario, reasons }.into());
    }
    if !here.is_in(&setting) {
        return Err(DeriveError::OtherSetting { scenario, setting, names: here.names() });
    }
    let base_path = dir.join(format!("{scenario}.golden"));
    let Some(base) = Golden::load(&base_path)? else {
        return Err(DeriveError::NoBase { scenario, setting });
    };
    let (same, others): (Vec<_>, Vec<_>) =
        fitting(dir, &scenario, here)?.into_iter().partition(|over| over.setting == setting);
    if let Some(later) = others.iter().find(|over| Axis::of(&over.setting) > Axis::of(&setting)) {
        return Err(DeriveError::Later { scenario, setting, later: name_of(Path::new(&later.file)) });
    }
    let before = put_together(base, &others)?.golden;
    let path = dir.join(format!("{scenario}@{setting}.golden"));
    let known = same.into_iter().next();
    let reason = because.map(str::to_owned).or_else(|| known.as_ref().map(|over| over.because.clone()));
    // Marks that were measured stay, in the golden and in the override.
    let settled = match &known {
        Some(known) => {
            let with = put_together(before.clone(), std::slice::from_ref(known))?.golden;
            settle(&with, run).0.into_owned()
        }
        None => settle(&before, run).0.into_owned(),
    };
    let what = match () {
        () if before.attack != settled.attack => Some("`attack`"),
        () if before.allowed != settled.allowed => Some("what the scenario leaves free"),
        () if !before.table.iter().map(|row| row.act).eq(settled.table.iter().map(|row| row.act)) => {
            Some("which acts there are")
        }
        () => None,
    };
    if let Some(what) = what {
        return Err(DeriveError::Head { scenario, setting, what });
    }
    let old = read(&path).map_err(BlessError::from)?;
    let mut over = Override {
        file: path.display().to_string(),
        scenario: scenario.clone(),
        setting: setting.clone(),
        because: String::new(),
        tree: tree(&before, &settled),
        table: table(&before, &settled),
        detections: detections(&before, &settled),
    };
    if over.tree.is_empty() && over.table.is_empty() && over.detections.is_empty() {
        return Ok(if old.is_some() { remove(&path, old)? } else { Blessed::Unchanged });
    }
    let Some(reason) = reason else { return Err(DeriveError::NoReason { scenario, setting }) };
    over.because = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let all: Vec<Override> = others.into_iter().chain([over.clone()]).collect();
    // Ties show here; and what was derived has to give the run.
    let base = Golden::load(&base_path)?.unwrap_or(before);
    if put_together(base, &all)?.golden != settled {
        return Err(DeriveError::Head { scenario, setting, what: "something" });
    }
    Ok(accept(&path, old, &over.to_text())?)
}

/// What becomes of which lines, by the old tree's order.
pub(crate) fn tree(old: &Golden, new: &Golden) -> Vec<Change<TreeChange>> {
    let (old_text, new_text) = (old.to_text(), new.to_text());
    let (a, b) =
        sides((tree_of(&old_text), Lines::Read(&old.tree)), (tree_of(&new_text), Lines::Read(&new.tree)));
    let mut changes: Vec<(u32, TreeChange)> = Vec::new();
    let mut whole = Vec::new();
    let mut matcher = Matcher::default();
    let mut lists: Vec<Option<(u32, u32)>> = vec![None];
    while let Some(parents) = lists.pop() {
        let ours: Vec<u32> = a.index.children(parents.map(|(old, _)| old)).collect();
        let theirs: Vec<u32> = b.index.children(parents.map(|(_, new)| new)).collect();
        matcher.siblings(&a, &b, &ours, &theirs);
        let mut pairs: Vec<(u32, u32)> = matcher
            .matching
            .pairs
            .iter()
            .filter(|(_, _, tie)| *tie != Tie::Moved)
            .map(|(from, to, _)| (*from, *to))
            .collect();
        pairs.sort_unstable();
        let crossing: Vec<(usize, usize)> =
            pairs.iter().map(|(from, to)| (*from as usize, *to as usize)).collect();
        let crossing: HashSet<usize> = out_of_place(&crossing).into_iter().collect();
        pairs.retain(|(from, _)| !crossing.contains(&(*from as usize)));
        let kept: HashSet<u32> = pairs.iter().map(|(from, _)| *from).collect();
        changes.extend(ours.iter().filter(|at| !kept.contains(at)).map(|at| (*at, TreeChange::Absent)));
        let mut stays = pairs.into_iter().peekable();
        let (mut last, mut extra): (Option<u32>, Vec<Line>) = (None, Vec::new());
        for at in theirs {
            match stays.next_if(|(_, to)| *to == at) {
                Some((from, to)) => {
                    put(&mut changes, &mut whole, (last, parents), std::mem::take(&mut extra));
                    last = Some(from);
                    let (line, was) = (&new.tree[to as usize], &old.tree[from as usize]);
                    let same = (&line.fact, &line.acts, &line.unseen, line.marks)
                        == (&was.fact, &was.acts, &was.unseen, was.marks);
                    if !same {
                        changes.push((from, TreeChange::Is(Line { depth: 0, ..line.clone() })));
                    }
                    lists.push(Some((from, to)));
                }
                None => {
                    let top = new.tree[at as usize].depth;
                    let lines = &new.tree[at as usize..b.index.end(at) as usize];
                    extra.extend(lines.iter().map(|line| Line { depth: line.depth - top, ..line.clone() }));
                }
            }
        }
        put(&mut changes, &mut whole, (last, parents), extra);
    }
    changes.sort_by_key(|(at, what)| (*at, what.kind()));
    let keyed = changes.into_iter().map(|(at, what)| Change { key: a.key(at).to_string(), at: 0, what });
    let whole = whole.into_iter().map(|what| Change { key: WHOLE_TREE.to_owned(), at: 0, what });
    whole.chain(keyed).collect()
}

fn tree_of(text: &str) -> &str {
    tree_range(text).map_or("", |tree| &text[tree])
}

/// Puts lines after the last one that stays, or first below their parent.
fn put(
    changes: &mut Vec<(u32, TreeChange)>,
    whole: &mut Vec<TreeChange>,
    (last, parents): (Option<u32>, Option<(u32, u32)>),
    lines: Vec<Line>,
) {
    match (last, parents) {
        _ if lines.is_empty() => {}
        (Some(last), _) => changes.push((last, TreeChange::Then(lines))),
        (None, Some((parent, _))) => changes.push((parent, TreeChange::First(lines))),
        (None, None) => whole.push(TreeChange::First(lines)),
    }
}

pub(crate) fn table(old: &Golden, new: &Golden) -> Vec<Change<TableChange>> {
    let gone = old.sensors.iter().filter(|sensor| !new.sensors.contains(sensor));
    let gone =
        gone.map(|sensor| Change { key: sensor.to_string(), at: 0, what: TableChange::NoColumn(*sensor) });
    let mut changes: Vec<_> = gone.collect();
    let cell = |golden: &Golden, row: usize, sensor| {
        let column = golden.sensors.iter().position(|known| *known == sensor)?;
        let row = &golden.table[row];
        let rate = row.unstable.iter().find(|(known, _)| *known == sensor).map(|(_, rate)| *rate);
        Some((*row.verdicts.get(column)?, rate))
    };
    for (at, row) in new.table.iter().enumerate() {
        for sensor in &new.sensors {
            let Some((verdict, rate)) = cell(new, at, *sensor) else { continue };
            if cell(old, at, *sensor) != Some((verdict, rate)) {
                let what = TableChange::Cell(row.act, *sensor, verdict, rate);
                changes.push(Change { key: format!("{} / {sensor}", row.act), at: 0, what });
            }
        }
    }
    changes
}

pub(crate) fn detections(old: &Golden, new: &Golden) -> Vec<Change<DetectionChange>> {
    let named = |golden: &Golden, key: &str| golden.detections.iter().any(|hit| hit.to_string() == key);
    let gone = old.detections.iter().map(ToString::to_string).filter(|key| !named(new, key));
    let gone = gone.map(|key| Change { key, at: 0, what: DetectionChange::Absent });
    let others = new.detections.iter().filter(|hit| !old.detections.contains(hit));
    let others = others.map(|hit| Change {
        key: hit.to_string(),
        at: 0,
        what: DetectionChange::On(hit.acts.clone(), hit.unstable),
    });
    let mut changes: Vec<_> = gone.chain(others).collect();
    changes.sort_by(|a, b| a.key.cmp(&b.key));
    changes
}
