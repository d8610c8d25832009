//! What a scenario leaves free: `unordered`, `optional`, `at-most N`.

use lab_golden::{Blessed, Golden, bless, compare, render};
use lab_model::{Freedom, Judged};

use crate::sample;

fn golden(tree: &str) -> Golden {
    let allowed =
        "allow at-most 3 \"/m\"  act 1\nallow optional \"/o\"  act 1\nallow unordered \"/u\"  act 1";
    let text = format!(
        "sightline golden 1\nscenario a  attack T1059\n{allowed}\n\ntree\n  exec \"/x\" [\"x\"] uid=0{:42}act 1\n{tree}    exit 0\n\ntable     probe   strace\n  act 1   seen    seen\n\ndetections\n  none\n",
        ""
    );
    Golden::parse(&text, "a.golden").unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn line(text: &str, mark: &str) -> String {
    if mark.is_empty() { format!("    {text}\n") } else { format!("{:65}{mark}\n", format!("    {text}")) }
}

fn a() -> String {
    line("open \"/a\" read", "")
}

fn o() -> String {
    line("open \"/o\" read", "optional")
}

fn u() -> String {
    line("open \"/u\" read", "unordered")
}

fn m() -> String {
    line("open \"/m\" read", "at-most 3")
}

#[track_caller]
fn check(run: &str, differences: &[&str], tolerated: &[&str]) {
    let blessed = golden(&[a(), o(), u(), m()].concat());
    let drift = compare(Some(&blessed), &golden(run));
    let found: Vec<String> = drift.differences.iter().map(ToString::to_string).collect();
    assert_eq!(found, differences);
    assert_eq!(drift.is_empty(), differences.is_empty(), "{}", drift.text_diff());
    let found: Vec<String> = drift.tolerated.iter().map(ToString::to_string).collect();
    assert_eq!(found.iter().filter(|told| !told.contains(": there: ")).collect::<Vec<_>>(), tolerated);
}

const ABOVE: &str = "exec \"/x\" [\"x\"] uid=0";

#[test]
fn what_is_free_is_no_drift() {
    check(&[a(), o(), u(), m()].concat(), &[], &[]);
    let absent = format!("optional: absent: {ABOVE} / open \"/o\" read");
    check(&[a(), u(), m()].concat(), &[], &[&absent]);
    check(&[u(), a(), o(), m()].concat(), &[], &[]);
    check(&[m(), a(), o(), u()].concat(), &[], &[]);
    check(&[a(), o(), u()].concat(), &[], &[&format!("at-most 3: absent: {ABOVE} / open \"/m\" read")]);
}

#[test]
fn what_is_not_free_stays_strict() {
    // An optional line has a place, an unordered one has to be there, and neither may be more than it is.
    check(&[o(), a(), u(), m()].concat(), &["moved: open \"/a\" read  [act 1 T1059]"], &[]);
    check(&[a(), o(), m()].concat(), &["missing: open \"/u\" read  unordered  [act 1 T1059]"], &[]);
    check(&[a(), o(), u(), u(), m()].concat(), &["extra: open \"/u\" read  unordered  [act 1 T1059]"], &[]);
    check(&[a(), o(), u(), m(), m()].concat(), &["extra: open \"/m\" read  at-most 3  [act 1 T1059]"], &[]);
    let other = line("open \"/o\" read close-on-exec", "optional");
    let absent = format!("optional: absent: {ABOVE} / open \"/o\" read");
    check(
        &[a(), other, u(), m()].concat(),
        &["extra: open \"/o\" read close-on-exec  optional  [act 1 T1059]"],
        &[&absent],
    );
}

#[test]
fn a_scenario_that_frees_more_or_less_is_drift() {
    let blessed = golden(&[a(), o()].concat());
    let mut run = blessed.clone();
    run.allowed.remove(1);
    run.tree[2].marks = lab_golden::Marks::default();
    let found: Vec<_> =
        compare(Some(&blessed), &run).differences.iter().map(|d| (d.line, d.to_string())).collect();
    assert_eq!(
        found,
        [
            (4, "missing: optional \"/o\"  [act 1 T1059]".to_owned()),
            (
                10,
                "changed (optional): open \"/o\" read  optional => open \"/o\" read  [act 1 T1059]"
                    .to_owned()
            ),
        ]
    );
    // Also where the line itself is absent: what is said no more is not tolerated in silence.
    run.tree.remove(2);
    assert!(!compare(Some(&blessed), &run).is_empty());
    let found: Vec<_> = compare(Some(&run), &blessed).differences.iter().map(ToString::to_string).collect();
    assert!(found.contains(&"extra: optional \"/o\"  [act 1 T1059]".to_owned()), "{found:?}");
}

/// The sample with something free, and whether the free fact is there.
fn judged(there: bool) -> Judged {
    let mut judged = sample::judged();
    let optional = Freedom { optional: true, ..Freedom::default() };
    judged.acts[0].interest.free.insert("/etc/passwd".into(), optional);
    judged.acts[1].interest.free.insert("/etc/passwd".into(), optional);
    let node = &mut judged.tree[0].children[0].children;
    let at =
        node.iter().position(|node| node.fact.payload.texts().iter().any(|t| t.contains("passwd"))).unwrap();
    node[at].fact.free = optional;
    if !there {
        node.remove(at);
    }
    judged
}

#[test]
fn a_run_says_what_is_free_and_bless_keeps_what_may_be_absent() {
    let (there, absent) = (render(&judged(true)), render(&judged(false)));
    let text = there.to_text();
    assert!(text.contains("\nallow optional \"/etc/passwd\"  act 1, act 2\n\ntree\n"), "{text}");
    assert!(text.contains("not strace, optional\n"), "{text}");
    assert_eq!(Golden::parse(&text, "x").unwrap(), there);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell-spawn.golden");
    assert!(matches!(bless(&path, &there, &judged(true)).unwrap(), Blessed::Written { .. }));
    assert_eq!(bless(&path, &absent, &judged(false)).unwrap(), Blessed::Unchanged);
}
