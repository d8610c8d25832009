//! Overrides: what is otherwise in one setting, line by line.

use std::{fs, path::Path};

use lab_golden::{Blessed, DeriveError, Golden, Setting, bless_override, compare, compose, lint, render};
use lab_model::{Role, SensorKind, Verdict};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{merging::vary, sample, strategy};

fn here() -> Setting {
    Setting {
        environment: "host".into(),
        distribution: "debian-12".into(),
        architecture: "x86_64".into(),
        kernel: "6.18.44-cloud".into(),
        tools: vec![(SensorKind::Strace, "strace -- version 6.1".into())],
    }
}

const BASE: &str = "\
sightline golden 1
scenario a  attack T1059

tree
  exec \"/x\" [\"x\"] uid=0                                          act 1
    open \"/a\" read
    open \"/b\" read
    exit 0

table     probe   strace
  act 1   seen    seen

detections
  none
";

fn folder(overrides: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.golden"), BASE).unwrap();
    for (setting, changes) in overrides {
        let text = format!("sightline override 1\nscenario a  for {setting}\nbecause it is so\n\n{changes}");
        fs::write(folder.path().join(format!("a@{setting}.golden")), text).unwrap();
    }
    folder
}

fn composed(overrides: &[(&str, &str)]) -> Result<String, String> {
    let folder = folder(overrides);
    match compose(folder.path(), "a", &here()) {
        Ok(composed) => Ok(composed.unwrap().golden().unwrap().to_text()),
        Err(error) => Err(error.to_string().replace(&format!("{}/", folder.path().display()), "")),
    }
}

const X: &str = "exec \"/x\" [\"x\"] uid=0";

#[test]
fn what_becomes_of_lines() {
    let changes = format!(
        "tree\n  tree\n    first\n      fork\n        exit 1\n  {X}\n    is exec \"/x\" [\"x\",\"y\"] uid=0  act 1\n  {X} / open \"/a\" read\n    absent\n  \
         {X} / open \"/b\" read\n    is open \"/b\" read-write\n  {X} / open \"/b\" read\n    then\n      open \"/c\" read  not strace\n\n\
         table\n  act 1 / strace\n    is missed\n\ndetections\n  sigma \"t\"\n    is act 1\n"
    );
    let found = composed(&[("linux-6.18", &changes)]).unwrap();
    let wanted = BASE
        .replace("tree\n", "tree\n  fork\n    exit 1\n")
        .replace("[\"x\"] uid=0    ", "[\"x\",\"y\"] uid=0")
        .replace("    open \"/a\" read\n", "")
        .replace(
            "    open \"/b\" read\n",
            &format!("    open \"/b\" read-write\n    open \"/c\" read{:47}not strace\n", ""),
        )
        .replace("seen    seen", "seen    missed")
        .replace("  none", "  sigma \"t\"  act 1");
    assert_eq!(found, wanted);
    assert_eq!(composed(&[("linux-6.1", &changes)]).unwrap(), BASE, "not this kernel");
    let columns = "table\n  strace\n    absent\n";
    assert!(composed(&[("host", columns)]).unwrap().contains("table     probe\n  act 1   seen\n"));
}

#[test]
fn axes_have_an_order_and_ties_are_errors() {
    let is = |flags: &str| format!("tree\n  {X} / open \"/a\" read\n    is open \"/a\" {flags}\n");
    let then = |key: &str| format!("tree\n  {X} / open \"/a\" {key}\n    absent\n");
    // The distribution's change is there when the kernel's is applied, though its name sorts later.
    let found = composed(&[("debian-12", &is("write")), ("linux-6", &then("write"))]).unwrap();
    assert!(!found.contains("\"/a\""), "{found}");
    assert_eq!(
        composed(&[("linux-6", &is("write")), ("debian-12", &then("write"))]).unwrap_err(),
        format!(
            "read a@debian-12.golden:6: no line has the key `{X} / open \"/a\" write`; did you mean `{X} / open \"/a\" read`?"
        )
    );
    assert_eq!(
        composed(&[("linux-6", &is("write")), ("linux-6.18", &then("read"))]).unwrap_err(),
        format!(
            "read a@linux-6.18.golden:6: `{X} / open \"/a\" read` is changed by golden/a@linux-6.golden, too, and \
             neither comes before the other"
        )
    );
    let b = format!("tree\n  {X} / open \"/b\" read\n    absent\n");
    let found = composed(&[("linux-6", &is("write")), ("linux-6.18", &b)]).unwrap();
    assert!(
        found.contains("\"/a\" write") && !found.contains("\"/b\""),
        "two of one axis on different lines"
    );
}

#[track_caller]
fn bad(text: &str, wanted: &str) {
    let folder = folder(&[]);
    fs::write(folder.path().join("a@host.golden"), text).unwrap();
    let error = compose(folder.path(), "a", &here()).unwrap_err().to_string();
    assert_eq!(error, format!("read {}/a@host.golden:{wanted}", folder.path().display()));
}

#[test]
fn bad_input() {
    let with = |changes: &str| format!("sightline override 1\nscenario a  for host\nbecause x\n\n{changes}");
    bad(
        "sightline golden 1\n",
        "1: unknown version in `sightline golden 1`, expected `sightline override 1`",
    );
    bad(
        "sightline override 1\r\n",
        "1: a line that ends in CRLF; goldens end lines with LF (set `*.golden text eol=lf` in .gitattributes)",
    );
    bad(
        "sightline override 1\nscenario a  for host\n\ntree\n",
        "3: expected `because` and the reason, in a line, found an empty line",
    );
    bad(
        "sightline override 1\nscenario a for host\n",
        "2: expected `scenario NAME  for SETTING`, found `scenario a for host`",
    );
    bad(
        "sightline override 1\nscenario a  for kind\nbecause x\n\ntree\n  fork\n    absent\n",
        "2: scenario `a@kind` in a file called `golden/a@host.golden`",
    );
    bad(
        "sightline override 1\nscenario a  for host\nbecause x\n",
        "4: expected an empty line, and what is otherwise, found the end of the file",
    );
    bad(
        &with("tree\n  fork\n    gone\n"),
        "7: expected `absent`, `is` and a line, `then` or `first` and lines below, found `    gone`",
    );
    bad(&with("tree\n  fork\n"), "7: expected what becomes of the line, found the end of the file");
    bad(
        &with("tree\n  fork\n    then\n"),
        "8: expected lines of a tree, six spaces deep, found the end of the file",
    );
    bad(&with("tree\n  fork\n    is opn \"/x\" read\n"), "7: unknown action `opn`; did you mean `open`?");
    bad(&with("table\n  act 1 / strac\n    is seen\n"), "6: unknown sensor `strac`; did you mean `strace`?");
    bad(
        &with("table\n  act 7 / strace\n    is seen\n"),
        "6: no line has the key `act 7 / strace`; did you mean `act 1 / strace`?",
    );
    bad(&with("table\n  act 1 / strace\n    is sen\n"), "7: unknown verdict `sen`; did you mean `seen`?");
    bad(&with("detections\n  sigma \"t\"\n    absent\n"), "6: no line has the key `sigma \"t\"`");
    bad(&with("detections\n  sigma \"t\"\n    is act 2\n"), "7: `act 2` has no row in the table");
    let twice = format!("tree\n  {X}\n    absent\n  {X}\n    absent\n");
    bad(&with(&twice), &format!("8: duplicate change of `{X}`"));
    let below = format!("tree\n  {X}\n    is exit 0\n");
    bad(&with(&below), "7: a line below `exit`; only `exec` and `fork` have lines below them");
}

#[test]
fn a_difference_is_at_the_file_that_says_otherwise() {
    let changes = format!(
        "tree\n  {X} / open \"/b\" read\n    is open \"/b\" write\n\ntable\n  act 1 / strace\n    is missed\n"
    );
    let folder = folder(&[("linux-6.18", &changes)]);
    let composed = compose(folder.path(), "a", &here()).unwrap().unwrap();
    assert_eq!(composed.files, ["golden/a.golden", "golden/a@linux-6.18.golden"]);
    assert!(composed.compare(&composed.golden().unwrap()).unwrap().is_empty());
    let drift = composed.compare(&Golden::parse(BASE, "a").unwrap()).unwrap();
    let found: Vec<_> = drift.differences.iter().map(|d| (d.file.as_deref().unwrap(), d.line)).collect();
    assert_eq!(found, [("golden/a@linux-6.18.golden", 7), ("golden/a@linux-6.18.golden", 10)]);
    let mut run = composed.golden().unwrap();
    run.tree.remove(1);
    let drift = composed.compare(&run).unwrap();
    let found: Vec<_> = drift.differences.iter().map(|d| (d.file.as_deref().unwrap(), d.line)).collect();
    assert_eq!(found, [("golden/a.golden", 6)]);
}

#[test]
fn lint_knows_overrides() {
    let same = format!("tree\n  {X} / exit 0\n    is exit 0\n");
    let folder = folder(&[("linux-6.18", &same)]);
    fs::write(
        folder.path().join("b@kind.golden"),
        fs::read(folder.path().join("a@linux-6.18.golden")).unwrap(),
    )
    .unwrap();
    let found = lint(folder.path(), &["a"]);
    let warnings: Vec<bool> = found.iter().map(|error| error.problem.is_warning()).collect();
    let found: Vec<String> = found
        .iter()
        .map(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
        .collect();
    assert_eq!(
        found,
        [
            "read /a@linux-6.18.golden:1: changes nothing: with it the golden is what it is without it",
            "read /b@kind.golden:2: scenario `a@linux-6.18` in a file called `golden/b@kind.golden`",
        ]
    );
    assert_eq!(warnings, [true, false]);
}

fn bless_here(
    dir: &Path,
    run: &Golden,
    setting: &str,
    because: Option<&str>,
) -> Result<Blessed, DeriveError> {
    bless_override(dir, (run, &sample::judged()), &here(), (setting, because))
}

#[test]
fn blessing_for_a_setting() {
    let folder = folder(&[]);
    let mut run = Golden::parse(BASE, "a").unwrap();
    assert_eq!(bless_here(folder.path(), &run, "linux-6.18", None).unwrap(), Blessed::Unchanged);
    run.tree.remove(2);
    run.table[0].verdicts[1] = Verdict::Missed;
    let failed = |run: &Golden, setting, because| {
        bless_here(folder.path(), run, setting, because).unwrap_err().to_string()
    };
    let error = |setting, because| failed(&run, setting, because);
    assert_eq!(error("linux-6.18", None), "bless a for linux-6.18: a new override needs a reason, in a line");
    assert_eq!(
        error("linux-6.1", Some("x")),
        "bless a for linux-6.1: the run was not made there, expected one of host, debian-12, x86_64, linux-6.18, strace-6.1"
    );
    let Blessed::Written { diff } =
        bless_here(folder.path(), &run, "linux-6.18", Some("no /b\n here")).unwrap()
    else {
        panic!("nothing was written")
    };
    assert!(diff.contains("+because no /b here\n"), "{diff}");
    let path = folder.path().join("a@linux-6.18.golden");
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.ends_with(&format!(
            "\ntree\n  {X} / open \"/b\" read\n    absent\n\ntable\n  act 1 / strace\n    is missed\n"
        )),
        "{text}"
    );
    assert_eq!(bless_here(folder.path(), &run, "linux-6.18", None).unwrap(), Blessed::Unchanged);
    assert_eq!(fs::read_to_string(folder.path().join("a.golden")).unwrap(), BASE, "the golden itself stays");
    assert_eq!(
        error("debian-12", Some("x")),
        "bless a for debian-12: golden/a@linux-6.18.golden holds here, too, and comes later"
    );
    let base = Golden::parse(BASE, "a").unwrap();
    assert!(matches!(bless_here(folder.path(), &base, "linux-6.18", None).unwrap(), Blessed::Written { .. }));
    assert!(!path.exists(), "an override with nothing to say is taken away");
    let other = Golden { attack: vec!["T1003".into()], ..run.clone() };
    assert_eq!(
        failed(&other, "host", Some("x")),
        "bless a for host: `attack` differs, of which no override can speak"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn with_its_override_a_golden_is_the_run(
        judged in strategy::judged(),
        changes in prop::collection::vec((any::<u8>(), 0..40usize), 0..6),
        more in prop::collection::vec((any::<u8>(), 0..40usize), 0..4),
    ) {
        let mut base = render(&judged);
        base.detections.retain(|hit| hit.acts.iter().all(|act| act.role == Role::Act));
        let vary = |golden: &Golden, changes: &[(u8, usize)]| {
            changes.iter().fold(golden.clone(), |golden, (kind, at)| vary(&golden, *kind, *at))
        };
        let (run, later) = (vary(&base, &changes), vary(&base, &more));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{}.golden", base.scenario)), base.to_text()).unwrap();
        for run in [&run, &later] {
            let before = compose(folder.path(), &base.scenario, &here()).unwrap().unwrap();
            let settled = before.compare(run).unwrap().new_text;
            let blessed = bless_here(folder.path(), run, "linux-6.18", Some("x"));
            prop_assert!(blessed.is_ok(), "{}\n{}\n{}", blessed.unwrap_err(), base.to_text(), run.to_text());
            let composed = compose(folder.path(), &base.scenario, &here()).unwrap().unwrap();
            prop_assert_eq!(composed.golden().unwrap().to_text(), settled);
            prop_assert!(composed.compare(run).unwrap().is_empty() && compare(Some(&composed.golden().unwrap()), run).is_empty());
        }
    }
}
