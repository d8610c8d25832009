//! The folder of goldens as a whole.

use lab_golden::lint;

use crate::sample::EVERYTHING;

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("everything.golden", EVERYTHING.as_bytes());
    put("shell-spawm.golden", EVERYTHING.as_bytes());
    put("file-tamper.golden", b"sightline golden 1\nscenario\n");
    put("bytes.golden", b"sightline golden 1\nscenario \xff\n");
    put("everything@kind.golden", b"");
    put("everything@somewhere-.golden", b"");
    put("notes.txt", b"");
    std::fs::create_dir(folder.path().join("plans")).unwrap();
    std::fs::create_dir(folder.path().join("more.golden")).unwrap();
    let found = lint(folder.path(), &["everything", "file-tamper", "shell-spawn", "bytes"]);
    let start = format!("read {}/", folder.path().display());
    let found: Vec<String> = found
        .iter()
        .map(|error| error.to_string().strip_prefix(&start).unwrap().replace('\n', " | "))
        .collect();
    assert_eq!(
        found,
        [
            "bytes.golden:2: bytes that are not UTF-8; goldens escape them as `\\xNN`",
            "everything@kind.golden:1: unknown version in ``, expected `sightline override 1`",
            "everything@somewhere-.golden:1: unknown setting `somewhere-`, expected an environment (`kind`), a \
             distribution (`debian-12`), an architecture (`aarch64`), a kernel (`linux-6.1`) or a tool (`strace-6.1`)",
            "file-tamper.golden:2: expected `scenario NAME  attack T...` or `observed NAME`, found `scenario`",
            "more.golden:1: not a golden; this folder holds `SCENARIO.golden` files and `plans/`",
            "notes.txt:1: not a golden; this folder holds `SCENARIO.golden` files and `plans/`",
            "shell-spawm.golden:1: no scenario is called `shell-spawm`; did you mean `shell-spawn`?",
            "shell-spawm.golden:2: scenario `everything` in a file called `shell-spawm.golden`",
            "shell-spawn.golden:1: scenario `shell-spawn` has no golden yet | hint: cargo xtask golden bless host shell-spawn",
        ]
    );
}

#[test]
fn a_good_folder_and_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("everything.golden"), EVERYTHING).unwrap();
    assert!(lint(folder.path(), &["everything"]).is_empty());
    assert_eq!(lint(&folder.path().join("none"), &["everything"]).len(), 1);
    assert!(lint(&folder.path().join("none"), &[]).is_empty());
}

#[test]
fn the_golden_of_an_observed_program_needs_no_scenario_and_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let observed =
        "sightline golden 1\nobserved build\n\ntree\n  none\n\ntable\n  none\n\ndetections\n  none\n";
    std::fs::write(folder.path().join("build.golden"), observed).unwrap();
    assert!(lint(folder.path(), &[]).is_empty());
    let found = lint(folder.path(), &["build"]);
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .to_string()
            .ends_with("build.golden:2: an observed program's golden, but `build` is a scenario")
    );
    std::fs::write(folder.path().join("other.golden"), observed).unwrap();
    assert!(
        lint(folder.path(), &[])[0].to_string().ends_with("scenario `build` in a file called `other.golden`")
    );
}
