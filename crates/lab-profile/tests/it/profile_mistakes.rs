//! Each mistake that a profile can hold, and what is said about it.

use lab_profile::{list_profiles, load_plan, load_profile};

use crate::memory::{BASE, HOST, Project, project, put};

fn said_of(project: &Project) -> String {
    load_profile(project, "host").unwrap_err().to_string()
}

/// What is said when these lines stand at the end of the profile (from line 5 on).
fn said_with(lines: &str) -> String {
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", &format!("{HOST}{lines}"));
    said_of(&project).replace("profiles/01-host.toml", "host")
}

#[test]
fn the_right_one_is_right() {
    let profile = load_profile(&project(), "host").unwrap();
    assert_eq!(profile.timeouts.len(), 6);
    assert_eq!(profile.inputs.len(), 2);
    for other in ["1", "01", "01-host"] {
        assert_eq!(load_profile(&project(), other).unwrap(), profile);
    }
}

#[test]
fn unknown_profile() {
    let said = |name| load_profile(&project(), name).unwrap_err().to_string();
    assert_eq!(said("hots"), "unknown profile `hots`, expected `host`\n  hint: did you mean `host`?");
    assert_eq!(said("2"), "unknown profile `2`, expected `host`");
}

#[test]
fn a_phase_of_two_profiles() {
    let mut project = project();
    put(&mut project, "profiles/01-other.toml", HOST);
    assert_eq!(
        load_profile(&project, "1").unwrap_err().to_string(),
        "`1` stands for several profiles, expected one of `01-host`, `01-other`"
    );
    assert_eq!(load_profile(&project, "other").unwrap().name, "other");
}

#[test]
fn file_names() {
    let mut project = project();
    put(&mut project, "profiles/host.toml", HOST);
    assert_eq!(
        list_profiles(&project).unwrap_err().to_string(),
        "profiles/host.toml: no profile's file name, expected `NN-name.toml`"
    );
}

#[test]
fn unknown_sensor() {
    assert_eq!(
        said_with("sensors = [\"porbe\"]\n"),
        "host:5:12: unknown sensor `porbe`, expected one of `probe`, `strace`, `auditd`, `bpftrace`, `tcpdump`, `proc`\n  hint: did you mean `probe`?"
    );
    assert_eq!(said_with("sensors = []\n"), "host:5:11: `sensors` is empty, expected at least one");
    assert_eq!(
        said_with("sensors = [\n\"probe\",\n\"probe\"]\n"),
        "host:7:1: sensor `probe` stands here again, expected once (line 6)"
    );
}

#[test]
fn unknown_and_repeated_scenario() {
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", &HOST.replace("\"look\"", "\"look\", \"lok\", \"look\""));
    assert_eq!(
        said_of(&project).replace("profiles/01-host.toml", "host"),
        "host:4:22: unknown scenario `lok`, expected `look`\n  hint: did you mean `look`?\n\
         host:4:29: scenario `look` stands here again, expected once (line 4)"
    );
}

#[test]
fn bad_timeouts() {
    for bad in ["5", "five", "0s", "2h", "", "1.5s"] {
        assert_eq!(
            said_with(&format!("[timeouts]\nsettle = \"{bad}\"\n")),
            format!(
                "host:6:10: timeout `settle` is {bad:?}, expected a length such as `500ms`, `5s` or `2m`, at most an hour"
            )
        );
    }
    assert_eq!(
        said_with("[timeouts]\nsettel = \"5s\"\n"),
        "host:6:1: unknown key `settel` in `timeouts`, expected one of `attach`, `deploy`, `exercise`, `settle`, \
         `collect`, `cleanup`\n  hint: did you mean `settle`?"
    );
    assert_eq!(said_with("[timeouts]\nsettle = 5\n"), "host:6:10: `settle` is an integer, expected a string");
}

#[test]
fn what_the_probe_is_to_record() {
    let said = |lines: &str| said_with(&format!("[probe]\n{lines}\n"));
    assert!(
        said("actions = [\"open\", \"opn\"]")
            .starts_with("host:6:20: unknown action `opn`, expected one of `exec`, `fork`,"),
        "{}",
        said("actions = [\"open\", \"opn\"]")
    );
    assert_eq!(
        said("actions = [\"connect\"]"),
        "host:6:11: `actions` lacks `open`, by which a run's marks of its start and end are seen"
    );
    assert_eq!(said("actions = []"), "host:6:11: `actions` is empty, expected at least one");
    assert_eq!(
        said("files = [\"/a\", \"/a\"]"),
        "host:6:16: path `/a` stands here again, expected once (line 6)"
    );
    for bad in ["etc", "/", "/a/../b", "/a//b"] {
        let wanted = "expected an absolute path below the root, without `.` and `..`";
        assert_eq!(
            said(&format!("files = [{bad:?}]")),
            format!("host:6:10: `files` holds {bad:?}, {wanted}")
        );
    }
    assert_eq!(
        said("files = [\"/1\", \"/2\", \"/3\", \"/4\", \"/5\"]"),
        "host:6:34: `files` holds 5 paths, expected at most 4"
    );
    let long = format!("files = [\"/{}\"]", "x".repeat(200));
    assert_eq!(said(&long), "host:6:10: `files` holds a path of 201 bytes, expected at most 126");
    assert_eq!(
        said("file = [\"/a\"]"),
        "host:6:1: unknown key `file` in `probe`, expected one of `ring_bytes`, `actions`, `files`\n  hint: did you \
         mean `files`?"
    );
}

#[test]
fn what_is_recorded_is_in_the_plan_and_told_to_the_probe() {
    let with = |lines: &str| {
        let mut project = project();
        put(&mut project, "profiles/01-host.toml", &format!("{HOST}[probe]\n{lines}\n"));
        project
    };
    let plan =
        load_plan(&with("actions = [\"open\", \"connect\"]\nfiles = [\"/etc/shadow\"]"), "host").unwrap();
    let text = plan.to_text();
    assert!(text.contains("\nprobe actions open connect "), "{text}");
    assert!(text.contains("\nprobe files [\"/etc/shadow\"] "), "{text}");
    assert_eq!(
        plan.probe.options()[2..],
        ["--action", "open", "--action", "connect", "--file", "/etc/shadow"]
    );
}

#[test]
fn bad_numbers() {
    let ring = |text: &str| said_with(&format!("[probe]\nring_bytes = {text}\n"));
    assert_eq!(ring("5000"), "host:6:14: `ring_bytes` is 5000, expected a power of two");
    assert_eq!(ring("-1"), "host:6:14: `ring_bytes` is -1, expected a number from 4096 to 1073741824");
    assert_eq!(
        ring("99999999999999999999"),
        "host:6:14: `ring_bytes` is a number beyond 64 bits, expected a number from 4096 to 1073741824"
    );
    assert_eq!(ring("1e6"), "host:6:14: `ring_bytes` is a float, expected an integer");
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", &HOST.replace("phase = 1", "phase = 3"));
    assert_eq!(
        said_of(&project),
        "profiles/01-host.toml:1:9: `phase` is 3, expected 1 as in the file's name `profiles/01-host.toml`"
    );
}

#[test]
fn unknown_key_and_environment_name_the_file_they_stand_in() {
    let mut project = project();
    put(
        &mut project,
        "profiles/base/host.toml",
        &BASE.replace("environment = \"host\"", "environment = \"hots\"\nsensor = 1"),
    );
    assert_eq!(
        said_of(&project),
        "profiles/base/host.toml:1:15: unknown environment `hots`, expected one of `host`, `vm`\n  hint: did you mean `host`?\n\
         profiles/base/host.toml:2:1: unknown key `sensor` in a profile, expected one of `phase`, `summary`, `inherit`, \
         `environment`, `pins`, `sensors`, `scenarios`, `timeouts`, `probe`, `vm`\n  hint: did you mean `sensors`?"
    );
}

#[test]
fn missing_keys() {
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", "");
    let missing = |key| format!("profiles/01-host.toml: missing key `{key}` in a profile");
    let keys = ["phase", "summary", "environment", "sensors", "scenarios"];
    assert_eq!(said_of(&project), keys.map(missing).join("\n"));
}

#[test]
fn toml_syntax_in_an_inherited_file() {
    let mut project = project();
    put(&mut project, "profiles/base/host.toml", "a =\n");
    let said = said_of(&project);
    assert!(said.starts_with("profiles/base/host.toml:1:4: TOML syntax: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_plan_reports_the_mistakes_of_all_its_scenarios() {
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", &HOST.replace("\"look\"", "\"look\", \"see\""));
    put(&mut project, "scenarios/look.toml", "x = 1\n");
    put(&mut project, "scenarios/see.toml", "y = 1\n");
    let said = load_plan(&project, "host").unwrap_err().to_string();
    assert!(said.contains("scenarios/look.toml:1:1: unknown key `x`"), "{said}");
    assert!(said.contains("scenarios/see.toml:1:1: unknown key `y`"), "{said}");
}
