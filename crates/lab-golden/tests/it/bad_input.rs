//! Each way in which a golden can be wrong, with the message that it gets.

use lab_golden::Golden;

use crate::sample::EVERYTHING;

fn message(text: &str) -> String {
    Golden::parse(text, "golden/x.golden").expect_err("a wrong golden was read").to_string()
}

/// The message after `from`, which must occur in the whole golden, is put in place by `to`.
fn with(from: &str, to: &str) -> String {
    assert!(EVERYTHING.contains(from), "{from}");
    message(&EVERYTHING.replacen(from, to, 1))
}

#[test]
fn the_file_as_such() {
    assert_eq!(
        with("golden 1", "golden 2"),
        "read golden/x.golden:1: unknown version in `sightline golden 2`, expected `sightline golden 1`"
    );
    assert_eq!(message(""), "read golden/x.golden:1: unknown version in ``, expected `sightline golden 1`");
    assert!(
        message(&format!("\u{feff}{EVERYTHING}")).starts_with("read golden/x.golden:1: a byte order mark")
    );
    assert!(
        message(&EVERYTHING.replace('\n', "\r\n"))
            .starts_with("read golden/x.golden:1: a line that ends in CRLF")
    );
    assert!(
        with("      exit 0\n", "      exit 0\r\n")
            .starts_with("read golden/x.golden:13: a line that ends in CRLF")
    );
    assert_eq!(with("      exit 0\n", "      exit 0 \n"), "read golden/x.golden:13: trailing space");
    assert_eq!(
        with("      exit 0\n", "\texit 0\n"),
        "read golden/x.golden:13: a tab; goldens indent by two spaces"
    );
    for marker in ["<<<<<<< HEAD", "||||||| base", "=======", ">>>>>>> other"] {
        let found = with("      exit 0\n", &format!("{marker}\n      exit 0\n"));
        assert_eq!(
            found,
            "read golden/x.golden:13: a merge conflict marker; resolve the conflict, or bless again"
        );
    }
    assert!(
        message(EVERYTHING.trim_end()).starts_with("read golden/x.golden:46: the last line has no line end")
    );
}

#[test]
fn unknown_words() {
    for (from, to, expected) in [
        ("<canary>", "<cannary>", "12: unknown placeholder `<cannary>`; did you mean `canary`?"),
        ("<sink>", "<sinc>", "24: unknown placeholder `<sinc>`; did you mean `sink`?"),
        ("seen    missed", "sen     missed", "39: unknown verdict `sen`; did you mean `seen`?"),
        ("probe   strace", "probe   stracy", "38: unknown sensor `stracy`; did you mean `strace`?"),
        ("not strace", "not nosuch", "9: unknown sensor `nosuch`"),
        ("unlink", "unlinc", "21: unknown action `unlinc`; did you mean `unlink`?"),
        ("opens loader", "opens loaders", "8: unknown class `loaders`; did you mean `loader`?"),
        ("ENOENT", "ENOENTT", "6: unknown error `ENOENTT`; did you mean `ENOENT`?"),
        ("write create", "write creates", "12: unknown flag `creates`; did you mean `create`?"),
        ("setuid(", "setuidd(", "20: unknown call `setuidd`; did you mean `setuid`?"),
        ("loss killed", "loss kiled", "32: unknown cause of loss `kiled`; did you mean `killed`?"),
        ("act 2\n", "act 9\n", "7: `act 9` has no row in the table"),
        ("twin 4,", "act 4,", "34: `act 4` has no row in the table"),
        ("act 1, act 2\n", "act 1, act 7\n", "46: `act 7` has no row in the table"),
    ] {
        assert_eq!(with(from, to), format!("read golden/x.golden:{expected}"));
    }
}

#[test]
fn shape() {
    for (from, to, expected) in [
        (
            "    exit 1",
            "     exit 1",
            "14: bad indentation: 5 spaces, expected a multiple of two and at most 8",
        ),
        (
            "      opens",
            "            opens",
            "8: bad indentation: 12 spaces, expected a multiple of two and at most 6",
        ),
        (
            "    exit 1",
            "        exit 1",
            "14: a line below `exit`; only `exec` and `fork` have lines below them",
        ),
        ("  act 2   seen    blind\n", "  act 1   seen    blind\n", "40: duplicate row `act 1`"),
        ("probe   strace", "probe   probe", "38: duplicate sensor `probe`"),
        ("act 1, act 2", "act 1, act 1", "46: duplicate anchor `act 1`"),
        ("not probe, not strace", "not probe, not probe", "34: duplicate exception `probe`"),
        ("T1059.004 T1003", "T1059.004 T1059.004", "2: duplicate technique `T1059.004`"),
        (
            "  act 2   seen    blind",
            "  act 2   seen",
            "40: expected 2 verdicts, one for each sensor, found `  act 2   seen`",
        ),
        (
            "\ntable",
            "table",
            "37: expected an indented line, or an empty one before `table`, found `table     probe   strace`",
        ),
        (
            "scenario everything",
            "scenario Every",
            "2: expected a scenario's name of `a-z`, `0-9` and `-`, found `scenario Every  attack T1059.004 T1003`",
        ),
        ("exit 1 signal 9", "exit one", "14: expected an exit code, `signal`, or `<unknown>`, found `one`"),
        (
            "exit 1 signal 9",
            "exit 01 signal 9",
            "14: expected an exit code, `signal`, or `<unknown>`, found `01`",
        ),
        ("\"/run/x\"", "\"/run/x", "26: bad string: it is not closed"),
        ("\\u003c", "\\q", "12: bad string: an escape that JSON does not know"),
        (
            "\\u001b",
            "\\u001B",
            r#"12: not as `golden bless` writes it, expected `"<canary>/a\u001b[31m\\xff\u003c"`"#,
        ),
        (
            "bind [::1]:80",
            "bind [0::1]:80",
            "28: expected an address such as `127.0.0.1:53`, `[::1]:80`, `unix:\"/run/x\"` or `<sink>`, found `[0::1]:80`",
        ),
        (
            "    fork <pid:1>",
            "    fork  <pid:1>",
            "16: expected `act N`, `twin N`, `not SENSOR` or a mark, found `<pid:1>`",
        ),
        (
            "write create",
            "create write",
            r#"12: not as `golden bless` writes it, expected `      open "<canary>/a\u001b[31m\\xff\u003c" write create -> EACCES`"#,
        ),
        (
            "     act 1\n",
            "    act 1\n",
            "5: not as `golden bless` writes it, expected `  exec \"/bin/sh\" [\"sh\",\"-c\",\"id\\n\"] uid=1000                     act 1`",
        ),
    ] {
        assert_eq!(with(from, to), format!("read golden/x.golden:{expected}"));
    }
}

#[test]
fn the_end_of_the_file() {
    let cut = EVERYTHING.split_inclusive('\n').take(40).collect::<String>();
    assert_eq!(
        message(&cut),
        "read golden/x.golden:41: expected an indented line, or an empty one before `detections`, found the end of the file"
    );
    assert_eq!(
        message(&format!("{EVERYTHING}\nmore\n")),
        "read golden/x.golden:47: expected the end of the file, found an empty line"
    );
}
