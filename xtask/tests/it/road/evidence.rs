//! A bundle shows when somebody has touched it.

use std::fs;

use super::{Lab, code, report, stderr, stdout, turn};

#[test]
fn a_changed_byte_is_named_and_a_forged_chain_fails_against_the_printed_head() {
    let Some(_turn) =
        turn("evidence::a_changed_byte_is_named_and_a_forged_chain_fails_against_the_printed_head")
    else {
        return;
    };
    let lab = Lab::new();
    let output = lab.run(&["--scenario", "sensitive-read", "--json"]).output().unwrap();
    code(&output, 0);
    let head = report(&output)["head"].as_str().expect("a head").to_owned();
    let bundle = lab.bundle();
    code(&lab.xtask(&["verify", "latest", "--head", &head]).output().unwrap(), 0);

    let events = bundle.join("sensitive-read/pass-1/events/probe@host.parquet");
    let mut bytes = fs::read(&events).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&events, bytes).unwrap();
    let output = lab.xtask(&["verify"]).output().unwrap();
    code(&output, 2);
    assert!(
        stderr(&output).contains("sensitive-read/pass-1/events/probe@host.parquet"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn no_byte_of_the_shadow_file_is_in_the_bundle() {
    let Some(_turn) = turn("evidence::no_byte_of_the_shadow_file_is_in_the_bundle") else { return };
    let lab = Lab::new();
    code(&lab.run(&["--scenario", "sensitive-read"]).output().unwrap(), 0);
    let shadow = fs::read_to_string("/etc/shadow").unwrap();
    let lines: Vec<&str> = shadow.lines().filter(|line| line.len() > 8).collect();
    let mut files = 0;
    visit(&lab.bundle(), &mut |text| {
        files += 1;
        for line in &lines {
            assert!(!text.contains(line), "{line}");
        }
    });
    assert!(files > 10, "{files}");
}

#[test]
fn secrets_in_arguments_are_masked_before_anything_is_written() {
    let Some(_turn) = turn("evidence::secrets_in_arguments_are_masked_before_anything_is_written") else {
        return;
    };
    let lab = Lab::new();
    let secret = ["hunter", "2-and-more"].concat();
    lab.edit(
        "scenarios/sensitive-read.toml",
        r#"argv = ["cat", "${canary}/notes.txt", "${nonce}"]"#,
        &format!(r#"argv = ["cat", "--password", "{secret}", "${{nonce}}"]"#),
    );
    let output = lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    assert!(stdout(&output).contains("twin 4"), "{}", stderr(&output));
    let mut masked = 0;
    visit(&lab.bundle(), &mut |text| {
        assert!(!text.contains(&secret), "{text}");
        masked += text.matches(&"*".repeat(secret.len())).count();
    });
    assert!(masked >= 4, "{masked}");
}

/// Visits the text of every file, and the events, which on disk are compressed.
fn visit(bundle: &std::path::Path, visit: &mut dyn FnMut(&str)) {
    walk(bundle, visit);
    let mut events = 0;
    for scenario in lab_store::read(bundle).unwrap().scenarios {
        for instance in scenario.passes.iter().flat_map(|pass| &pass.instances) {
            events += instance.events.len();
            instance.events.iter().for_each(|event| visit(&serde_json::to_string(event).unwrap()));
        }
    }
    assert!(events > 50, "{events}");
}

fn walk(dir: &std::path::Path, visit: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&String::from_utf8_lossy(&fs::read(path).unwrap()));
        }
    }
}
