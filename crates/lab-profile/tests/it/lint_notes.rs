//! What lint says of scenarios that are right but may not do what was meant.

use lab_profile::{lint, load_scenario};

use crate::memory::{LOOK, project, put};

/// Notes on the scenario with this act in front of the right ones; the act is the first.
fn notes(act: &str) -> Vec<String> {
    let mut project = project();
    put(
        &mut project,
        "scenarios/look.toml",
        &LOOK.replacen("[[act]]", &format!("[[act]]\n{act}\n[[act]]"), 1),
    );
    let scenario = load_scenario(&project, "look").unwrap_or_else(|mistakes| panic!("{mistakes}"));
    lint(&scenario).iter().map(|note| note.to_string().replace("scenarios/look.toml", "look")).collect()
}

#[test]
fn a_right_scenario_has_none() {
    assert_eq!(notes("kind = \"unlink\"\npath = \"${work}/${nonce}\""), Vec::<String>::new());
}

#[test]
fn without_a_nonce() {
    assert_eq!(
        notes("kind = \"unlink\"\npath = \"${work}/x\""),
        ["look:4:8: act 1: no sensor can tell it from another run's, nothing carries `${nonce}`\n  \
          hint: put `${nonce}` in an argument, a name or the content"]
    );
    assert_eq!(
        notes(
            "kind = \"connect\"\naddress = \"${sink}\"\npayload = \"x\"\nvia = [{ name = \"a\", argv = [\"${nonce}\"] }]"
        ),
        ["look:6:11: act 1: `payload` lacks `${nonce}`, by which a witness would know it"]
    );
}

#[test]
fn interest_that_holds_nothing() {
    let read = |interest: &str| {
        notes(&format!(
            "kind = \"read\"\npath = \"/etc/passwd\"\nvia = [{{ name = \"a\", argv = [\"${{nonce}}\"] }}]\ninterest = {interest}"
        ))
    };
    assert_eq!(
        read("{ actions = [], fold = [] }"),
        ["look:7:24: act 1: no interest: only what is always inside is held"]
    );
    assert_eq!(
        read("{ actions = [\"exit\"], fold = [] }"),
        [
            "look:7:24: act 1: too loose: its own `open` lies outside of its interest\n  hint: add \"open\" to `actions`"
        ]
    );
    assert_eq!(
        read("{ actions = [\"open\"] }"),
        [
            "look:5:8: act 1: too loose: \"/etc/passwd\" is of the class `name-service`, under which it is folded away\n  \
          hint: give `fold` without that class"
        ]
    );
}

#[test]
fn a_shell_promises_its_exec_lines_alone() {
    assert_eq!(
        notes(
            "kind = \"shell\"\ncommand = \": ${nonce}\"\ninterest = { scope = \"process\", actions = [\"open\"] }"
        ),
        [
            "look:6:1: act 1: a shell promises only its exec lines, `actions` and `fold` change nothing",
            "look:6:22: act 1: what the shell starts lies outside of scope `process`"
        ]
    );
}

#[test]
fn a_helper_without_effect_a_lone_twin_and_an_idle_file() {
    assert_eq!(
        notes(
            "kind = \"exec\"\nvia = [{ name = \"a\" }, { name = \"b\", argv = [\"${nonce}\"], set_user_id = true }]"
        ),
        ["look:5:24: act 1: `${bin}/b` is set-user-id, but whoever starts it is root already\n  \
          hint: give the act a `user`"]
    );
    assert_eq!(
        notes(
            "kind = \"unlink\"\npath = \"/${nonce}\"\n[[twin]]\nkind = \"rename\"\nfrom = \"/a\"\nto = \"/${nonce}\""
        ),
        ["look:7:8: twin 3: no act is of its kind `rename`, so it is nothing's twin"]
    );
    assert_eq!(
        notes("kind = \"unlink\"\npath = \"/${nonce}\"\n[[file]]\npath = \"${work}/x\"\ncontent = \"\""),
        ["look:7:8: file \"${work}/x\" is set up, but no act names it"]
    );
}
