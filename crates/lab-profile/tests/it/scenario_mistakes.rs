//! Each mistake that a scenario can hold, and what is said about it.

use std::fs;

use lab_profile::{Files, load_scenario};

use crate::memory::{LOOK, project, put};

/// What is said about the scenario `look` with this text; the file's name is left out.
fn said(text: &str) -> String {
    let mut project = project();
    put(&mut project, "scenarios/look.toml", text);
    said_of(&project)
}

fn said_of(root: &(impl Files + ?Sized)) -> String {
    load_scenario(root, "look").unwrap_err().to_string().replace("scenarios/look.toml", "look")
}

/// What is said about the right scenario with `from` replaced by `to`.
fn said_with(from: &str, to: &str) -> String {
    assert!(LOOK.contains(from), "{from}");
    said(&LOOK.replacen(from, to, 1))
}

/// What is said about an act with these lines, which begin in line 4.
fn said_of_act(lines: &str) -> String {
    said_with("kind = \"read\"\npath = \"${work}/a-${nonce}\"\n", lines)
}

const VARIABLES: &str = "expected one of `${work}`, `${bin}`, `${sink}`, `${resolver}`, `${domain}`, `${nobody}`, `${canary}`, `${nonce}`";

#[test]
fn the_right_one_is_right() {
    load_scenario(&project(), "look").unwrap();
}

#[test]
fn unknown_scenario() {
    let error = load_scenario(&project(), "loook").unwrap_err().to_string();
    assert_eq!(error, "unknown scenario `loook`, expected `look`\n  hint: did you mean `look`?");
    let error = load_scenario(&project(), "../profiles/01-host").unwrap_err().to_string();
    assert_eq!(error, "unknown scenario `../profiles/01-host`, expected `look`");
}

#[test]
fn unknown_key() {
    assert_eq!(
        said_with("summary =", "sumary ="),
        "look: missing key `summary` in a scenario\n\
         look:1:1: unknown key `sumary` in a scenario, expected one of `summary`, `attack`, `file`, `act`, `twin`\n  \
         hint: did you mean `summary`?"
    );
}

#[test]
fn wrong_types() {
    assert_eq!(said_with("\"look\"", "7"), "look:1:11: `summary` is an integer, expected a string");
    assert_eq!(said_with("[\"T1083\"]", "\"T1083\""), "look:2:10: `attack` is a string, expected a list");
    assert_eq!(
        said_with("[\"T1083\"]", "[1083]"),
        "look:2:11: `attack` holds an integer, expected only strings"
    );
    assert_eq!(
        said_with("[[twin]]", "[twin]"),
        "look:6:2: `twin` is a table, expected a list of tables, `[[twin]]`"
    );
    assert_eq!(
        said_of_act("kind = \"exec\"\nvia = [{ name = \"a\", set_user_id = 1 }]\n"),
        "look:5:36: `set_user_id` is an integer, expected a boolean (`true` or `false`)"
    );
    assert_eq!(
        said_of_act("kind = \"exec\"\nvia = [\"a\"]\n"),
        "look:5:8: `via` is a string, expected a table"
    );
    assert_eq!(
        said("summary = \"s\"\nattack = [\"T1083\"]\nact = [1]\ntwin = [\"x\"]\n"),
        "look:3:8: `act` is an integer, expected a table\nlook:4:9: `twin` is a string, expected a table"
    );
}

#[test]
fn no_act_no_twin_no_attack() {
    let (without_twin, _) = LOOK.split_once("[[twin]]").unwrap();
    assert_eq!(
        said(without_twin),
        "look: no benign twin, expected at least one `[[twin]]`\n  \
         hint: write a `[[twin]]` of the same shape as an act that must raise no detection"
    );
    let hint = "\n  hint: write `attack = [\"T1059.004\"]` with the techniques that it shows";
    assert_eq!(
        said_with("attack = [\"T1083\"]\n", ""),
        format!("look: no ATT&CK id, expected `attack` with at least one{hint}")
    );
    assert_eq!(
        said_with("[\"T1083\"]", "[]"),
        format!("look:2:10: no ATT&CK id, expected at least one in `attack`{hint}")
    );
    assert!(said_with("[[act]]", "[[twin]]").starts_with("look: no act, expected at least one `[[act]]`"));
}

#[test]
fn malformed_attack_ids() {
    for id in ["T108", "1083", "t1083", "T1083.1", "T1083.0001", "T1083.", "T10é3", ""] {
        let said = said_with("T1083", id);
        assert_eq!(
            said,
            format!("look:2:11: {id:?} is no ATT&CK id, expected the form `T1234` or `T1234.001`")
        );
    }
    assert_eq!(
        said_with("[\"T1083\"]", "[\"T1083\", \"T1083\"]"),
        "look:2:20: ATT&CK id `T1083` stands here again, expected once (line 2)"
    );
}

#[test]
fn unknown_act_kind() {
    let kinds = "`exec`, `read`, `write`, `append`, `unlink`, `rename`, `connect`, `resolve`, `serve`, `setid`, `shell`";
    assert_eq!(
        said_of_act("kind = \"raed\"\npath = \"/a\"\n"),
        format!("look:4:8: unknown act kind `raed`, expected one of {kinds}\n  hint: did you mean `read`?")
    );
    assert_eq!(
        said_of_act("path = \"/a\"\n"),
        format!("look:3:1: missing key `kind` in an act, expected one of {kinds}")
    );
}

#[test]
fn keys_that_a_kind_lacks_or_needs() {
    assert_eq!(
        said_of_act("kind = \"read\"\npath = \"/a\"\ncontent = \"x\"\n"),
        "look:6:1: unknown key `content` in an act of kind `read`, \
         expected one of `kind`, `path`, `via`, `user`, `expect`, `interest`"
    );
    assert_eq!(
        said_of_act("kind = \"write\"\nexpect = \"ok\"\n"),
        "look:3:1: missing key `path` in an act of kind `write`\n\
         look:3:1: missing key `content` in an act of kind `write`"
    );
    assert_eq!(
        said_of_act("kind = \"exec\"\n"),
        "look:3:1: missing key `via` in an act of kind `exec`, whose images are all that it does"
    );
}

#[test]
fn toml_syntax_names_each_line_once() {
    let said = said("summary = \nattack = [\"T1083\"]\n[[act]\n");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("look:1:11: TOML syntax: "), "{said}");
    assert!(lines[1].starts_with("look:3:"), "{said}");
    assert!(self::said("a = 1\na = 2\n").contains("look:2:1: TOML syntax: duplicate key"));
}

#[test]
fn unknown_variables() {
    assert_eq!(
        said_with("${work}/a", "${wrok}/a"),
        format!("look:5:8: unknown variable `${{wrok}}`, {VARIABLES}\n  hint: did you mean `${{work}}`?")
    );
    assert_eq!(
        said_with("-${nonce}\"\n[[twin]]", "-${nonce\"\n[[twin]]"),
        "look:5:8: `${` without `}` in \"${work}/a-${nonce\", expected a variable such as `${work}`"
    );
    let via = said_of_act(
        "kind = \"exec\"\nvia = [{ name = \"a\", argv = [\"a\", \"${nonc}\"] }]\nuser = \"${nobod}\"\n",
    );
    assert!(via.contains("look:5:35: unknown variable `${nonc}`"), "{via}");
    assert!(via.contains("look:6:8: unknown variable `${nobod}`"), "{via}");
    let file = "[[file]]\npath = \"${canary}/${x}\"\ncontent = \"${y}\"\nowner = \"${z}\"\n[[act]]";
    let file = said_with("[[act]]", file);
    for (line, name) in [("4:8", "x"), ("5:11", "y"), ("6:9", "z")] {
        assert!(file.contains(&format!("look:{line}: unknown variable `${{{name}}}`")), "{file}");
    }
}

#[test]
fn bad_expectation() {
    let bad = |word| said_of_act(&format!("kind = \"read\"\npath = \"/a\"\nexpect = \"{word}\"\n"));
    assert_eq!(
        bad("EACCESS"),
        "look:6:10: `expect` is \"EACCESS\", expected `ok` or the name of an error such as `EACCES`\n  \
         hint: did you mean `EACCES`?"
    );
    assert!(bad("enoent").ends_with("hint: did you mean `ENOENT`?"));
    assert!(bad("OK").ends_with("hint: did you mean `ok`?"));
    assert!(bad("").starts_with("look:6:10: `expect` is \"\", expected `ok`"));
}

#[test]
fn bad_images() {
    let bad = |via| said_of_act(&format!("kind = \"exec\"\nvia = {via}\n"));
    let name = |name, why| format!("look:5:17: `name` is {name}: {why}, expected a file name such as `webd`");
    assert_eq!(bad("[{ name = \"\" }]"), name("\"\"", "it is empty"));
    assert_eq!(bad("[{ name = \"bin/webd\" }]"), name("\"bin/webd\"", "it holds `/`"));
    assert_eq!(bad("[{ name = \"..\" }]"), name("\"..\"", "no file can be placed under it"));
    assert_eq!(bad("[{ name = \"${nonce}\" }]"), name("\"${nonce}\"", "no file can be placed under it"));
    assert_eq!(bad("[]"), "look:5:7: `via` is empty, expected at least one image, or no `via`");
    assert_eq!(bad("[{ argv = [\"a\"] }]"), "look:5:8: missing key `name` in an image of `via`");
    assert_eq!(
        bad("[{ name = \"a\", dept = 2 }]"),
        "look:5:22: unknown key `dept` in an image of `via`, expected one of \
         `name`, `argv`, `depth`, `placement`, `set_user_id`\n  hint: did you mean `depth`?"
    );
    assert_eq!(
        bad("[{ name = \"a\", depth = 0 }]"),
        "look:5:30: `depth` is 0, expected a number from 1 to 32"
    );
    assert_eq!(
        bad("[{ name = \"a\", placement = \"fork\" }]"),
        "look:5:34: unknown placement `fork`, expected one of `forked`, `in-place`\n  hint: did you mean `forked`?"
    );
    assert_eq!(
        bad("[{ name = \"a\", argv = [] }]"),
        "look:5:29: `argv` is empty, expected at least the name by which the image is called"
    );
    assert_eq!(
        bad("[{ name = \"a\" }, { name = \"a\", set_user_id = true }]"),
        "look:5:24: image `a` is set-user-id in one place and not in another (scenarios/look.toml:5), expected one or the other"
            .replace("scenarios/look.toml", "look")
    );
}

#[test]
fn bad_interest() {
    let bad = |interest| said_of_act(&format!("kind = \"read\"\npath = \"/a\"\ninterest = {interest}\n"));
    assert_eq!(
        bad("{ actions = [\"opn\"] }"),
        "look:6:25: unknown action `opn`, expected one of `exec`, `fork`, `exit`, `setid`, `open`, `unlink`, \
         `rename`, `connect`, `bind`, `accept`, `mkdir`, `link`, `symlink`, `chmod`, `chown`, `truncate`, \
         `mknod`, `listen`, `send`, `ptrace`, `process-vm`, `capability`, `namespace`, `memfd`, `signal`, \
         `seccomp`, `personality`, `mount`, `module`, `bpf`, `keyctl`, `io-uring`, `read`, `write`\n  hint: did you mean `open`?"
    );
    assert_eq!(
        bad("{ fold = [\"locales\", \"loader\", \"loader\"] }"),
        "look:6:22: unknown class `locales`, expected one of `loader`, `locale`, `name-service`\n  \
         hint: did you mean `locale`?\n\
         look:6:43: class `loader` stands here again, expected once (line 6)"
    );
    assert_eq!(
        bad("{ scope = \"tree\" }"),
        "look:6:22: unknown scope `tree`, expected one of `subtree`, `process`"
    );
    assert_eq!(
        bad("{ action = [] }"),
        "look:6:14: unknown key `action` in `interest`, expected one of `scope`, `actions`, `fold`, `unordered`, \
         `optional`, `at_most`\n  hint: did you mean `actions`?"
    );
    assert_eq!(
        bad("{ optional = [\"localtime\", \"/a\", \"/a\"], at_most = { \"/b\" = 0 } }"),
        "look:6:26: `optional` holds \"localtime\", expected a whole path such as `/etc/localtime`\n\
         look:6:45: path `/a` stands here again, expected once (line 6)\n\
         look:6:71: `/b` is 0, expected a number from 1 to 4294967295"
    );
    assert_eq!(
        bad("{ at_most = [\"/b\"], unordered = [\"${wrk}/a\"] }"),
        "look:6:24: `at_most` is a list, expected a table\n\
         look:6:45: unknown variable `${wrk}`, VARS\n  hint: did you mean `${work}`?"
            .replace("VARS", VARIABLES)
    );
}

#[test]
fn what_an_interest_leaves_free() {
    let mut project = project();
    let free = "interest = { unordered = [\"/u\", \"${work}/bin/x\"], optional = [\"/u\"], at_most = { \"/u\" = 2 } }";
    let text = LOOK.replacen(
        "path = \"${work}/a-${nonce}\"",
        &format!("path = \"${{work}}/a-${{nonce}}\"\n{free}"),
        1,
    );
    put(&mut project, "scenarios/look.toml", &text);
    let found = load_scenario(&project, "look").unwrap();
    let found: Vec<_> =
        found.acts[0].interest.free.iter().map(|(path, free)| format!("{path}: {free}")).collect();
    assert_eq!(found, ["${bin}/x: unordered", "/u: unordered, optional, at-most 2"]);
}

#[test]
fn bad_values_of_kinds() {
    assert_eq!(
        said_of_act("kind = \"setid\"\ncall = \"setresud\"\nids = [\"0\"]\n"),
        "look:5:8: unknown call `setresud`, expected one of `setuid`, `setgid`, `setreuid`, `setregid`, `setresuid`, \
         `setresgid`, `setfsuid`, `setfsgid`, `setgroups`\n  hint: did you mean `setresuid`?"
    );
    assert_eq!(
        said_of_act("kind = \"setid\"\ncall = \"setresuid\"\nids = [\"-\", \"root\"]\n"),
        "look:6:7: `ids` has 2 entries, expected 3 for `setresuid`\n\
         look:6:13: `ids` is \"root\", expected a number, or a variable such as `${nobody}`"
    );
    assert_eq!(
        said_of_act("kind = \"connect\"\naddress = \"localhost\"\npayload = \"x\"\n"),
        "look:5:11: `address` is \"localhost\", expected `IP:PORT`, or a variable such as `${sink}` or `${resolver}`"
    );
    assert_eq!(
        said_of_act("kind = \"connect\"\naddress = \"${sink}\"\npayload = \"a\\nb\"\n"),
        "look:6:11: `payload` is \"a\\nb\", expected one line without its end"
    );
    assert_eq!(
        said_of_act("kind = \"read\"\npath = \"etc/shadow\"\nuser = \"nobody\"\n"),
        "look:5:8: `path` is \"etc/shadow\", expected an absolute path, or one below `${work}` or `${canary}`\n\
         look:6:8: `user` is \"nobody\", expected a number, or a variable such as `${nobody}`"
    );
    assert_eq!(
        said_of_act("kind = \"shell\"\ncommand = \" \"\n"),
        "look:5:11: `command` is \" \", expected some text"
    );
    assert_eq!(
        said_with("[[act]]", "[[file]]\npath = \"/etc/motd\"\ncontent = \"\"\nmode = 0o10000\n[[act]]"),
        "look:4:8: `path` is \"/etc/motd\", expected a file right in `${work}` or `${canary}`\n\
         look:6:8: `mode` is 4096, expected a number from 0 to 4095"
    );
}

#[test]
fn set_up_lies_where_the_environment_makes_folders() {
    for path in ["${work}/", "${work}/a/b", "${canary}/..", "${bin}/webd", "relative"] {
        assert_eq!(
            said_with("[[act]]", &format!("[[file]]\npath = \"{path}\"\ncontent = \"\"\n[[act]]")),
            format!("look:4:8: `path` is {path:?}, expected a file right in `${{work}}` or `${{canary}}`")
        );
    }
}

#[test]
fn all_mistakes_at_once_in_order() {
    let said = said(
        "sumary = 1\nattack = [\"x\"]\n[[act]]\nkind = \"reed\"\nuser = 1\n[[twin]]\nkind = \"read\"\nexpect = \"E\"\n",
    );
    let places: Vec<_> = said
        .lines()
        .filter(|line| !line.starts_with("  hint"))
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["look", "look:1:1", "look:2:11", "look:4:8", "look:5:8", "look:6:1", "look:8:10"],
        "{said}"
    );
}

#[test]
fn nesting_without_end_is_a_mistake_not_a_crash() {
    for (open, what) in [("[", "attack"), ("{a=", "attack"), ("[[x.", "")] {
        let text = if what.is_empty() {
            "[x".to_owned() + &".x".repeat(100_000) + "]\n"
        } else {
            format!("{what} = {}\n", open.repeat(100_000))
        };
        assert!(said(&text).starts_with("look"), "{open}");
    }
}

#[test]
fn not_utf_8() {
    let mut project = project();
    project.insert("scenarios/look.toml".to_owned(), b"summary = \"x\"\n# \xc3\xa4 \xff\n".to_vec());
    assert_eq!(said_of(&project), "look:2:5: byte 0xff is not UTF-8, expected UTF-8 text");
}

#[test]
fn a_folder_and_a_file_that_went_away() {
    let root = tempfile::tempdir().unwrap();
    assert!(said_of(root.path()).contains("scenarios: cannot list the folder: No such file or directory"));
    fs::create_dir_all(root.path().join("scenarios/look.toml")).unwrap();
    assert_eq!(said_of(root.path()), "look: `look` is a folder, expected a file");
    fs::remove_dir(root.path().join("scenarios/look.toml")).unwrap();
    std::os::unix::fs::symlink("gone", root.path().join("scenarios/look.toml")).unwrap();
    assert_eq!(said_of(root.path()), "look: no file `look`");
}
