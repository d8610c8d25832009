//! What inheritance makes of several files, and what it refuses.

use lab_model::SensorKind;
use lab_profile::{Profile, load_profile};

use crate::memory::{HOST, Project, project, put};

fn host(project: &Project) -> Profile {
    load_profile(project, "host").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn said_of(project: &Project) -> String {
    load_profile(project, "host").unwrap_err().to_string().replace("profiles/", "")
}

/// The profile `host` that inherits these files, given with their text.
fn inherits(bases: &[(&str, &str)], own: &str) -> Project {
    let mut project = project();
    let names: Vec<_> = bases.iter().map(|(name, _)| format!("base/{name}.toml")).collect();
    for (name, text) in bases {
        put(&mut project, &format!("profiles/base/{name}.toml"), text);
    }
    let head = "phase = 1\nsummary = \"a lab\"\nenvironment = \"host\"\nscenarios = [\"look\"]\n";
    put(&mut project, "profiles/01-host.toml", &format!("inherit = {names:?}\n{head}{own}"));
    project
}

#[test]
fn a_variant_is_few_lines() {
    let mut project = project();
    put(
        &mut project,
        "profiles/21-quiet.toml",
        "inherit = [\"01-host.toml\"]\nphase = 21\nsensors = [\"-strace\"]\ntimeouts.settle = \"9s\"\n",
    );
    let quiet = load_profile(&project, "quiet").unwrap();
    assert_eq!(quiet.sensors.len(), 1);
    assert_eq!(quiet.sensors[0].value, SensorKind::Probe);
    assert_eq!(quiet.sensors[0].place.to_string(), "profiles/base/host.toml:2");
    assert_eq!(quiet.summary.place.to_string(), "profiles/01-host.toml:2");
    let places: Vec<_> = quiet.timeouts.values().map(|timeout| timeout.place.to_string()).collect();
    let default = "default";
    assert_eq!(
        places,
        ["profiles/base/host.toml:4", default, default, "profiles/21-quiet.toml:4", default, default]
    );
    let inputs: Vec<_> = quiet.inputs.iter().map(|input| &*input.path).collect();
    assert_eq!(inputs, ["profiles/01-host.toml", "profiles/21-quiet.toml", "profiles/base/host.toml"]);
}

#[test]
fn lists_replace_or_edit() {
    let sensors = |own: &str| {
        let project = inherits(&[("a", "sensors = [\"strace\"]\n")], own);
        host(&project).sensors.iter().map(|sensor| sensor.word()).collect::<Vec<_>>()
    };
    assert_eq!(sensors(""), ["strace"]);
    assert_eq!(sensors("sensors = [\"probe\"]\n"), ["probe"]);
    assert_eq!(sensors("sensors = [\"+probe\"]\n"), ["strace", "probe"]);
    assert_eq!(sensors("sensors = [\"-strace\", \"+probe\"]\n"), ["probe"]);
}

#[test]
fn edits_that_make_no_sense() {
    let said = |own: &str| said_of(&inherits(&[("a", "sensors = [\"strace\"]\n")], own));
    assert_eq!(
        said("sensors = [\"+probe\", \"strace\"]\n"),
        "01-host.toml:6:12: `sensors` mixes edits with entries, expected `+` or `-` before all or none\n\
         01-host.toml:6:12: unknown sensor `+probe`, expected one of `probe`, `strace`, `auditd`, `bpftrace`, `tcpdump`, `proc`\n  hint: did you mean `probe`?"
    );
    assert_eq!(
        said("sensors = [\"+strace\"]\n"),
        "01-host.toml:6:12: `+strace` adds to `sensors` what is there from base/a.toml:1:12"
    );
    assert_eq!(
        said("sensors = [\"+probe\", \"-starce\"]\n"),
        "01-host.toml:6:22: `-starce` takes from `sensors` what is not in the inherited list\n  \
         hint: did you mean `strace`?"
    );
    let nothing = said_of(&inherits(&[("a", "")], "sensors = [\"+probe\"]\n"));
    assert!(
        nothing.starts_with(
            "01-host.toml:6:12: `sensors` edits an inherited list, but no inherited file has one"
        ),
        "{nothing}"
    );
}

#[test]
fn a_circle() {
    let project = inherits(&[("a", "inherit = [\"01-host.toml\"]\nsensors = [\"probe\"]\n")], "");
    assert_eq!(
        said_of(&project),
        "base/a.toml:1:12: `inherit` goes in a circle: 01-host.toml -> base/a.toml -> 01-host.toml"
    );
    let mut project = project;
    put(&mut project, "profiles/01-host.toml", &HOST.replace("base/host.toml", "01-host.toml"));
    assert!(
        said_of(&project)
            .starts_with("01-host.toml:3:12: `inherit` goes in a circle: 01-host.toml -> 01-host.toml")
    );
}

#[test]
fn a_diamond() {
    let both = "inherit = [\"base/c.toml\"]\n";
    let mut project = inherits(&[("a", both), ("b", both)], "sensors = [\"probe\"]\n");
    put(&mut project, "profiles/base/c.toml", "");
    assert_eq!(
        said_of(&project),
        "base/b.toml:1:12: a diamond: `base/c.toml` is inherited here and at base/a.toml:1:12, expected once"
    );
    let twice = inherits(&[("a", ""), ("a", "")], "sensors = [\"probe\"]\n");
    assert_eq!(
        said_of(&twice),
        "01-host.toml:1:27: a diamond: `base/a.toml` is inherited here and at 01-host.toml:1:12, expected once"
    );
}

#[test]
fn a_tie() {
    let a = ("a", "sensors = [\"probe\"]\n[timeouts]\nattach = \"1s\"\ndeploy = \"1s\"\n");
    let b = ("b", "timeouts.deploy = \"2s\"\ntimeouts.settle = \"2s\"\n");
    assert_eq!(
        said_of(&inherits(&[a, b], "")),
        "base/b.toml:1:10: a tie: `deploy` is set here and at base/a.toml:4:1, and `01-host.toml` inherits both; \
         expected one of them, or a value of its own"
    );
    let decided = host(&inherits(&[a, b], "timeouts.deploy = \"3s\"\n"));
    let seconds: Vec<_> = decided.timeouts.values().map(|timeout| timeout.as_secs()).collect();
    assert_eq!(seconds, [1, 3, 10, 2, 10, 10]);
}

#[test]
fn a_type_does_not_change() {
    let project =
        inherits(&[("a", "sensors = [\"probe\"]\n[timeouts]\nattach = \"1s\"\n")], "timeouts = \"1s\"\n");
    assert!(
        said_of(&project).starts_with(
            "01-host.toml:6:12: `timeouts` is a string, expected a table, as inherited from base/a.toml:2:2"
        ),
        "{}",
        said_of(&project)
    );
}

#[test]
fn what_cannot_be_inherited() {
    let said = |inherit: &str| {
        let mut project = project();
        put(&mut project, "profiles/01-host.toml", &HOST.replace("[\"base/host.toml\"]", inherit));
        said_of(&project)
            .lines()
            .filter(|line| line.contains("inherit") || line.contains("hint"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(
        said("[\"base/hots.toml\"]"),
        "01-host.toml:3:12: no file `base/hots.toml` to inherit, expected a path below \n  hint: did you mean `base/host.toml`?"
    );
    assert!(
        said("[\"../secret.toml\"]").starts_with("01-host.toml:3:12: no file `../secret.toml` to inherit")
    );
    assert_eq!(said("\"base/host.toml\""), "01-host.toml:3:11: `inherit` is a string, expected a list");
    assert_eq!(
        said("[\"+base/host.toml\"]"),
        "01-host.toml:3:11: `inherit` holds edits, expected paths of files"
    );
}
