//! Arrows between crates go one way: the table of ARCHITECTURE.md holds of what cargo says.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, TargetKind};

use crate::{
    architecture,
    tree::{none, read, root},
};

pub(crate) fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo metadata")
}

/// What a package needs to be built, by name; tests' needs left out.
fn needs(package: &Package) -> impl Iterator<Item = &str> {
    let kept = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
    kept.map(|dependency| dependency.name.as_str())
}

#[test]
fn the_table_names_every_crate_and_no_other() {
    let table: BTreeSet<String> = architecture::arrows().into_keys().collect();
    let there: BTreeSet<String> = metadata().packages.iter().map(|p| p.name.to_string()).collect();
    assert_eq!(table, there, "left: the table in ARCHITECTURE.md, right: the workspace");
}

#[test]
fn crates_depend_on_what_the_table_allows() {
    let (table, metadata) = (architecture::arrows(), metadata());
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(row) = table.get(package.name.as_str()) else { continue };
        for need in needs(package).filter(|need| table.contains_key(*need) && !row.may.contains(*need)) {
            wrong.push(format!("{} depends on {need}", package.name));
        }
    }
    none("the arrow table in ARCHITECTURE.md does not allow this", &wrong);
}

#[test]
fn the_table_has_no_cycle() {
    let mut left = architecture::arrows();
    while let Some(free) = left.iter().find(|(_, row)| row.may.iter().all(|may| !left.contains_key(may))) {
        let free = free.0.clone();
        left.remove(&free);
    }
    assert!(left.is_empty(), "these crates may depend on each other: {:?}", left.keys());
}

#[test]
fn what_one_crate_knows_no_other_depends_on() {
    let (table, metadata) = (architecture::arrows(), metadata());
    let mut wrong = Vec::new();
    for (owner, row) in &table {
        for known in &row.alone {
            let users = metadata.packages.iter().filter(|p| needs(p).any(|need| need == known));
            let users: Vec<&str> = users.map(|p| p.name.as_str()).collect();
            if users != [owner.as_str()] {
                wrong.push(format!("{known} is for {owner} alone, used by {users:?}"));
            }
        }
    }
    none("see the last column of the arrow table in ARCHITECTURE.md", &wrong);
    assert!(table["lab-probe"].alone.contains("aya"), "the table must keep aya to lab-probe");
}

#[test]
fn xtask_is_built_without_the_probe() {
    let metadata = metadata();
    let (mut reached, mut open) = (BTreeSet::new(), vec!["xtask".to_owned()]);
    while let Some(name) = open.pop() {
        let package = metadata.packages.iter().find(|p| p.name.as_str() == name);
        if let Some(package) = package.filter(|_| reached.insert(name)) {
            open.extend(needs(package).map(str::to_owned));
        }
    }
    assert!(reached.contains("lab-run"), "the walk must go through libraries: {reached:?}");
    assert!(!reached.contains("lab-probe") && !reached.contains("lab-abi"), "xtask reaches {reached:?}");
}

#[test]
fn crates_are_made_alike() {
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        let name = package.name.as_str();
        let folder = package.manifest_path.parent().and_then(|dir| dir.file_name()).unwrap_or_default();
        if folder != name {
            wrong.push(format!("{name} lies in a folder called {folder}"));
        }
        if name.split('-').any(|part| ["common", "util", "utils", "core", "helpers"].contains(&part)) {
            wrong.push(format!("{name} says nothing of what it is for"));
        }
        if package.version.to_string() != "0.0.0" {
            wrong.push(format!("{name} has version {}", package.version));
        }
        if package.publish.as_ref().is_none_or(|registries| !registries.is_empty()) {
            wrong.push(format!("{name} could be published"));
        }
        if !inherits_lints(&std::fs::read_to_string(&package.manifest_path).expect("cargo has read it")) {
            wrong.push(format!("{name} does not inherit the workspace's lints"));
        }
        let tests = package.targets.iter().filter(|t| t.kind.contains(&TargetKind::Test));
        wrong.extend(
            tests
                .filter(|t| t.name != "it")
                .map(|t| format!("{name} has a test binary `{}` beside `it`", t.name)),
        );
    }
    none("crates must be made alike", &wrong);
}

fn inherits_lints(manifest: &str) -> bool {
    let rest = manifest.split_once("\n[lints]\n").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.lines().next()) == Some("workspace = true")
}

#[test]
fn dependency_versions_stand_in_the_workspace() {
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("cargo has read it");
        let mut within = false;
        let lines = manifest.lines().filter(|line| {
            if line.starts_with('[') {
                within = line.contains("dependencies");
            }
            within
        });
        let own = lines.filter(|line| line.contains('=') && !line.contains("workspace = true"));
        wrong.extend(own.map(|line| format!("{}: {line}", package.name)));
    }
    none("a dependency is `x.workspace = true`, its version stands in the root Cargo.toml", &wrong);
    assert!(read("Cargo.toml").contains("[workspace.dependencies]"));
}
