//! The terminal report, whole.

use lab_model::{Family, LossCause, RunOutcome, Verdict};
use lab_report::{Comparison, Style, terminal};

use crate::samples::{judged, kill, lose, record, report};

#[test]
fn pass() {
    let (record, judged) = (record(), judged());
    let text = terminal(&report(&record, &judged, Comparison::Same, RunOutcome::Pass), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02 03:04:05 UTC
bundle   runs/20300102-030405-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   seen
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  golden: as blessed

loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

pass (exit code 0)
next cargo xtask verify 20300102-030405-host-7f3a --head 5ca1ab1e  # that nobody changed the bundle
"#
    );
}

#[test]
fn drift() {
    let (record, mut judged) = (record(), judged());
    judged.verdicts[1].verdict = Verdict::Missed;
    judged.verdicts[1].reasons =
        vec!["no open of \"/etc/shadow\" in pass 2".into(), "nothing was lost".into()];
    let diff = "--- golden\n+++ run\n@@ -5,2 +5,2 @@\n tree\n-  open \"/etc/shadow\" read   act 1\n+  open \"/etc/shadow\" read   act 1   not strace\n";
    let golden = Comparison::Drift { diff: diff.into() };
    let text = terminal(&report(&record, &judged, golden, RunOutcome::Drift), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02 03:04:05 UTC
bundle   runs/20300102-030405-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   missed
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  act 1 strace missed: no open of "/etc/shadow" in pass 2; nothing was lost
  golden: drift, 1 removed, 1 added
    --- golden
    +++ run
    @@ -5,2 +5,2 @@
     tree
    -  open "/etc/shadow" read   act 1
    +  open "/etc/shadow" read   act 1   not strace

loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

drift (exit code 1)
next cargo xtask explain 20300102-030405-host-7f3a sensitive-read/1 strace  # why this verdict
     cargo xtask golden bless host sensitive-read                           # accept the difference
     cargo xtask verify 20300102-030405-host-7f3a --head 5ca1ab1e           # that nobody changed the bundle
"#
    );
}

#[test]
fn no_golden_yet() {
    let (record, judged) = (record(), judged());
    let golden =
        Comparison::Missing { would_bless: "sightline golden 1\nscenario sensitive-read\n\ntree\n".into() };
    let text = terminal(&report(&record, &judged, golden, RunOutcome::Drift), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02 03:04:05 UTC
bundle   runs/20300102-030405-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   seen
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  golden: none yet; this run would be blessed as
    sightline golden 1
    scenario sensitive-read

    tree

loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

drift (exit code 1)
next cargo xtask golden bless host sensitive-read                  # accept it as golden
     cargo xtask verify 20300102-030405-host-7f3a --head 5ca1ab1e  # that nobody changed the bundle
"#
    );
}

#[test]
fn inconclusive() {
    let (mut record, mut judged) = (record(), judged());
    kill(&mut record.passes[0].instances[0]);
    lose(&mut record.passes[1].instances[0], LossCause::Unreadable, 0);
    judged.verdicts[0].verdict = Verdict::Lost;
    judged.verdicts[0].reasons = vec!["the sensor was killed: its loss has no bound".into()];
    judged.proofs[3].proven = false;
    judged.proofs[3].families = vec![Family::Receipt];
    judged.proofs[3].missing = vec!["no access time changed".into()];
    judged.doubts = vec!["a closed interval was touched by loss".into()];
    let golden = Comparison::Not { reason: "a lost act is never blessed".into() };
    let text = terminal(&report(&record, &judged, golden, RunOutcome::Inconclusive), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02 03:04:05 UTC
bundle   runs/20300102-030405-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                                            probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel                            lost   seen
  twin 2  read  "/etc/hostname"  1: receipt outside kernel; 2: unproven (receipt)  seen   seen
  twin 2 in pass 2: unproven: no access time changed
  act 1 probe lost: the sensor was killed: its loss has no bound
  doubt: a closed interval was touched by loss
  golden: not compared: a lost act is never blessed

loss
                  pass  instance     produced  received  filtered  in flight       lost
  sensitive-read     1  probe@host          ?         ?         ?          ?  unbounded
                     2  strace@host        96        96         0          0          0
  sensitive-read pass 1 probe@host: ended early: killed by signal 9
  sensitive-read pass 1 probe@host: the end marker was never seen

inconclusive (exit code 3)
next cargo xtask explain 20300102-030405-host-7f3a sensitive-read/2 probe  # why this verdict
     cargo xtask explain 20300102-030405-host-7f3a sensitive-read/1 probe  # why this verdict
     cargo xtask verify 20300102-030405-host-7f3a --head 5ca1ab1e          # that nobody changed the bundle
"#
    );
}

#[test]
fn trouble_names_the_stage() {
    let (mut record, judged) = (record(), judged());
    record.passes[1].stages[2].error = Some("cannot remove the cgroup: busy".into());
    let golden = Comparison::Not { reason: "the run had trouble".into() };
    let mut report = report(&record, &judged, golden, RunOutcome::Trouble);
    report.troubles = vec!["disk full".into()];
    report.chain_head = None;
    let text = terminal(&report, Style::default());
    for line in [
        "head     none: the bundle was never sealed",
        "  trouble: cleanup failed in pass 2: cannot remove the cgroup: busy",
        "trouble: disk full",
        "trouble (exit code 2)",
        "next cargo xtask doctor    # what this machine lacks, and the remedy",
        "     cargo xtask lab down  # remove what the run left",
    ] {
        assert!(text.lines().any(|l| l == line), "no line {line:?} in:\n{text}");
    }
    assert!(!text.contains("--head"), "there is no head to verify against:\n{text}");
}

#[test]
fn a_trouble_is_told_once() {
    let (mut record, mut judged) = (record(), judged());
    record.passes[0].stages[0].error = Some("no BTF".into());
    judged.troubles = vec!["attach failed in pass 1: no BTF".into()];
    let golden = Comparison::Not { reason: "nothing ran".into() };
    let text = terminal(&report(&record, &judged, golden, RunOutcome::Trouble), Style::default());
    assert_eq!(text.matches("no BTF").count(), 1, "{text}");
}

#[test]
fn loss_and_imbalance_are_named() {
    let (mut record, judged) = (record(), judged());
    lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    let balance =
        record.passes[1].instances[0].counters.as_mut().unwrap().programs.get_mut("file_open").unwrap();
    balance.produced += 1;
    let text =
        terminal(&report(&record, &judged, Comparison::Same, RunOutcome::Inconclusive), Style::default());
    assert!(text.contains(" probe@host: lost: reserve-failed 7\n"), "{text}");
    assert!(text.contains("strace@host: unbalanced: file_open produced 97, accounted for 96\n"), "{text}");
}

#[test]
fn interrupted_is_its_own_ending() {
    let (record, judged) = (record(), judged());
    let mut report = report(&record, &judged, Comparison::Same, RunOutcome::Trouble);
    report.interrupted = true;
    assert!(terminal(&report, Style::default()).contains("\ninterrupted (exit code 130)\n"));
}

#[test]
fn without_colour_is_with_colour_stripped() {
    let (mut record, mut judged) = (record(), judged());
    kill(&mut record.passes[0].instances[0]);
    judged.verdicts[0].verdict = Verdict::Lost;
    judged.doubts = vec!["doubt".into()];
    let golden = Comparison::Drift { diff: "--- a\n+++ b\n@@ @@\n-x\n+y\n".into() };
    let report = report(&record, &judged, golden, RunOutcome::Drift);
    for width in [None, Some(40), Some(80)] {
        let colored = terminal(&report, Style { color: true, width });
        assert!(colored.contains("\x1b["));
        assert_eq!(strip(&colored), terminal(&report, Style { color: false, width }));
    }
}

#[test]
fn tables_keep_to_the_width() {
    let (record, mut judged) = (record(), judged());
    judged.acts[0].kind =
        lab_model::ActKind::Shell { command: "printf '%s' aaa bbb ccc | tee /tmp/a/long/path".into() };
    let report = report(&record, &judged, Comparison::Same, RunOutcome::Pass);
    for width in [50, 60, 80] {
        let text = terminal(&report, Style { color: false, width: Some(width) });
        let tables = text
            .lines()
            .skip_while(|line| !line.contains("proven"))
            .take_while(|line| !line.contains("golden"));
        for line in tables {
            assert!(line.chars().count() <= usize::from(width), "{width}: {line:?}");
        }
    }
}

/// `text` without SGR sequences.
fn strip(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').expect("each sequence ends with m").1);
    }
    out
}
