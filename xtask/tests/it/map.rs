//! The code map of ARCHITECTURE.md matches the tree.

use std::collections::BTreeSet;

use crate::{architecture, arrows::metadata, tree};

#[test]
fn the_map_names_every_folder_and_crate_once() {
    let map = architecture::map();
    let named: BTreeSet<String> = map.iter().cloned().collect();
    assert_eq!(named.len(), map.len(), "a folder has two paragraphs: {map:?}");
    let mut there: BTreeSet<String> = metadata()
        .packages
        .iter()
        .filter_map(|p| p.manifest_path.parent()?.strip_prefix(tree::root()).ok().map(ToString::to_string))
        .collect();
    for file in tree::tracked() {
        there.extend(file.path.split_once('/').map(|(top, _)| top.to_owned()));
    }
    let missing: Vec<String> = there.difference(&named).map(|f| format!("{f}/ has no paragraph")).collect();
    let gone: Vec<String> = named.difference(&there).map(|f| format!("{f}/ is not in the tree")).collect();
    tree::none("the code map of ARCHITECTURE.md", &[missing, gone].concat());
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for file in tree::tracked().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in file.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let target = link.0.split('#').next().unwrap_or_default();
            if !target.is_empty()
                && !target.contains("://")
                && !tree::root().join(folder).join(target).exists()
            {
                wrong.push(format!("{}: {target}", file.path));
            }
        }
    }
    tree::none("no such file", &wrong);
}
