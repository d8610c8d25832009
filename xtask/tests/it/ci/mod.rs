//! What runs in a CI: workflows and the composite action are well-formed, pinned, and ask only for what there is.

mod actionlint;
mod scripts;
pub(crate) mod step;
mod uses;

use yaml_serde::Value;

use crate::tree::{Tracked, none, read, tracked};

/// The text as YAML; the error names the line.
fn parse(text: &str) -> Result<Value, String> {
    yaml_serde::from_str(text).map_err(|error| error.to_string())
}

fn is_yaml(file: &Tracked) -> bool {
    file.path.ends_with(".yml") || file.path.ends_with(".yaml")
}

/// Path and content of each workflow.
fn workflows() -> Vec<(String, Value)> {
    let files = tracked().into_iter().filter(|file| file.path.starts_with(".github/workflows/"));
    let workflows: Vec<_> = files.map(|file| (file.path, parse(&file.text).expect("it is YAML"))).collect();
    assert!(workflows.len() >= 2, "there are workflows");
    workflows
}

fn action() -> Value {
    parse(&read("action.yml")).expect("action.yml is YAML")
}

/// The YAML of a document's code blocks.
fn blocks(markdown: &str) -> Vec<&str> {
    markdown.split("```yaml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
}

#[test]
fn every_file_of_yaml_is_one() {
    let files = tracked();
    let mut wrong: Vec<String> = files
        .iter()
        .filter(|file| is_yaml(file))
        .filter_map(|file| Some(format!("{}: {}", file.path, parse(&file.text).err()?)))
        .collect();
    let guide = read("docs/ci.md");
    let shown = blocks(&guide);
    assert!(shown.len() >= 2, "docs/ci.md shows YAML");
    wrong.extend(shown.into_iter().filter_map(|block| Some(format!("docs/ci.md: {}", parse(block).err()?))));
    none("not YAML", &wrong);
}

#[test]
fn a_broken_file_is_none() {
    assert!(parse("on: push\njobs:\n  test:\n   - a\n  b: c: d\n").is_err());
    assert!(parse("name: one\nname: two\n").is_err(), "a key that stands there twice");
}
