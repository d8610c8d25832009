//! What a comparison says, in which words, and of which line.

use lab_golden::{Golden, compare, render};
use lab_model::{FactNode, Judged, Outcome, Payload, Verdict};
use thin_vec::ThinVec;

use crate::sample::{self, judged};

/// The differences between the sample and what `change` makes of it, as `LINE TEXT`.
fn differences(change: impl FnOnce(&mut Judged)) -> Vec<String> {
    let golden = render(&judged());
    let mut other = judged();
    change(&mut other);
    let drift = compare(Some(&golden), &render(&other));
    assert!(!drift.is_empty());
    drift.differences.iter().map(|difference| format!("{} {difference}", difference.line)).collect()
}

fn fork(judged: &mut Judged) -> &mut ThinVec<FactNode> {
    &mut judged.tree[1].children
}

#[test]
fn the_sample_is_rendered_as_the_design_shows() {
    let text = render(&judged()).to_text();
    let expected = r#"sightline golden 1
scenario shell-spawn  attack T1059.004

tree
  exec "/bin/sh" ["sh","-c","id"] uid=1000                       act 1
    exec "/usr/bin/id" ["id"] uid=1000                           act 2
      opens loader
      open "/etc/passwd" read close-on-exec                      not strace
      exit 0
    exit 0
  fork
    setid setresuid(65534, -, 65534) uid=65534 gid=0
    connect <sink>                                               twin 3
    bind 127.0.0.1:0
    accept 127.0.0.1:<port>
    unlink "<work>/x" -> ENOENT
    open "<work>/a\u001b[31m" write create
    open "<work>/a" write create
    exit 0

table     probe   strace
  act 1   seen    seen
  act 2   seen    seen
  twin 3  seen    seen

detections
  none
"#;
    assert_eq!(text, expected);
    assert_eq!(Golden::parse(&text, "x").unwrap(), render(&judged()));
}

#[test]
fn an_errno_changed() {
    let found = differences(|judged| {
        let Payload::Unlink(unlink) = &mut fork(judged)[4].fact.payload else { panic!() };
        unlink.result = Outcome::from_ret(-13);
    });
    assert_eq!(
        found,
        [
            r#"16 changed (result): unlink "<work>/x" -> ENOENT => unlink "<work>/x" -> EACCES  [twin 3 T1059.004]"#
        ]
    );
}

#[test]
fn one_more_open() {
    let found = differences(|judged| {
        fork(judged).insert(5, sample::open("/etc/hostname", 0, Outcome::Ok(0)));
    });
    assert_eq!(found, [r#"16 extra: open "/etc/hostname" read  [twin 3 T1059.004]"#]);
}

#[test]
fn an_act_dropped() {
    let found = differences(|judged| {
        judged.tree[0].children.remove(0);
        judged.acts.remove(1);
        judged.verdicts.retain(|row| row.act != 2);
    });
    assert_eq!(
        found,
        [
            r#"6 missing: exec "/usr/bin/id" ["id"] uid=1000  act 2  [act 2 T1059.004]"#,
            "7 missing: opens loader  [act 2 T1059.004]",
            r#"8 missing: open "/etc/passwd" read close-on-exec  not strace  [act 2 T1059.004]"#,
            "9 missing: exit 0  [act 2 T1059.004]",
            "23 missing: act 2  [act 2 T1059.004]",
        ]
    );
}

#[test]
fn siblings_reordered() {
    let found = differences(|judged| fork(judged).swap(1, 4));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|text| text.contains(" moved: ")), "{found:?}");
}

#[test]
fn one_of_several_forks_gone() {
    let golden = {
        let mut judged = judged();
        for n in 0..4 {
            let mut other = judged.tree[1].clone();
            other.children = [sample::open(&format!("/f{n}"), 0, Outcome::Ok(0))].into();
            judged.tree.push(other);
        }
        judged
    };
    let mut run = golden.clone();
    run.tree.remove(2);
    let drift = compare(Some(&render(&golden)), &render(&run));
    let found: Vec<String> = drift.differences.iter().map(|difference| difference.kind.to_string()).collect();
    assert_eq!(found, ["missing", "missing"], "{:#?}", drift.differences);
    assert_eq!(drift.differences[1].key.to_string(), r#"fork #2 / open "/f0" read"#);
}

#[test]
fn a_line_below_another_parent() {
    let found = differences(|judged| {
        let line = fork(judged).remove(5);
        judged.tree[0].children.push(line);
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("17 moved: fork / open "), "{found:?}");
}

#[test]
fn a_sensor_that_sees_less_or_more() {
    let found = differences(|judged| {
        judged.tree[0].children[0].children[1].fact.unseen_by.clear();
        fork(judged)[1].fact.unseen_by.push("strace@host".into());
        judged.verdicts[5].verdict = Verdict::Missed;
    });
    assert_eq!(
        found,
        [
            r#"8 seen by more sensors: open "/etc/passwd" read close-on-exec  not strace => open "/etc/passwd" read close-on-exec  [act 2 T1059.004]"#,
            "13 seen by fewer sensors: connect <sink>  twin 3 => connect <sink>  twin 3, not strace  [twin 3 T1059.004]",
            "24 changed (strace): seen => missed  [twin 3 T1059.004]",
        ]
    );
}

#[test]
fn no_golden_yet() {
    let run = render(&judged());
    let drift = compare(None, &run);
    assert!(drift.new && !drift.is_empty());
    assert!(drift.text_diff().starts_with("--- /dev/null\n+++ this run\n@@ "));
    assert_eq!(
        drift.text_diff().lines().filter(|line| line.starts_with('+')).count(),
        run.to_text().lines().count() + 1
    );
}

#[test]
fn the_text_diff_names_the_file() {
    let (golden, mut other) = (render(&judged()), judged());
    fork(&mut other).pop();
    let diff = compare(Some(&golden), &render(&other)).text_diff();
    assert!(diff.starts_with("--- golden/shell-spawn.golden\n+++ this run\n@@ -16,7 +16,6 @@"), "{diff}");
}

/// A tree as deep as issue 4 wants them neither overflows the stack nor takes long.
#[test]
fn a_deep_golden_is_read_and_compared() {
    let lines: Vec<String> = (0..5000).map(|depth| format!("{:1$}fork", "", 2 * (depth + 1))).collect();
    let text = |lines: &[String]| {
        let tree = lines.join("\n");
        format!(
            "sightline golden 1\nscenario deep  attack T1059\n\ntree\n{tree}\n\ntable\n  none\n\ndetections\n  none\n"
        )
    };
    let golden = Golden::parse(&text(&lines), "deep.golden").unwrap();
    let run = Golden::parse(&text(&lines[..4999]), "deep.golden").unwrap();
    let drift = compare(Some(&golden), &run);
    assert_eq!(drift.differences.len(), 1);
    assert_eq!(drift.differences[0].line, 5004);
}
