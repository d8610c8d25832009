//! A golden with the overrides that hold in a run's setting.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Axis, Override, Setting, apply::Placed};
use crate::{Drift, Golden, GoldenError, GoldenText, Problem, compare, compare_texts, parse::read_text};

/// A golden with its overrides.
#[derive(Clone, Debug)]
pub struct Composed {
    /// the files that it is made of, as messages call them: the golden itself first, then the overrides in their order
    pub files: Vec<String>,
    said: Said,
}

#[derive(Clone, Debug)]
enum Said {
    /// by the golden alone, of which only as much is read as is needed
    Plain(Box<GoldenText>),
    /// by the golden and its overrides
    Together(Box<Together>),
}

#[derive(Clone, Debug)]
pub(super) struct Together {
    /// the golden as it is in the setting
    pub(super) golden: Golden,
    /// for each line of its tree, the file and the line where it is written
    tree: Vec<(usize, usize)>,
    /// where overrides speak of what is not a line of the tree, by key
    keyed: HashMap<String, (usize, usize)>,
    base: Golden,
}

/// What a golden or an override is called in messages.
pub(crate) fn name_of(path: &Path) -> String {
    format!("golden/{}", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Loads the golden of a scenario from its folder with the overrides that hold in `setting`; `None` if there is no
/// golden.
///
/// # Errors
/// Names file and line of the first thing that is wrong, in any of them; also two overrides that tie.
pub fn compose(dir: &Path, scenario: &str, setting: &Setting) -> Result<Option<Composed>, GoldenError> {
    let path = dir.join(format!("{scenario}.golden"));
    let Some(golden) = GoldenText::load(&path)? else { return Ok(None) };
    let overrides = fitting(dir, scenario, setting)?;
    let mut files = vec![name_of(&path)];
    if overrides.is_empty() {
        return Ok(Some(Composed { files, said: Said::Plain(Box::new(golden)) }));
    }
    let together = put_together(golden.parse()?, &overrides)?;
    files.extend(overrides.iter().map(|over| name_of(Path::new(&over.file))));
    Ok(Some(Composed { files, said: Said::Together(Box::new(together)) }))
}

/// The overrides of a scenario that hold in a setting, in the order in which they are applied.
pub(super) fn fitting(dir: &Path, scenario: &str, setting: &Setting) -> Result<Vec<Override>, GoldenError> {
    let mut found = Vec::new();
    for (name, path) in files(dir, scenario) {
        let Some(axis) = Axis::of(&name).filter(|_| setting.is_in(&name)) else { continue };
        found.push((axis, name, load(&path, scenario)?));
    }
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Ok(found.into_iter().map(|(_, _, over)| over).collect())
}

/// The files of a scenario's overrides, by what follows the `@`.
pub(super) fn files(dir: &Path, scenario: &str) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let of_scenario = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (of, setting) = name.strip_suffix(".golden")?.split_once('@')?;
        (of == scenario).then(|| (setting.to_owned(), entry.path()))
    });
    let mut files: Vec<_> = of_scenario.collect();
    files.sort();
    files
}

/// Reads one override; its head must say what its name says.
pub(super) fn load(path: &Path, scenario: &str) -> Result<Override, GoldenError> {
    let file = path.display().to_string();
    let text = read_text(path)?.unwrap_or_default();
    let over = Override::parse(&text, &file)?;
    let named = format!("{scenario}@{}", over.setting);
    if over.scenario != scenario || path.file_stem().is_none_or(|stem| *stem != *named) {
        let problem =
            Problem::WrongFile { found: format!("{}@{}", over.scenario, over.setting), file: name_of(path) };
        return Err(GoldenError { file, line: 2, problem });
    }
    Ok(over)
}

/// Applies overrides in their order.
pub(super) fn put_together(base: Golden, overrides: &[Override]) -> Result<Together, GoldenError> {
    let mut placed = Placed::base(base.clone());
    let mut keyed = HashMap::new();
    for (at, over) in overrides.iter().enumerate() {
        overrides[..at].iter().try_for_each(|other| tie(other, over))?;
        let number = at + 1;
        placed = placed.with(over, number)?;
        let table = over.table.iter().map(|change| (format!("table / {}", change.key), change.at));
        let detections =
            over.detections.iter().map(|change| (format!("detections / {}", change.key), change.at));
        keyed.extend(table.chain(detections).map(|(key, line)| (key, (number, line))));
    }
    Ok(Together { golden: placed.golden, tree: placed.tree, keyed, base })
}

/// Two overrides of one axis that change the same line.
fn tie(a: &Override, b: &Override) -> Result<(), GoldenError> {
    if Axis::of(&a.setting) != Axis::of(&b.setting) {
        return Ok(());
    }
    let keys = a.keys()?;
    let Some((kind, key)) = b.keys()?.into_iter().find(|key| keys.contains(key)) else { return Ok(()) };
    let tree =
        b.tree.iter().filter(|change| change.what.kind() == kind).map(|change| (&change.key, change.at));
    let others = b.table.iter().map(|c| (&c.key, c.at)).chain(b.detections.iter().map(|c| (&c.key, c.at)));
    let line = tree.chain(others).find(|(known, _)| *known == key).map_or(1, |(_, at)| at);
    let problem = Problem::Tie { key: key.to_owned(), other: name_of(Path::new(&a.file)) };
    Err(GoldenError { file: b.file.clone(), line, problem })
}

/// All that is wrong with a scenario's overrides, in whatever setting they hold; warnings are left out.
pub fn lint_overrides(dir: &Path, scenario: &str) -> Vec<GoldenError> {
    let found = files(dir, scenario).into_iter().flat_map(|(setting, path)| lint(&path, scenario, &setting));
    found.filter(|error| !error.problem.is_warning()).collect()
}

/// All that is wrong with an override of this file name; `scenario` and `setting` are what stands around its `@`.
pub(crate) fn lint(path: &Path, scenario: &str, setting: &str) -> Vec<GoldenError> {
    let file = path.display().to_string();
    let error = |line, problem| GoldenError { file: file.clone(), line, problem };
    let dir = path.parent().unwrap_or(Path::new("."));
    let Some(axis) = Axis::of(setting) else {
        return vec![error(1, Problem::UnknownSetting(setting.to_owned()))];
    };
    let over = match load(path, scenario).and_then(|over| over.keys().map(|_| ()).map(|()| over)) {
        Ok(over) => over,
        Err(error) => return vec![error],
    };
    let base = match Golden::load(&dir.join(format!("{scenario}.golden"))) {
        Ok(Some(base)) => base,
        Ok(None) => return vec![error(1, Problem::NoBase { scenario: scenario.to_owned() })],
        // Said of the golden itself.
        Err(_) => return Vec::new(),
    };
    match Placed::base(base.clone()).with(&over, 1) {
        Ok(placed) if placed.golden == base => vec![error(1, Problem::NoEffect)],
        Ok(_) => Vec::new(),
        // A line that it names may come from an override that is applied before it.
        Err(error) => {
            let before =
                files(dir, scenario).into_iter().filter(|(name, _)| Axis::of(name).is_some_and(|a| a < axis));
            let fits = |(_, path): (String, PathBuf)| {
                let other = load(&path, scenario).ok()?;
                Placed::base(base.clone()).with(&other, 1).ok()?.with(&over, 2).ok()
            };
            if before.into_iter().find_map(fits).is_some() { Vec::new() } else { vec![error] }
        }
    }
}

impl Composed {
    /// The golden as it is in the setting.
    ///
    /// # Errors
    /// The first line that is not as goldens have it.
    pub fn golden(&self) -> Result<Golden, GoldenError> {
        match &self.said {
            Said::Plain(text) => text.parse(),
            Said::Together(together) => Ok(together.golden.clone()),
        }
    }

    /// The same; its tree may be left out.
    pub fn rest(&self) -> &Golden {
        match &self.said {
            Said::Plain(text) => text.rest(),
            Said::Together(together) => &together.golden,
        }
    }

    /// What differs in a run, each difference with the file and the line that say otherwise.
    ///
    /// # Errors
    /// A line that would have to be told is not as goldens have it.
    pub fn compare(&self, run: &Golden) -> Result<Drift, GoldenError> {
        let together = match &self.said {
            Said::Plain(text) => return compare_texts(Some((**text).clone()), GoldenText::of(run)),
            Said::Together(together) => together,
        };
        let mut drift = compare(Some(&together.golden), run);
        for difference in &mut drift.differences {
            let (file, line) = together.place(&difference.key.to_string(), difference.line);
            (difference.file, difference.line) = (Some(self.files[file].clone()), line);
        }
        for tolerated in &mut drift.tolerated {
            let (file, line) = together.place(&tolerated.key.to_string(), tolerated.line);
            (tolerated.file, tolerated.line) = (Some(self.files[file].clone()), line);
        }
        Ok(drift)
    }
}

impl Together {
    /// Where a line of the whole is written.
    fn place(&self, key: &str, line: usize) -> (usize, usize) {
        let (golden, base) = (&self.golden, &self.base);
        if let Some(place) = self.keyed.get(key) {
            return *place;
        }
        if line < golden.tree_line() {
            return (0, line);
        }
        if line < golden.table_line() {
            return self.tree.get(line - golden.tree_line()).copied().unwrap_or((0, base.tree_line() - 1));
        }
        if line < golden.detections_line() - 1 {
            return (0, base.table_line() + line - golden.table_line());
        }
        let title = key.strip_prefix("detections / ").unwrap_or_default();
        let known = base.detections.iter().position(|detection| detection.to_string() == title);
        (0, known.map_or(base.detections_line() - 1, |at| base.detections_line() + at))
    }
}
