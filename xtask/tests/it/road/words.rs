//! A scenario changed in one way gives a diff with that word, at that place.

use std::fs;

use serde_json::Value;

use super::{Lab, code, script, stdout, turn};

const LOOK: &str = r#"summary = "A scenario to change"
attack = ["T1083"]

[[file]]
path = "${canary}/a"
content = "a ${nonce}"

[[file]]
path = "${canary}/b"
content = "b ${nonce}"

[[act]]
kind = "read"
path = "${work}/gone/${nonce}"
via = [{ name = "cat", argv = ["cat", "${nonce}"] }]
expect = "ENOENT"

[[act]]
kind = "unlink"
path = "${canary}/a"
via = [{ name = "rm", argv = ["rm", "${nonce}"] }]

[[twin]]
kind = "read"
path = "${canary}/b"
via = [{ name = "less", argv = ["less", "${nonce}"] }]

[[twin]]
kind = "read"
path = "/etc/hostname"
via = [{ name = "head", argv = ["head", "${nonce}"] }]
user = "${nobody}"
"#;

/// The differences of a run of the changed scenario from the golden of the unchanged one: word, fields, line of the
/// golden's text at that place.
fn differences(lab: &Lab, from: &str, to: &str, path: Option<&str>) -> Vec<(String, String)> {
    assert_eq!(LOOK.matches(from).count(), 1, "{from:?} should stand once in the scenario");
    fs::write(lab.path("scenarios/look.toml"), LOOK.replace(from, to)).unwrap();
    let mut command = lab.run(&["--scenario", "look"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    code(&command.output().unwrap(), 1);
    let output = lab.xtask(&["golden", "diff", "host", "look", "--json"]).output().unwrap();
    code(&output, 1);
    let golden = fs::read_to_string(lab.path("golden/look.golden")).unwrap();
    let lines: Vec<&str> = golden.lines().collect();
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let told = told["scenarios"][0]["differences"].as_array().unwrap().clone();
    let word = |difference: &Value| {
        let fields: Vec<&str> =
            difference["fields"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let line = usize::try_from(difference["line"].as_u64().unwrap()).unwrap();
        let place = lines[line - 1].split("  ").find(|part| !part.is_empty()).unwrap_or("");
        let kind = difference["kind"].as_str().unwrap();
        (format!("{kind} {}", fields.join(", ")).trim_end().to_owned(), place.to_owned())
    };
    told.iter().map(word).collect()
}

#[test]
fn each_change_has_its_word_and_its_place() {
    let Some(_turn) = turn("words::each_change_has_its_word_and_its_place") else { return };
    let lab = Lab::new();
    lab.edit("profiles/01-host.toml", "scenarios = [", "scenarios = [\"look\", ");
    fs::write(lab.path("scenarios/look.toml"), LOOK).unwrap();
    code(&lab.run(&["--scenario", "look"]).output().unwrap(), 1);
    code(&lab.xtask(&["golden", "bless", "host", "look"]).output().unwrap(), 0);
    code(&lab.run(&["--scenario", "look"]).output().unwrap(), 0);

    let says = |what: &str, found: &[(String, String)], word: &str, place: &str| {
        let known = found.iter().any(|(known, at)| known == word && at == place);
        assert!(known, "{what}: {word:?} at {place:?} is not in {found:#?}");
    };
    let twin = &LOOK[LOOK.rfind("[[twin]]").unwrap()..];
    let more = format!("{twin}\n{}", twin.replace("head", "tail"));
    let found = differences(&lab, twin, &more, None);
    says("an act added", &found, "extra", "exit 0");
    says("an act added", &found, "extra", "twin 4");
    assert!(found.iter().all(|(word, _)| word == "extra"), "{found:#?}");

    let first = &LOOK[LOOK.find("[[act]]").unwrap()..LOOK.rfind("[[act]]").unwrap()];
    let found = differences(&lab, first, "", None);
    says("an act dropped", &found, "missing", r#"exec "<bin>/cat" ["cat","<nonce>"] uid=0"#);
    says("an act dropped", &found, "missing", r#"open "<work>/gone/<nonce>" read -> ENOENT"#);

    let second = &LOOK[LOOK.rfind("[[act]]").unwrap()..LOOK.find("[[twin]]").unwrap()];
    let found = differences(&lab, &format!("{first}{second}"), &format!("{second}{first}"), None);
    assert!(found.iter().any(|(word, _)| word == "moved"), "acts reordered: {found:#?}");
    assert!(
        found.iter().all(|(word, _)| word == "moved" || word == "changed act"),
        "acts reordered: {found:#?}"
    );

    let found = differences(
        &lab,
        "kind = \"read\"\npath = \"${canary}/b\"",
        "kind = \"read\"\npath = \"${canary}/c\"\nexpect = \"ENOENT\"",
        None,
    );
    says("a path changed", &found, "changed path, result", r#"open "<canary>/b" read"#);
    let found =
        differences(&lab, "path = \"${work}/gone/${nonce}\"", "path = \"${work}/lost/${nonce}\"", None);
    assert_eq!(
        found,
        [("changed path".to_owned(), r#"open "<work>/gone/<nonce>" read -> ENOENT"#.to_owned())]
    );

    let file = "[[file]]\npath = \"${canary}/b\"";
    let gone = format!("[[file]]\npath = \"${{work}}/gone\"\ncontent = \"x\"\n\n{file}");
    let scenario = LOOK.replace("expect = \"ENOENT\"", "expect = \"ENOTDIR\"");
    let (from, to) = (LOOK, scenario.replace(file, &gone));
    let found = differences(&lab, from, &to, None);
    assert_eq!(
        found,
        [("changed result".to_owned(), r#"open "<work>/gone/<nonce>" read -> ENOENT"#.to_owned())]
    );

    let found = differences(&lab, "user = \"${nobody}\"", "user = \"1\"", None);
    says("a user changed", &found, "changed call, uid", "setid setresuid(65534, 65534, 65534) uid=65534");
    assert!(
        found.iter().all(|(word, place)| word.starts_with("changed ") && place.starts_with("setid ")),
        "{found:#?}"
    );

    // A strace that follows fewer calls, as a person might set it up.
    let bin = tempfile::tempdir().unwrap();
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join("strace"))
        .find(|path| path.is_file());
    let real = real.expect("a run had it");
    let wrapper = format!("#!/bin/sh\nexec {} \"$@\" -e trace='!unlink,unlinkat'\n", real.display());
    let strace = bin.path().join("strace");
    script(&strace, &wrapper);
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let found = differences(&lab, "A scenario to change", "A scenario to see less of", Some(&path));
    assert_eq!(
        found,
        [
            ("seen by fewer sensors".to_owned(), r#"unlink "<canary>/a""#.to_owned()),
            ("changed strace".to_owned(), "act 2".to_owned()),
        ]
    );
}
