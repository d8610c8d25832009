//! A project in memory: a right one, to which each test does one wrong thing.

use std::collections::BTreeMap;

pub(crate) type Project = BTreeMap<String, Vec<u8>>;

pub(crate) const HOST: &str =
    "phase = 1\nsummary = \"a lab\"\ninherit = [\"base/host.toml\"]\nscenarios = [\"look\"]\n";
pub(crate) const BASE: &str =
    "environment = \"host\"\nsensors = [\"probe\", \"strace\"]\n[timeouts]\nattach = \"1s\"\n";
pub(crate) const LOOK: &str = r#"summary = "look"
attack = ["T1083"]
[[act]]
kind = "read"
path = "${work}/a-${nonce}"
[[twin]]
kind = "read"
path = "${work}/b-${nonce}"
"#;

/// Profile `host` (phase 1) with scenario `look`, all right.
pub(crate) fn project() -> Project {
    let mut project = Project::new();
    put(&mut project, "profiles/01-host.toml", HOST);
    put(&mut project, "profiles/base/host.toml", BASE);
    put(&mut project, "scenarios/look.toml", LOOK);
    project
}

pub(crate) fn put(project: &mut Project, path: &str, text: &str) {
    project.insert(path.to_owned(), text.as_bytes().to_vec());
}
