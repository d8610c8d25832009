//! The terminal report, whole.

use lab_model::{ActKind, Detection, Family, Hit, LossCause, RunOutcome, Verdict};
use lab_report::{Style, terminal};

use crate::samples::{Sample, judged, kill, lose, record, same};

#[test]
fn pass() {
    let text = terminal(&same().report(RunOutcome::Pass), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02T03:04:05Z
bundle   runs/20300102T030405Z-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   seen
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  golden: as blessed  2 of 2 lines strict, 0 events

loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

pass (exit code 0)
next cargo xtask verify 20300102T030405Z-host-7f3a --head 5ca1ab1e  # that nobody changed the bundle
"#
    );
}

fn drifted() -> Sample {
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    now.verdicts[1].reasons = vec!["no open of \"/etc/shadow\" in pass 2".into(), "nothing was lost".into()];
    now.tree[0].fact.sightings.truncate(1);
    now.tree[0].fact.unseen_by = ["strace@host".into()].into();
    Sample::new(record(), now, Some(&judged()))
}

#[test]
fn drift() {
    let sample = drifted();
    let drift = &sample.report(RunOutcome::Drift).scenarios[0].drift;
    let differences: String = drift.differences.iter().map(|d| format!("{d}\n")).collect();
    let count = drift.differences.len();
    let golden = indented(&(differences + &drift.text_diff()));
    let text = terminal(&sample.report(RunOutcome::Drift), Style::default());
    assert_eq!(
        text,
        format!(
            r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02T03:04:05Z
bundle   runs/20300102T030405Z-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   missed
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  act 1 strace missed: no open of "/etc/shadow" in pass 2; nothing was lost
  golden: drift from golden/sensitive-read.golden: {count} differences  2 of 2 lines strict, 0 events
{golden}
loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

drift (exit code 1)
next cargo xtask explain 20300102T030405Z-host-7f3a sensitive-read/1 strace  # why this verdict
     cargo xtask golden bless host sensitive-read --run 20300102T030405Z-host-7f3a  # accept the difference
     cargo xtask verify 20300102T030405Z-host-7f3a --head 5ca1ab1e           # that nobody changed the bundle
"#
        )
    );
}

#[test]
fn no_golden_yet() {
    let sample = Sample::new(record(), judged(), None);
    let golden = indented(&sample.report(RunOutcome::Drift).scenarios[0].golden.to_text());
    let text = terminal(&sample.report(RunOutcome::Drift), Style::default());
    assert_eq!(
        text,
        format!(
            r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02T03:04:05Z
bundle   runs/20300102T030405Z-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                  probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel  seen   seen
  twin 2  read  "/etc/hostname"  receipt outside kernel  seen   seen
  golden: none yet; this run would be blessed as  2 of 2 lines strict, 0 events
{golden}
loss
                  pass  instance     produced  received  filtered  in flight  lost
  sensitive-read     1  probe@host       1812        96      1716          0     0
                     2  strace@host        96        96         0          0     0

drift (exit code 1)
next cargo xtask golden bless host sensitive-read --run 20300102T030405Z-host-7f3a  # accept it as golden
     cargo xtask verify 20300102T030405Z-host-7f3a --head 5ca1ab1e  # that nobody changed the bundle
"#
        )
    );
}

/// The probe killed, and one witness too few.
fn lost() -> Sample {
    let (mut record, mut now) = (record(), judged());
    kill(&mut record.passes[0].instances[0]);
    now.verdicts[0].verdict = Verdict::Lost;
    now.verdicts[0].reasons = vec!["the sensor was killed: its loss has no bound".into()];
    now.proofs[3].proven = false;
    now.proofs[3].families = vec![Family::Receipt];
    now.proofs[3].missing = vec!["no access time changed".into()];
    now.doubts = vec!["pass 1: probe@host ended early: killed by signal 9".into()];
    Sample::new(record, now, None)
}

#[test]
fn inconclusive() {
    let text = terminal(&lost().report(RunOutcome::Inconclusive), Style::default());
    assert_eq!(
        text,
        r#"profile  host
kernel   6.1.0-30-amd64
began    2030-01-02T03:04:05Z
bundle   runs/20300102T030405Z-host-7f3a
head     5ca1ab1e

sensitive-read  Read the shadow password file  T1003.008
          kind  what             proven                                            probe  strace
  act 1   read  "/etc/shadow"    receipt outside kernel                            lost   seen
  twin 2  read  "/etc/hostname"  1: receipt outside kernel; 2: unproven (receipt)  seen   seen
  twin 2 in pass 2: unproven: no access time changed
  act 1 probe lost: the sensor was killed: its loss has no bound
  doubt: pass 1: probe@host ended early: killed by signal 9
  golden: none yet, and this run is none to bless

loss
                  pass  instance     produced  received  filtered  in flight       lost
  sensitive-read     1  probe@host          ?         ?         ?          ?  unbounded
                     2  strace@host        96        96         0          0          0

inconclusive (exit code 3)
next cargo xtask explain 20300102T030405Z-host-7f3a sensitive-read/2 probe  # why this verdict
     cargo xtask explain 20300102T030405Z-host-7f3a sensitive-read/1 probe  # why this verdict
     cargo xtask verify 20300102T030405Z-host-7f3a --head 5ca1ab1e          # that nobody changed the bundle
"#
    );
}

#[test]
fn what_is_never_blessed_is_not_shown_as_golden_nor_is_blessing_proposed() {
    let mut sample = drifted();
    sample.judged.verdicts[0].verdict = Verdict::Missed;
    for sample in [sample, lost()] {
        let text = terminal(&sample.report(RunOutcome::Inconclusive), Style::default());
        assert!(!text.contains("golden bless") && !text.contains("sightline golden 1"), "{text}");
    }
    let text = terminal(&drifted().report(RunOutcome::Drift), Style::default());
    assert!(text.contains("golden bless"), "strace may miss, if somebody accepts it:\n{text}");
}

#[test]
fn trouble_names_the_stage() {
    let (mut record, mut now) = (record(), judged());
    record.passes[1].stages[2].error = Some("remove the cgroup: busy".into());
    now.troubles = vec!["pass 2: cleanup: failed to remove the cgroup: busy".into()];
    let mut stages = record.passes[0].stages.clone();
    stages[0].error = Some("load the probe: no BTF".into());
    let sample = Sample::new(record, now, Some(&judged()));
    let mut report = sample.report(RunOutcome::Trouble);
    report.stages = &stages;
    report.troubles = vec!["disk full".into()];
    report.chain_head = None;
    let text = terminal(&report, Style::default());
    for line in [
        "head     none: the bundle was never sealed",
        "  trouble: pass 2: cleanup: failed to remove the cgroup: busy",
        "trouble: attach: failed to load the probe: no BTF",
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
fn what_a_machine_said_last_comes_before_anything_of_this_one() {
    let (record, mut now) = (record(), judged());
    now.troubles = vec!["vm: failed to come to its end: the kernel panicked: crash".into()];
    let sample = Sample::new(record, now, Some(&judged()));
    let mut report = sample.report(RunOutcome::Trouble);
    report.troubles = vec!["vm".into()];
    report.in_machine = true;
    let text = terminal(&report, Style::default());
    let next = text.lines().find(|line| line.starts_with("next ")).unwrap();
    assert!(next.starts_with("next tail -n 40 runs/20300102T030405Z-host-7f3a/console.log "), "{next}");
    assert!(!text.contains("doctor"), "{text}");
}

#[test]
fn loss_is_named_by_cause() {
    let mut sample = same();
    lose(&mut sample.record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    let text = terminal(&sample.report(RunOutcome::Inconclusive), Style::default());
    assert!(text.contains("  7\n") && text.contains(" probe@host: lost: reserve-failed 7\n"), "{text}");
}

#[test]
fn counts_of_a_damaged_record_may_be_anything() {
    let mut sample = same();
    let instance = &mut sample.record.passes[0].instances[0];
    lose(instance, LossCause::Gap, 1);
    let programs = &mut instance.counters.as_mut().unwrap().programs;
    let mut worst = programs["file_open"].clone();
    worst.produced = u64::MAX;
    worst.lost = [LossCause::Gap, LossCause::Killed].map(|cause| (cause, u64::MAX)).into();
    programs.insert("worst".into(), worst);
    let text = terminal(&sample.report(RunOutcome::Inconclusive), Style::default());
    assert!(text.contains(&format!("{}\n", u64::MAX)), "{text}");
}

#[test]
fn interrupted_is_its_own_ending() {
    let sample = same();
    let mut report = sample.report(RunOutcome::Trouble);
    report.interrupted = true;
    assert!(terminal(&report, Style::default()).contains("\ninterrupted (exit code 130)\n"));
}

#[test]
fn without_colour_is_with_colour_stripped() {
    for sample in [same(), drifted(), lost()] {
        let report = sample.report(RunOutcome::Drift);
        for width in [None, Some(40), Some(80)] {
            let colored = terminal(&report, Style { color: true, width });
            assert!(colored.contains("\x1b["));
            assert_eq!(strip(&colored), terminal(&report, Style { color: false, width }));
        }
    }
}

#[test]
fn tables_keep_to_the_width() {
    let mut sample = same();
    sample.judged.acts[0].kind =
        ActKind::Shell { command: "printf '%s' aaa bbb ccc | tee /tmp/a/long/path".into() };
    for width in [50, 60, 80] {
        let text = terminal(&sample.report(RunOutcome::Pass), Style { color: false, width: Some(width) });
        let rest = text.lines().skip_while(|line| !line.contains("proven"));
        let table: Vec<&str> = rest.take_while(|line| !line.contains("golden")).collect();
        assert!(table.len() >= 3, "{text}");
        for line in table {
            assert!(line.chars().count() <= usize::from(width), "{width}: {line:?}");
        }
    }
}

#[test]
fn a_long_object_is_cut() {
    let mut sample = same();
    sample.judged.acts[0].kind = ActKind::Read { path: "/long".repeat(40) };
    let text = terminal(&sample.report(RunOutcome::Pass), Style::default());
    assert!(text.contains('…'), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 130), "{text}");
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", format!("    {line}").trim_end())).collect()
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

#[test]
fn detections_say_when_they_are_on_a_twin() {
    let mut now = judged();
    let hit = |act| Hit { pass: 1, act: Some(act), instance: "probe@host".into(), events: Vec::new() };
    let detection = |title: &str, acts: &[u32]| Detection {
        source: "sigma".into(),
        rule: "7d1e".into(),
        title: title.into(),
        tags: Vec::new(),
        hits: acts.iter().copied().map(hit).collect(),
    };
    now.detections = vec![detection("a\u{1b}[2J", &[1]), detection("b", &[1, 2]), detection("c", &[])];
    let sample = Sample::new(record(), now.clone(), Some(&now));
    let text = terminal(&sample.report(RunOutcome::Pass), Style::default());
    let wanted = "  detection: sigma \"a\\x1b[2J\" on act 1\n  detection: sigma \"b\" on act 1, twin 2: a benign twin\n  \
                  detection: sigma \"c\" on no act\n";
    assert!(text.contains(wanted), "{text}");
}
