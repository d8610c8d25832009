//! What is accepted, what never is, and what happens to the file.

use lab_golden::{BlessError, Blessed, Detection, Golden, NeverBlessed, Tally, bless, bless_many, render};
use lab_model::{Hit, Judged, Origin, Verdict};

use crate::sample::judged;

fn refusal(change: impl FnOnce(&mut Judged)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell-spawn.golden");
    let mut judged = judged();
    change(&mut judged);
    let error = bless(&path, &render(&judged), &judged).expect_err("it was blessed");
    assert!(matches!(error, BlessError::Never { .. }));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
    error.to_string()
}

#[test]
fn a_good_run_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden/shell-spawn.golden");
    let mut judged = judged();
    let golden = render(&judged);
    let Blessed::Written { diff } = bless(&path, &golden, &judged).unwrap() else {
        panic!("nothing written")
    };
    assert!(diff.starts_with("--- /dev/null\n"), "{diff}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), golden.to_text());
    let before = std::fs::metadata(&path).unwrap();
    assert_eq!(bless(&path, &golden, &judged).unwrap(), Blessed::Unchanged);
    let after = std::fs::metadata(&path).unwrap();
    let inode = |meta: &std::fs::Metadata| std::os::unix::fs::MetadataExt::ino(meta);
    assert_eq!((inode(&before), before.modified().unwrap()), (inode(&after), after.modified().unwrap()));
    judged.tree.pop();
    let Blessed::Written { diff } = bless(&path, &render(&judged), &judged).unwrap() else {
        panic!("nothing written")
    };
    assert!(diff.contains("\n-  fork\n"), "{diff}");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn what_is_observed_is_blessed_without_proof_and_never_as_proven() {
    let folder = tempfile::tempdir().unwrap();
    let mut judged = judged();
    judged.head.attack.clear();
    judged.proofs.clear();
    judged.acts.iter_mut().for_each(|act| act.origin = Origin::Observed);
    let golden = render(&judged);
    assert!(golden.is_observed());
    let path = folder.path().join("shell-spawn.golden");
    assert!(matches!(bless(&path, &golden, &judged), Ok(Blessed::Written { .. })));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("sightline golden 1\nobserved shell-spawn\n") && !text.contains("proven"),
        "{text}"
    );
    // One act that is performed needs its proof all the same.
    judged.acts[0].origin = Origin::Performed;
    assert!(bless(&path, &golden, &judged).unwrap_err().to_string().contains("unproven"));
}

#[test]
fn what_was_measured_stays_until_it_is_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell-spawn.golden");
    let (judged, mut other) = (judged(), judged());
    other.tree.pop();
    let mut tally = Tally::default();
    [&judged, &judged, &other].into_iter().for_each(|run| tally.add(render(run)));
    let merged = tally.merge().unwrap();
    assert!(matches!(bless_many(&path, &merged, Vec::new()), Ok(Blessed::Written { .. })));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("unstable 2/3"), "{text}");
    for run in [&judged, &other] {
        assert_eq!(bless(&path, &render(run), run).unwrap(), Blessed::Unchanged);
    }
    bless_many(&path, &render(&judged), Vec::new()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), render(&judged).to_text());
    let reasons = vec![NeverBlessed::Doubt("a loss".into())];
    let error = bless_many(&path, &merged, reasons).unwrap_err().to_string();
    assert_eq!(error, "bless shell-spawn: the record is in doubt: a loss");
}

#[test]
fn a_golden_that_cannot_be_read_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell-spawn.golden");
    std::fs::write(&path, b"<<<<<<< HEAD\n\xff\n").unwrap();
    assert!(matches!(bless(&path, &render(&judged()), &judged()), Ok(Blessed::Written { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), render(&judged()).to_text());
}

#[test]
fn an_unproven_act() {
    let found = refusal(|judged| {
        judged.proofs[1].proven = false;
        judged.proofs[1].missing = vec!["no witness of family outside".into()];
    });
    assert_eq!(found, "bless shell-spawn: act 2 is unproven in pass 1 (no witness of family outside)");
}

#[test]
fn an_act_without_proof() {
    let found = refusal(|judged| _ = judged.proofs.pop());
    assert_eq!(found, "bless shell-spawn: twin 3 is unproven (nobody looked for its witnesses)");
}

#[test]
fn bad_verdicts_all_at_once() {
    let found = refusal(|judged| {
        judged.verdicts[0].verdict = Verdict::Missed;
        judged.verdicts[2].verdict = Verdict::Wrong;
        judged.verdicts[2].reasons = vec!["uid differs".into()];
        judged.verdicts[5].verdict = Verdict::Lost;
    });
    assert_eq!(
        found,
        "bless shell-spawn: probe missed act 1 (no reason given); probe wrong act 2 (uid differs); strace lost twin 3 (no reason given)"
    );
}

#[test]
fn what_another_sensor_misses_is_blessed() {
    let folder = tempfile::tempdir().unwrap();
    let mut judged = judged();
    (judged.verdicts[1].verdict, judged.verdicts[3].verdict) = (Verdict::Missed, Verdict::Wrong);
    let path = folder.path().join("shell-spawn.golden");
    assert!(matches!(bless(&path, &render(&judged), &judged), Ok(Blessed::Written { .. })));
}

#[test]
fn doubts_and_troubles() {
    let found = refusal(|judged| {
        judged.doubts = vec!["the probe lost 3 events in act 1's interval".into()];
        judged.troubles = vec!["settle: timed out".into()];
    });
    assert_eq!(
        found,
        "bless shell-spawn: the record is in doubt: the probe lost 3 events in act 1's interval; a step failed: settle: timed out"
    );
}

#[test]
fn a_detection_on_a_twin() {
    let folder = tempfile::tempdir().unwrap();
    let judged = judged();
    let mut golden = render(&judged);
    let (act, twin) = (golden.table[0].act, golden.table[2].act);
    golden.detections = vec![Detection {
        source: "sigma".into(),
        title: "\"a shell\"".into(),
        acts: [act, twin].into(),
        unstable: None,
    }];
    let error = bless(&folder.path().join("x.golden"), &golden, &judged).unwrap_err();
    assert_eq!(error.to_string(), "bless shell-spawn: sigma \"a shell\" fired on twin 3, a benign twin");
}

#[test]
fn detections_stand_in_the_golden_by_title() {
    let folder = tempfile::tempdir().unwrap();
    let mut judged = judged();
    let hit = |act| Hit { pass: 1, act: Some(act), instance: "probe@host".into(), events: Vec::new() };
    let detection = |title: &str, acts: &[u32]| lab_model::Detection {
        source: "sigma".into(),
        rule: title.into(),
        title: title.into(),
        tags: Vec::new(),
        hits: acts.iter().copied().map(hit).collect(),
    };
    judged.detections = vec![detection("b\u{1b}", &[2, 1, 2]), detection("a", &[])];
    let golden = render(&judged);
    let text = golden.to_text();
    assert!(text.ends_with("detections\n  sigma \"a\"\n  sigma \"b\\u001b\"  act 1, act 2\n"), "{text}");
    assert_eq!(Golden::parse(&text, "x.golden").unwrap(), golden);
    assert!(bless(&folder.path().join("x.golden"), &golden, &judged).is_ok());
    judged.detections = vec![detection("a", &[1, 3])];
    let error = bless(&folder.path().join("x.golden"), &render(&judged), &judged).unwrap_err();
    assert_eq!(error.to_string(), "bless shell-spawn: sigma \"a\" fired on twin 3, a benign twin");
}

#[test]
fn another_scenarios_golden() {
    let folder = tempfile::tempdir().unwrap();
    let mut golden = render(&judged());
    golden.scenario = "other".into();
    let error = bless(&folder.path().join("x.golden"), &golden, &judged()).unwrap_err();
    assert_eq!(error.to_string(), "bless shell-spawn: the golden is of scenario `other`");
}

#[test]
fn a_folder_that_cannot_be_written_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let blocker = folder.path().join("golden");
    std::fs::write(&blocker, "a file, not a folder").unwrap();
    let path = blocker.join("shell-spawn.golden");
    let error = bless(&path, &render(&judged()), &judged()).unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
}
