//! A look over the folder of goldens: all that is wrong with it, at once.

use std::{collections::BTreeSet, path::Path};

use crate::{Golden, GoldenError, Problem, error::near, overrides};

/// Checks that every file reads, that every golden has its scenario (but for those of observed programs, which have
/// none) and every scenario its golden, and that every override speaks of lines that there are and changes something
/// ([`Problem::is_warning`] if it does not). Sorted by file;
/// empty if all is well. A folder that is not there is an empty one.
pub fn lint(dir: &Path, scenarios: &[&str]) -> Vec<GoldenError> {
    let mut errors = Vec::new();
    let mut found = BTreeSet::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>().unwrap_or_else(|e| {
            errors.push(error(dir, 1, Problem::Io(e.to_string())));
            Vec::new()
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return vec![error(dir, 1, Problem::Io(e.to_string()))],
    };
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name == "plans" && path.is_dir() {
            continue;
        }
        match name.strip_suffix(".golden").filter(|_| path.is_file()) {
            None => errors.push(error(&path, 1, Problem::UnknownFile)),
            Some(stem) => {
                if let Some((scenario, setting)) = stem.split_once('@') {
                    errors.extend(overrides::lint(&path, scenario, setting));
                } else {
                    found.insert(stem.to_owned());
                    errors.extend(check(&path, stem, scenarios));
                }
            }
        }
    }
    for scenario in scenarios.iter().filter(|scenario| !found.contains(**scenario)) {
        let path = dir.join(format!("{scenario}.golden"));
        errors.push(error(&path, 1, Problem::NoGolden { scenario: (*scenario).to_owned() }));
    }
    errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    errors
}

fn check(path: &Path, stem: &str, scenarios: &[&str]) -> Vec<GoldenError> {
    let mut errors = Vec::new();
    let golden = Golden::load(path);
    let observed = matches!(&golden, Ok(Some(golden)) if golden.is_observed());
    if observed && scenarios.contains(&stem) {
        errors.push(error(path, 2, Problem::ObservedScenario { scenario: stem.to_owned() }));
    } else if !observed && !scenarios.contains(&stem) {
        let near = near(stem, scenarios.iter().copied());
        errors.push(error(path, 1, Problem::NoScenario { scenario: stem.to_owned(), near }));
    }
    match golden {
        Ok(Some(golden)) if golden.scenario != stem => {
            let file = format!("{stem}.golden");
            errors.push(error(path, 2, Problem::WrongFile { found: golden.scenario, file }));
        }
        Ok(_) => {}
        Err(e) => errors.push(e),
    }
    errors
}

fn error(path: &Path, line: usize, problem: Problem) -> GoldenError {
    GoldenError { file: path.display().to_string(), line, problem }
}
