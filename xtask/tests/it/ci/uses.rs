//! What is used of actions: by commit, and of our own only inputs and outputs that it has.

use std::collections::BTreeSet;

use yaml_serde::Value;

use super::{action, blocks, is_yaml, parse, workflows};
use crate::tree::{none, read, tracked};

/// Whether a `uses:` is of this repository or names a commit with its version beside it.
fn is_pinned(line: &str) -> bool {
    let Some((_, used)) = line.split_once("uses: ") else { return true };
    let (used, comment) = used.split_once(" # ").unwrap_or((used, ""));
    let commit = used.split_once('@').map_or("", |(_, commit)| commit);
    let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    used.starts_with("./") || (is_commit && comment.starts_with('v'))
}

#[test]
fn actions_of_others_are_pinned_by_commit() {
    let mut wrong = Vec::new();
    for file in tracked().iter().filter(|file| is_yaml(file)) {
        let lines = file.text.lines().enumerate().filter(|(_, line)| !is_pinned(line));
        wrong.extend(lines.map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim())));
    }
    none("say the commit, and its version in a comment", &wrong);
    assert!(!is_pinned("  - uses: actions/checkout@v6"));
    assert!(!is_pinned("  - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"));
    assert!(!is_pinned("  - uses: actions/checkout@de0fac2e4500 # v6.0.2"));
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_mapping().into_iter().flat_map(|map| map.keys()).filter_map(Value::as_str).collect()
}

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_mapping().into_iter().flat_map(|jobs| jobs.values());
    jobs.filter_map(|job| job["steps"].as_sequence()).flatten().collect()
}

/// The names that follow `start` in a text: `inputs.` gives `profile` for `${{ inputs.profile }}`.
fn named<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let rests = text.match_indices(start).filter(|(at, _)| !text[..*at].ends_with(is_name));
    rests
        .map(|(at, _)| &text[at + start.len()..])
        .map(|rest| &rest[..rest.find(|c: char| !is_name(c)).unwrap_or(rest.len())])
        .collect()
}

/// What a workflow wants of the action and the action does not have.
fn wanted_in_vain(workflow: &Value, action: &Value) -> Vec<String> {
    let (inputs, outputs) = (keys(&action["inputs"]), keys(&action["outputs"]));
    let text = yaml_serde::to_string(workflow).expect("it was parsed");
    let mut wrong = Vec::new();
    let ours = |step: &&Value| {
        step["uses"].as_str().is_some_and(|used| used == "./" || used.contains("/sightline@"))
    };
    for step in steps(workflow).into_iter().filter(ours) {
        wrong.extend(keys(&step["with"]).difference(&inputs).map(|name| format!("no input `{name}`")));
        let used =
            step["id"].as_str().map(|id| named(&text, &format!("steps.{id}.outputs."))).unwrap_or_default();
        wrong.extend(used.difference(&outputs).map(|name| format!("no output `{name}`")));
    }
    wrong
}

#[test]
fn workflows_use_what_the_action_has() {
    let (action, mut used) = (action(), 0);
    let guide = read("docs/ci.md");
    let shown =
        blocks(&guide).into_iter().map(|block| ("docs/ci.md".to_owned(), parse(block).expect("it is YAML")));
    for (path, workflow) in workflows().into_iter().chain(shown) {
        used += usize::from(
            steps(&workflow)
                .iter()
                .any(|step| step["uses"].as_str().is_some_and(|u| u == "./" || u.contains("/sightline@"))),
        );
        none(&path, &wanted_in_vain(&workflow, &action));
    }
    assert!(used >= 2, "a workflow and the guide use the action");
}

#[test]
fn what_the_action_has_not_is_named() {
    let workflow = "jobs: {a: {steps: [{id: lab, uses: ./, with: {profle: host}}, {run: 'echo ${{ steps.lab.outputs.hed }}'}]}}";
    let wrong = wanted_in_vain(&parse(workflow).unwrap(), &action());
    assert_eq!(wrong, ["no input `profle`", "no output `hed`"]);
}

#[test]
fn the_action_uses_each_of_its_inputs_and_sets_each_of_its_outputs() {
    let (action, text) = (action(), read("action.yml"));
    assert_eq!(named(&text, "inputs."), keys(&action["inputs"]));
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    let mut wrong = Vec::new();
    for step in steps {
        let Some(id) = step["id"].as_str() else { continue };
        let script = step["run"].as_str().unwrap_or_default();
        // Either `echo "name=..."`, or a string of a jq program.
        let sets = |name: &&&str| script.contains(&format!("\"{name}="));
        let used = named(&text, &format!("steps.{id}.outputs."));
        assert!(!used.is_empty(), "nothing uses what step `{id}` says");
        wrong.extend(
            used.iter().filter(|name| !sets(name)).map(|name| format!("step `{id}` does not set `{name}`")),
        );
    }
    let ids: BTreeSet<&str> = steps.iter().filter_map(|step| step["id"].as_str()).collect();
    wrong.extend(named(&text, "steps.").difference(&ids).map(|id| format!("there is no step `{id}`")));
    none("action.yml", &wrong);
}
