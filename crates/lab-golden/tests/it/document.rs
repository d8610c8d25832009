//! docs/golden-format.md: its examples are goldens, and it leaves out no construct.

use lab_golden::Golden;

use crate::sample::EVERYTHING;

const DOCUMENT: &str = include_str!("../../../../docs/golden-format.md");

/// The fenced blocks that are marked `kind`, with what follows the mark, and the line they begin on.
fn blocks(kind: &str) -> Vec<(usize, String, String)> {
    let (mut out, mut open): (Vec<(usize, String, String)>, bool) = (Vec::new(), false);
    let mut wanted = false;
    for (at, line) in DOCUMENT.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(mark) if !open => {
                let (word, rest) = mark.split_once(' ').unwrap_or((mark, ""));
                wanted = word == kind;
                open = true;
                if wanted {
                    out.push((at + 1, rest.to_owned(), String::new()));
                }
            }
            Some(_) => open = false,
            None if open && wanted => {
                let (_, _, text) = out.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    out
}

/// A golden around lines of a tree.
fn around(tree: &str) -> String {
    format!(
        "sightline golden 1\nscenario example  attack T1059\n\ntree\n{tree}\ntable     probe   strace\n  act 1   seen    seen\n  act 2   seen    seen\n  twin 3  seen    seen\n\ndetections\n  none\n"
    )
}

#[test]
fn each_example_reads_and_is_as_bless_writes_it() {
    let (whole, trees) = (blocks("golden"), blocks("golden-tree"));
    assert!(!whole.is_empty() && trees.len() >= 12, "{} whole, {} trees", whole.len(), trees.len());
    let wholes = whole.into_iter().map(|(line, _, text)| (line, text));
    for (line, text) in wholes.chain(trees.into_iter().map(|(line, _, text)| (line, around(&text)))) {
        let golden =
            Golden::parse(&text, "example").unwrap_or_else(|e| panic!("example at line {line}: {e}\n{text}"));
        assert_eq!(golden.to_text(), text, "example at line {line}");
    }
}

#[test]
fn the_override_of_the_first_example_does_what_it_says() {
    let (golden, changes) = (&blocks("golden")[0].2, &blocks("golden-override")[0].2);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shell-spawn.golden"), golden).unwrap();
    std::fs::write(folder.path().join("shell-spawn@linux-6.1.golden"), changes).unwrap();
    assert!(lab_golden::lint(folder.path(), &["shell-spawn"]).is_empty());
    let setting = lab_golden::Setting { kernel: "6.1.0".into(), ..Default::default() };
    let composed =
        lab_golden::compose(folder.path(), "shell-spawn", &setting).unwrap().unwrap().golden().unwrap();
    let tree: Vec<String> = composed.tree.iter().map(|line| line.fact.to_string()).collect();
    let wanted = [
        "exec \"/bin/sh\" [\"sh\",\"-c\",\"id\"] uid=1000",
        "open \"/etc/suid-debug\" read -> ENOENT",
        "exec \"/usr/bin/id\" [\"id\"] uid=1000",
        "opens loader",
        "open \"/etc/passwd\" read",
        "fork",
        "exit 0",
        "exit 0",
        "exec \"/usr/bin/true\" [\"true\"] uid=1000",
        "exit 0",
    ];
    assert_eq!(tree, wanted);
}

#[test]
fn each_bad_example_gets_the_message_beside_it() {
    let bad = blocks("golden-bad");
    assert!(bad.len() >= 5);
    for (line, expected, text) in bad {
        let text = if text.starts_with("  ") { around(&text) } else { text };
        let found = Golden::parse(&text, "x").expect_err("a bad example was read").problem.to_string();
        assert_eq!(found, expected, "example at line {line}");
    }
}

#[test]
fn every_construct_is_shown() {
    let shown: String =
        [blocks("golden"), blocks("golden-tree")].concat().into_iter().map(|(_, _, text)| text).collect();
    let golden = Golden::parse(EVERYTHING, "everything").unwrap();
    for line in &golden.tree {
        assert!(shown.contains(&format!("  {}", line.fact.word)), "no example of `{}`", line.fact.word);
    }
    for mark in [
        "allow optional",
        "allow unordered",
        "allow at-most",
        "  unordered\n",
        "  optional\n",
        "  at-most 3\n",
        "unstable 17/20",
    ] {
        assert!(shown.contains(mark), "no example of `{mark}`");
    }
    let model = lab_model::Action::ALL.iter().map(|action| action.word());
    for word in
        model.chain(["opens", "<pid:1>", "<port:1>", "<port>", "<nonce>", "not strace", "signal", "sigma"])
    {
        assert!(shown.contains(word), "no example of `{word}`");
    }
}
