//! `rules lint`: what is wrong with the rule files, and what a reader misses in them.

use std::{collections::BTreeSet, process::ExitCode};

use anyhow::Result;
use lab_golden::Golden;
use lab_judge::Rules;

use crate::root::Folders;

pub(crate) fn run(folders: &Folders) -> Result<ExitCode> {
    let rules = match super::read(folders)? {
        Ok(rules) => rules,
        Err(errors) => {
            for error in &errors {
                println!("{}", lab_report::escape(&error.to_string()));
            }
            return Ok(ExitCode::from(2));
        }
    };
    for remark in rules.rules().iter().flat_map(|rule| &rule.remarks) {
        println!("remark: {}", lab_report::escape(&remark.to_string()));
    }
    for rule in untested(&rules, folders)? {
        println!("remark: {}", lab_report::escape(&rule));
    }
    Ok(ExitCode::SUCCESS)
}

/// Rules of which no golden shows that they fire.
fn untested(rules: &Rules, folders: &Folders) -> Result<Vec<String>> {
    let mut named = BTreeSet::new();
    for scenario in lab_profile::list_scenarios(folders.lab.as_path())? {
        let golden = Golden::load(&folders.golden(&scenario))?;
        named.extend(golden.into_iter().flat_map(|golden| golden.detections).map(|hit| hit.title));
    }
    let without = rules.rules().iter().filter(|rule| !named.contains(&lab_golden::quoted(&rule.title)));
    Ok(without.map(|rule| format!("{}: no golden shows that it fires", rule.file)).collect())
}
