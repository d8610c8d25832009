//! Rules that every file keeps.

use std::collections::BTreeSet;

use crate::tree::{Tracked, none, tracked};

const LONGEST: usize = 400;

/// One line of Rust.
struct Line<'a> {
    place: String,
    text: &'a str,
    above: &'a str,
    in_test: bool,
}

impl Line<'_> {
    fn is_comment(&self) -> bool {
        self.text.trim_start().starts_with("//")
    }
}

fn is_rust(file: &Tracked) -> bool {
    file.path.ends_with(".rs")
}

/// Files that are compiled for tests only: below `tests/`, and `mod name;` under `#[cfg(test)]`.
fn test_files(files: &[Tracked]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| is_rust(file)) {
        if file.path.contains("/tests/") {
            found.insert(file.path.clone());
        }
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let folder = match name.trim_end_matches(".rs") {
            "lib" | "main" | "mod" => folder.to_owned(),
            stem => format!("{folder}/{stem}"),
        };
        for (_, module) in test_modules(&file.text) {
            if let Some(module) = module.strip_suffix(';') {
                found.insert(format!("{folder}/{module}.rs"));
                found.insert(format!("{folder}/{module}/mod.rs"));
            }
        }
    }
    found
}

/// (line number from 0, what follows `mod`) of modules under `#[cfg(test)]`.
fn test_modules(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).enumerate().filter(|(_, pair)| pair[0].trim() == "#[cfg(test)]");
    pairs.filter_map(|(n, pair)| Some((n, pair[1].split_once("mod ")?.1))).collect()
}

/// First line of the tests at the end of a file.
fn tests_begin(text: &str) -> usize {
    let inline = test_modules(text).into_iter().find(|(_, module)| module.ends_with('{'));
    inline.map_or_else(|| text.lines().count(), |(n, _)| n)
}

/// Calls `wrong` on each line of Rust; the violations are those for which it is true.
fn lines_where(files: &[Tracked], wrong: impl Fn(&Line<'_>) -> bool) -> Vec<String> {
    let tests = test_files(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| is_rust(file)) {
        let (begin, all_test) = (tests_begin(&file.text), tests.contains(&file.path));
        let mut above = "";
        for (n, text) in file.text.lines().enumerate() {
            let line = Line {
                place: format!("{}:{}", file.path, n + 1),
                text,
                above,
                in_test: all_test || n >= begin,
            };
            if wrong(&line) {
                found.push(format!("{}: {}", line.place, text.trim()));
            }
            above = text;
        }
    }
    found
}

#[test]
fn files_say_what_they_are_for() {
    let wrong = tracked().into_iter().filter(|file| is_rust(file) && !file.text.starts_with("//! "));
    none("a file begins with a `//!` sentence", &wrong.map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    let files = tracked();
    let long = files.iter().filter(|file| is_rust(file)).map(|file| (&file.path, tests_begin(&file.text)));
    let long =
        long.filter(|(_, lines)| *lines > LONGEST).map(|(path, lines)| format!("{path}: {lines} lines"));
    none("split it: longer than 400 lines, tests not counted", &long.collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let words = [
        concat!("#[", "ignore"),
        concat!("#[", "allow"),
        concat!("#![", "allow"),
        concat!("to", "do!("),
        concat!("unimplem", "ented!("),
        concat!("db", "g!("),
    ];
    let wrong = lines_where(&tracked(), |line| {
        !line.is_comment() && words.iter().any(|word| line.text.contains(word))
    });
    none("do it, or `#[expect(lint, reason = ...)]`", &wrong);
}

#[test]
fn nothing_unwraps_without_a_reason() {
    let word = concat!(".unw", "rap()");
    let wrong =
        lines_where(&tracked(), |line| !line.in_test && !line.is_comment() && line.text.contains(word));
    none("outside tests: return an error, or `expect` with the reason why it cannot fail", &wrong);
}

#[test]
fn nothing_sleeps_without_a_reason() {
    let (call, import) = (concat!("thread::sl", "eep("), concat!("thread::sl", "eep;"));
    let wrong = lines_where(&tracked(), |line| {
        let sleeps = !line.is_comment() && line.text.contains(call);
        let reason = !line.in_test && line.above.trim_start().starts_with("// ");
        (sleeps && !reason) || line.text.contains(import)
    });
    none(
        "wait for what happens; where only a sleep will do, its reason stands above it; tests never sleep",
        &wrong,
    );
}

#[test]
fn libraries_have_no_stdout() {
    let words = [concat!("pri", "ntln!("), concat!("pri", "nt!(")];
    let calls = |text: &str, word: &str| {
        text.match_indices(word)
            .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let wrong = lines_where(&tracked(), |line| {
        let program = line.place.contains("/src/main.rs:") || line.place.contains("/src/bin/");
        let library = line.place.starts_with("crates/") && !program && !line.in_test && !line.is_comment();
        library && words.iter().any(|word| calls(line.text, word))
    });
    none("a library returns what is to be said", &wrong);
}

#[test]
fn nothing_names_this_machine_or_a_registry() {
    let hosts = [
        concat!("crates", ".io"),
        concat!("proxy.gol", "ang.org"),
        concat!("deb.deb", "ian.org"),
        concat!("archive.ub", "untu.com"),
        concat!("py", "pi.org"),
        concat!("npm", "js.org"),
        concat!("gh", "cr.io"),
        concat!("qu", "ay.io"),
    ];
    let mut wrong = Vec::new();
    // Cargo writes its lock files, with the name of the registry in each entry.
    for file in tracked().iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (n, line) in file.text.lines().enumerate() {
            let host = hosts.iter().find(|host| line.contains(**host)).copied();
            let what =
                host.or_else(|| ["work", "farm"].into_iter().find(|folder| has_root_folder(line, folder)));
            wrong.extend(what.map(|what| format!("{}:{}: {what}", file.path, n + 1)));
        }
    }
    none("a name that holds on one machine only, or a registry's", &wrong);
}

/// True if `line` has the absolute path of a folder at the root.
fn has_root_folder(line: &str, folder: &str) -> bool {
    let path = format!("/{folder}/");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"_-.}/".contains(c))
    })
}

#[test]
fn the_path_rule_tells_absolute_from_relative() {
    let folder = concat!("wo", "rk");
    assert!(has_root_folder(&format!("cd /{folder}/x"), folder));
    assert!(has_root_folder(&format!("\"/{folder}/x\""), folder));
    assert!(!has_root_folder(&format!("lib/{folder}/x"), folder));
    assert!(!has_root_folder("${work}/x", folder));
}

#[test]
fn the_test_rule_finds_tests() {
    let text = "//! x\nfn a() {}\n\n#[cfg(test)]\nmod samples;\nfn b() {}\n#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(tests_begin(text), 6);
    let file = |path: &str, text: &str| Tracked { path: path.into(), text: text.into() };
    let found = test_files(&[file("crates/a/src/b.rs", text), file("crates/a/tests/it/c.rs", "")]);
    assert!(
        found.contains("crates/a/src/b/samples.rs") && found.contains("crates/a/tests/it/c.rs"),
        "{found:?}"
    );
    assert!(!found.contains("crates/a/src/b.rs"));
}

#[test]
fn each_scenario_has_a_golden_and_each_golden_a_scenario() {
    let files = tracked();
    let names = |folder: &str, ending: &str| -> BTreeSet<String> {
        let paths = files.iter().filter_map(|file| file.path.strip_prefix(folder)?.strip_suffix(ending));
        paths
            .filter(|name| !name.contains('/'))
            .map(|name| name.split('@').next().unwrap_or(name).to_owned())
            .collect()
    };
    let (scenarios, goldens) = (names("scenarios/", ".toml"), names("golden/", ".golden"));
    if goldens.is_empty() {
        return;
    }
    // A program that was observed has a golden and no scenario.
    let observed: BTreeSet<String> = files
        .iter()
        .filter(|file| file.text.lines().nth(1).is_some_and(|head| head.starts_with("observed ")))
        .filter_map(|file| Some(file.path.strip_prefix("golden/")?.strip_suffix(".golden")?.to_owned()))
        .collect();
    let goldens: BTreeSet<String> = goldens.difference(&observed).cloned().collect();
    let missing = scenarios.difference(&goldens).map(|name| format!("scenarios/{name}.toml has no golden"));
    let extra = goldens.difference(&scenarios).map(|name| format!("golden/{name}.golden has no scenario"));
    none("scenarios and goldens", &missing.chain(extra).collect::<Vec<_>>());
}
