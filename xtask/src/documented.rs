//! Every `cargo xtask ...` that a workflow, the action or a document names is one that the command line takes.

use std::{fs, path::Path};

use clap::Parser;

use crate::Cli;

const FILES: [&str; 5] =
    ["action.yml", ".github/workflows/ci.yml", ".github/workflows/lab.yml", "docs/ci.md", "docs/reports.md"];

/// (line, words after `cargo xtask`) of each command in a text; a line that ends in a backslash goes on.
fn commands(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let mut line = line.to_owned();
        while let Some(begun) = line.strip_suffix('\\') {
            line = format!("{begun}{}", lines.next().map_or("", |(_, next)| next));
        }
        for (place, _) in line.match_indices("cargo xtask ") {
            let (before, rest) = (&line[..place], &line[place + "cargo xtask ".len()..]);
            let in_code = before.matches('`').count() % 2 == 1;
            let rest = if in_code { rest.split('`').next().unwrap_or_default() } else { rest };
            found.push((at + 1, words(rest)));
        }
    }
    found
}

/// The words of a simple command of the shell, up to what separates or redirects. An array has no words of its own.
fn words(text: &str) -> Vec<String> {
    let words = shlex::split(text).unwrap_or_else(|| panic!("no end of a quoted word: {text}"));
    let ends =
        |word: &String| ["|", "||", "&&", ";", "&"].contains(&word.as_str()) || word.starts_with(['>', '<']);
    let array = |word: &String| word == "$@" || word.ends_with("[@]}");
    words.into_iter().take_while(|word| !ends(word)).filter(|word| !array(word)).collect()
}

/// The commands of a text that are none, as `line: command: why`.
fn refused(text: &str) -> Vec<String> {
    let why = |words: &[String]| {
        let parsed = Cli::try_parse_from(std::iter::once("xtask".to_owned()).chain(words.iter().cloned()));
        parsed.err().map(|error| error.to_string())
    };
    let refused = commands(text).into_iter();
    refused
        .filter_map(|(line, words)| Some(format!("{line}: {}: {}", words.join(" "), why(&words)?)))
        .collect()
}

#[test]
fn every_command_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the checkout");
    for file in FILES {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!commands(&text).is_empty() || file.ends_with("lab.yml"), "{file} names no command");
        assert_eq!(refused(&text), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn what_is_none_is_named() {
    let text = "See `cargo xtask lab run` or\n\n    cargo xtask lab run host \\\n        --scenaro x\ncargo xtask report A B\n";
    let refused = refused(text);
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].starts_with("3: lab run host --scenaro x: "), "{refused:?}");
    assert!(refused[1].starts_with("5: report A B: "), "{refused:?}");
}

#[test]
fn a_command_ends_where_the_shell_ends_it() {
    let text = r#"x || cargo xtask report "$bundle" "${only[@]}" --html="$reports/a.html" >"$b" || test $? -eq 2 # why"#;
    assert_eq!(
        commands(text),
        [(1, vec!["report".into(), "$bundle".into(), "--html=$reports/a.html".into()])]
    );
}
