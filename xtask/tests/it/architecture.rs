//! ARCHITECTURE.md read as data: its code map and its arrow table.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree;

/// A row of the arrow table.
#[derive(Debug)]
pub(crate) struct Arrows {
    /// crates of the workspace that it may depend on
    pub(crate) may: BTreeSet<String>,
    /// packages that no other crate may depend on
    pub(crate) alone: BTreeSet<String>,
}

/// The folders that the code map has a paragraph on.
pub(crate) fn map() -> Vec<String> {
    let text = tree::read("ARCHITECTURE.md");
    let paragraphs = section(&text, "Code map").split("\n\n").map(str::trim_start);
    let folder = |paragraph: &str| {
        let (folder, _) = paragraph.strip_prefix('`')?.split_once('`')?;
        folder.strip_suffix('/').map(str::to_owned)
    };
    paragraphs.filter_map(folder).collect()
}

/// The arrow table by crate.
pub(crate) fn arrows() -> BTreeMap<String, Arrows> {
    let text = tree::read("ARCHITECTURE.md");
    let rows = section(&text, "Arrows").lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, may, alone] = cells[..] else { panic!("three cells, not {line}") };
        let may = may.split(", ").filter(|name| *name != "-").map(str::to_owned).collect();
        let alone = alone.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (name.to_owned(), Arrows { may, alone })
    })
    .collect()
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let start = text.split_once(&format!("\n## {title}\n"));
    let (_, rest) = start.unwrap_or_else(|| panic!("ARCHITECTURE.md has no section {title}"));
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}
