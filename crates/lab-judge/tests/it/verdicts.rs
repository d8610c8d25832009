//! Each verdict, and what a run is worth with it.

use lab_judge::{judge, outcome};
use lab_model::{
    Action, Errno, Family, Ids, Outcome, Payload, Refusal, RunOutcome, ScenarioRecord, SensorKind,
    StageRecord, Verdict,
};

use crate::sample::{event, events, loss, reasons, sample, verdicts};

use SensorKind::{Probe, Strace};
use Verdict::{Absent, Blind, Late, Lost, Missed, Refused, Seen, Wrong};

fn outcome_of(record: &ScenarioRecord) -> RunOutcome {
    outcome(&judge(record))
}

#[test]
fn what_both_sensors_saw_is_seen_without_a_doubt() {
    let judged = judge(&sample());
    let rows: Vec<_> =
        judged.verdicts.iter().map(|row| (row.act, row.sensor, row.verdict, row.reasons.len())).collect();
    let seen = |act| [(act, Probe, Seen, 0), (act, Strace, Seen, 0)];
    assert_eq!(rows, [seen(1), seen(2), seen(3)].concat());
    assert_eq!((judged.doubts.len(), judged.troubles.len()), (0, 0), "{:?}", judged.doubts);
    assert!(judged.proofs.iter().all(|proof| proof.proven && proof.missing.is_empty()));
    assert_eq!(outcome(&judged), RunOutcome::Pass);
}

/// Changes one event in each pass; both sensors must be wrong about that act alone.
#[track_caller]
fn wrong(act: u32, says: &str, is: impl Fn(&Payload) -> bool, change: impl Fn(&mut Payload)) {
    let mut record = sample();
    for pass in [0, 1] {
        change(&mut event(&mut record, pass, &is).payload);
    }
    for sensor in [Probe, Strace] {
        let expected: Vec<_> = (1..=3).map(|id| if id == act { Wrong } else { Seen }).collect();
        assert_eq!(verdicts(&record, sensor), expected);
        let reasons = reasons(&record, act, sensor);
        assert!(reasons.contains(says), "{reasons}");
    }
}

#[test]
fn another_field_is_wrong_and_named() {
    let shadow = |payload: &Payload| payload.texts().iter().any(|text| text.contains("shadow"));
    wrong(1, "result: expected ok, got EACCES", shadow, |payload| {
        let Payload::Open(open) = payload else { unreachable!() };
        open.result = Outcome::Errno(Errno(13));
    });
    wrong(1, "flags: expected read, got read-write", shadow, |payload| {
        let Payload::Open(open) = payload else { unreachable!() };
        open.flags.0 = 2;
    });
    wrong(1, "path: expected \"/etc/shadow\", got \"/etc/gshadow\"", shadow, |payload| {
        let Payload::Open(open) = payload else { unreachable!() };
        open.path = "/etc/gshadow".into();
    });
    let is_sh = |payload: &Payload| matches!(payload, Payload::Exec(exec) if exec.path.contains("/bin/sh"));
    wrong(2, "argv: expected", is_sh, |payload| {
        let Payload::Exec(exec) = payload else { unreachable!() };
        exec.argv = None;
    });
    wrong(
        3,
        "requested: expected (65534), got (-)",
        |p| matches!(p, Payload::SetId(_)),
        |payload| {
            let Payload::SetId(setid) = payload else { unreachable!() };
            setid.requested = vec![None];
        },
    );
    wrong(
        3,
        "address: expected 127.0.0.1:",
        |p| matches!(p, Payload::Connect(_)),
        |payload| {
            let Payload::Connect(connect) = payload else { unreachable!() };
            connect.address = lab_model::Address::Other { number: 9 };
        },
    );
}

#[test]
fn fields_of_the_process_count_for_a_sensor_that_knows_them() {
    let shadow = |payload: &Payload| payload.texts().iter().any(|text| text.contains("shadow"));
    let mut record = sample();
    event(&mut record, 0, shadow).image.ids = Some(Ids { euid: 5, ..Ids::default() });
    assert!(reasons(&record, 1, Probe).contains("ids: expected uid 0/0/0/0 gid 0/0/0/0, got uid 0/5/0/0"));
    let mut record = sample();
    event(&mut record, 0, shadow).image.start_ns = Some(77);
    assert_eq!(verdicts(&record, Probe), [Wrong, Seen, Seen]);
    assert!(reasons(&record, 1, Probe).contains("start: expected tick"));
    let mut record = sample();
    event(&mut record, 0, shadow).image.parent = None;
    assert!(reasons(&record, 1, Probe).contains("parent: expected 1000, got unknown"));
}

#[test]
fn arguments_that_were_cut_must_begin_alike() {
    let cut = |argv: &[&str]| {
        let mut record = sample();
        let payload = &mut event(&mut record, 0, |p| p.texts().iter().any(|t| t.contains("/bin/sh"))).payload;
        let Payload::Exec(exec) = payload else { unreachable!() };
        (exec.argv, exec.argv_truncated) = (Some(argv.iter().map(|&a| a.into()).collect()), true);
        verdicts(&record, Probe)[1]
    };
    assert_eq!(cut(&["sh", "-c", "id; t"]), Seen);
    assert_eq!(cut(&["sh"]), Seen);
    assert_eq!(cut(&["sh", "-x", "id; t"]), Wrong);
    assert_eq!(cut(&["sh", "-c", "id; tsch"]), Wrong);
}

/// The index of every event that a receipt tells of, with the act.
fn told(record: &ScenarioRecord, pass: usize) -> Vec<(usize, u32)> {
    let pass = &record.passes[pass];
    let events = pass.instances[0].events.iter().enumerate();
    let act = |event: &lab_model::Event| {
        let inside = |step: &&lab_model::Step| {
            (step.began_ns..step.ended_ns).contains(&event.time.ns)
                && event.payload.action() == step.payload.action()
        };
        pass.receipts.iter().find(|receipt| receipt.steps.iter().any(|s| inside(&s))).map(|r| r.act)
    };
    events.filter_map(|(index, event)| Some((index, act(event)?))).collect()
}

#[test]
fn a_dropped_event_makes_exactly_its_act_missed() {
    for (pass, sensor) in [(0, Probe), (1, Strace)] {
        let told = told(&sample(), pass);
        assert_eq!(told.len(), 13);
        for (index, act) in told {
            let mut record = sample();
            events(&mut record, pass).remove(index);
            let expected: Vec<_> = (1..=3).map(|id| if id == act { Missed } else { Seen }).collect();
            assert_eq!(verdicts(&record, sensor), expected, "event {index} of {sensor}");
        }
    }
}

#[test]
fn a_loss_that_can_have_held_the_event_makes_it_lost() {
    for (pass, sensor) in [(0, Probe), (1, Strace)] {
        for (index, act) in told(&sample(), pass) {
            for of in [true, false] {
                let mut record = sample();
                let gone = events(&mut record, pass).remove(index);
                let of = of.then_some(gone.payload.action());
                let loss = loss(&gone, gone.time.ns, of);
                events(&mut record, pass).push(loss);
                let expected: Vec<_> = (1..=3).map(|id| if id == act { Lost } else { Seen }).collect();
                assert_eq!(verdicts(&record, sensor), expected, "event {index} of {sensor}");
                assert_eq!(outcome_of(&record), RunOutcome::Inconclusive);
            }
        }
    }
}

#[test]
fn a_lost_fork_of_an_ancestor_makes_the_act_lost() {
    for (pass, sensor) in [(0, Probe), (1, Strace)] {
        let mut record = sample();
        let fork = event(&mut record, pass, |p| matches!(p, Payload::Fork(_))).clone();
        let Payload::Fork(child) = &fork.payload else { unreachable!() };
        let pid = child.child;
        events(&mut record, pass).retain(|event| event.image.pid != Some(pid));
        assert_eq!(verdicts(&record, sensor), [Missed, Seen, Seen], "nothing says that anything was lost");
        let loss_of = |of, at| loss(&fork, at, Some(of));
        let mut with = record.clone();
        events(&mut with, pass).push(loss_of(Action::Fork, fork.time.ns));
        assert_eq!(verdicts(&with, sensor), [Lost, Seen, Seen]);
        let mut with = record.clone();
        events(&mut with, pass).push(loss_of(Action::Connect, fork.time.ns));
        assert_eq!(verdicts(&with, sensor), [Missed, Seen, Seen], "no connect leads to this act");
    }
}

#[test]
fn a_loss_that_took_nothing_from_an_act_is_a_doubt() {
    let mut record = sample();
    let first = events(&mut record, 0)[3].clone();
    events(&mut record, 0).push(loss(&first, first.time.ns, None));
    assert_eq!(verdicts(&record, Probe), [Seen, Seen, Seen]);
    let judged = judge(&record);
    assert!(judged.doubts[0].contains("probe@host lost 1 events"), "{:?}", judged.doubts);
    assert_eq!(outcome(&judged), RunOutcome::Inconclusive);
    let before = record.passes[0].instances[0].start_marker_ns.unwrap() - 1_000_000;
    let last = events(&mut record, 0).len() - 1;
    events(&mut record, 0)[last] = loss(&first, before, None);
    assert_eq!(judge(&record).doubts, Vec::<String>::new(), "nobody asked for what was before the start");
}

#[test]
fn a_killed_sensor_has_lost_everything_after_its_last_word() {
    for (pass, sensor) in [(0, Probe), (1, Strace)] {
        let mut record = sample();
        let middle = record.passes[pass].receipts[1].began_ns;
        let instance = &mut record.passes[pass].instances[0];
        instance.events.retain(|event| event.time.ns < middle);
        (instance.counters, instance.end_marker_ns) = (None, None);
        instance.error = Some("it was killed".to_owned());
        assert_eq!(verdicts(&record, sensor), [Seen, Lost, Lost]);
        let judged = judge(&record);
        assert_eq!((judged.troubles.len(), outcome(&judged)), (0, RunOutcome::Inconclusive));
        let last = record.passes[pass].instances[0].events.iter().map(|event| event.time.ns).max().unwrap();
        let since =
            format!("events between {}.{:06} s and its end", last / 1_000_000_000, last / 1_000 % 1_000_000);
        assert!(judged.doubts.iter().any(|doubt| doubt.contains(&since)), "{since}: {:?}", judged.doubts);
    }
}

#[test]
fn counters_that_lost_more_than_was_told_touch_the_whole_interval() {
    let mut record = sample();
    let lost = [(lab_model::LossCause::StateFull, 1)].into();
    let balance = lab_model::Balance { produced: 3, received: 1, filtered: 1, in_flight: 0, lost };
    let counters = record.passes[1].instances[0].counters.as_mut().unwrap();
    counters.programs.insert("strace".to_owned(), balance.clone());
    events(&mut record, 1).retain(|event| !matches!(event.payload, Payload::Connect(_)));
    assert_eq!(verdicts(&record, Strace), [Seen, Seen, Lost]);
    let counters = record.passes[1].instances[0].counters.as_mut().unwrap();
    counters.programs.insert("strace".to_owned(), lab_model::Balance { produced: 4, ..balance });
    assert!(judge(&record).doubts.iter().any(|doubt| doubt.contains("the counters of strace do not hold")));
}

#[test]
fn an_event_received_and_not_recorded_is_lost_not_missed() {
    let mut record = sample();
    let held = |record: &mut lab_model::ScenarioRecord| {
        events(record, 0).iter().filter(|event| matches!(event.payload, Payload::Connect(_))).count() as u64
    };
    let received = held(&mut record);
    let balance = lab_model::Balance { produced: received, received, ..lab_model::Balance::default() };
    let counters = record.passes[0].instances[0].counters.as_mut().unwrap();
    counters.programs.insert("connect".to_owned(), balance);
    assert_eq!(outcome(&judge(&record)), RunOutcome::Pass);
    events(&mut record, 0).retain(|event| !matches!(event.payload, Payload::Connect(_)));
    assert_eq!(verdicts(&record, Probe), [Seen, Seen, Lost]);
    assert_eq!(outcome(&judge(&record)), RunOutcome::Inconclusive);
}

#[test]
fn a_pass_that_did_not_happen_leaves_its_sensor_absent_and_a_doubt() {
    let mut record = sample();
    record.planned = vec![
        lab_model::PlannedPass { pass: 1, sensors: vec![Probe] },
        lab_model::PlannedPass { pass: 2, sensors: vec![Strace] },
    ];
    assert_eq!(outcome(&judge(&record)), RunOutcome::Pass);
    record.passes.truncate(1);
    assert_eq!(verdicts(&record, Strace), [Absent; 3]);
    let judged = judge(&record);
    assert_eq!(
        (judged.doubts, judged.sensors),
        (vec!["pass 2 (strace) did not happen".to_owned()], vec![Probe, Strace])
    );
}

#[test]
fn after_the_end_marker_is_late() {
    let mut record = sample();
    record.passes[0].instances[0].end_marker_ns = Some(record.passes[0].receipts[2].began_ns);
    assert_eq!(verdicts(&record, Probe), [Seen, Seen, Late]);
}

#[test]
fn an_action_outside_the_catalogue_is_blind() {
    let mut record = sample();
    let payload = loss(&events(&mut record, 0)[0].clone(), 1, None).payload;
    record.passes[0].receipts[0].steps[2].payload = payload;
    assert_eq!(verdicts(&record, Probe), [Blind, Seen, Seen]);
}

#[test]
fn what_the_kernel_would_not_attach_is_refused() {
    let mut record = sample();
    let refusal = Refusal { action: Action::Connect, reason: "no such tracepoint".to_owned() };
    record.passes[0].instances[0].refused.push(refusal);
    assert_eq!(verdicts(&record, Probe), [Seen, Seen, Refused]);
    assert_eq!(reasons(&record, 3, Probe), "no such tracepoint");
}

#[test]
fn an_instance_that_never_got_ready_is_absent_and_a_trouble() {
    let mut record = sample();
    let instance = &mut record.passes[1].instances[0];
    instance.events.clear();
    (instance.counters, instance.start_marker_ns, instance.end_marker_ns) = (None, None, None);
    instance.error = Some("failed to start strace: no such file".to_owned());
    assert_eq!(verdicts(&record, Strace), [Absent, Absent, Absent]);
    assert_eq!(verdicts(&record, Probe), [Seen, Seen, Seen]);
    assert_eq!(outcome_of(&record), RunOutcome::Trouble);
}

#[test]
fn a_failed_stage_is_a_trouble() {
    let mut record = sample();
    let error = Some("failed to place the actor: disk full".to_owned());
    record.passes[0].stages.push(StageRecord { stage: "deploy".to_owned(), began_ns: 0, took_ns: 1, error });
    let judged = judge(&record);
    assert_eq!(judged.troubles, ["pass 1: deploy: failed to place the actor: disk full"]);
    assert_eq!(outcome(&judged), RunOutcome::Trouble);
}

#[test]
fn a_start_marker_that_nobody_saw_is_a_doubt() {
    let mut record = sample();
    record.passes[0].instances[0].start_marker_ns = None;
    assert!(judge(&record).doubts[0].contains("did not see the start marker"));
}

#[test]
fn an_act_needs_two_families_a_receipt_and_the_wanted_result() {
    let proof = |change: &dyn Fn(&mut ScenarioRecord)| {
        let mut record = sample();
        change(&mut record);
        assert_eq!(outcome_of(&record) == RunOutcome::Pass, judge(&record).proofs[0].proven);
        judge(&record).proofs.remove(0)
    };
    let one_gone = proof(&|record| record.passes[0].witnesses[1].observed = false);
    assert_eq!((one_gone.proven, &*one_gone.families), (true, &[Family::Receipt, Family::Kernel][..]));
    assert_eq!(one_gone.missing, ["outside (canary): the object was touched: nothing was seen"]);
    let opposite = proof(&|record| {
        let outside = &mut record.passes[0].witnesses[1];
        (outside.observed, outside.contradicted) = (false, true);
        "its content is another".clone_into(&mut outside.detail);
    });
    assert_eq!((opposite.proven, &*opposite.families), (false, &[Family::Receipt, Family::Kernel][..]));
    let sentence = "outside (canary) saw otherwise: the object was touched: its content is another";
    assert_eq!(opposite.missing, [sentence]);
    let two_gone = proof(&|record| {
        record.passes[0].witnesses.remove(2);
        record.passes[0].witnesses[1].observed = false;
    });
    assert!(!two_gone.proven && two_gone.missing[1].contains("observed: receipt"), "{:?}", two_gone.missing);
    let silent = proof(&|record| drop(record.passes[0].receipts.remove(0)));
    assert_eq!((silent.proven, &*silent.missing), (false, &["there is no receipt".to_owned()][..]));
    let refused = proof(&|record| record.passes[0].acts[0].expect = lab_model::Expectation::Errno(Errno(13)));
    assert_eq!(refused.missing, ["the receipt's open should end with EACCES, got ok"]);
    let failed = proof(&|record| record.passes[0].receipts[0].error = Some("fork".to_owned()));
    assert!(!failed.proven);
}

#[test]
fn without_a_receipt_nothing_can_be_said_of_a_sensor() {
    let mut record = sample();
    record.passes[0].receipts.remove(1);
    assert_eq!(verdicts(&record, Probe), [Seen, Lost, Seen]);
}

#[test]
fn an_explanation_names_the_event_and_the_field() {
    let mut record = sample();
    let shadow = |payload: &Payload| payload.texts().iter().any(|text| text.contains("shadow"));
    let Payload::Open(open) = &mut event(&mut record, 0, shadow).payload else { unreachable!() };
    open.result = Outcome::Errno(Errno(13));
    let text = lab_judge::explain(&record, 1, Probe).to_string();
    for part in [
        "sample act 1 (read), probe: wrong",
        "call 3 (open \"/etc/shadow\" by pid 1001) (the act's own call)",
        "result: expected ok, got EACCES",
        "equal in path, argv",
        "pass 1: outside (canary): the object was touched: observed",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(lab_judge::explain(&record, 99, Probe).kind, None);
}
