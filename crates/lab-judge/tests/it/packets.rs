//! A sensor that knows no process: its events are brought to calls by object and time, and never guessed.

use lab_judge::judge;
use lab_model::{
    ActKind, Address, Connect, Event, Outcome, Payload, ScenarioRecord, Send, SensorKind, Size, Verdict,
};

use crate::world::{MS, OK, World, exec, record};

const SENSOR: SensorKind = SensorKind::Tcpdump;

fn connect(address: &Address, result: Outcome) -> Payload {
    Connect { address: address.clone(), result, later: None }.into()
}

fn question(address: &Address, name: &str) -> Payload {
    let questions = Some([format!("{name} A").as_str().into()].into());
    let length = Some(Size(29));
    Send { address: Some(Box::new(address.clone())), questions, length, result: Outcome::Ok(29) }.into()
}

/// An act over TCP, one over UDP, and one that sends nothing; of each what packets tell.
fn sample() -> ScenarioRecord {
    let mut world = World::new(1, SENSOR);
    let (actor, sink) = (world.actor(), world.var("sink"));
    let sink: Address = sink.parse::<std::net::SocketAddr>().unwrap().into();
    let beacon = world.fork(actor, true);
    world.step(beacon, connect(&sink, OK));
    world.act(1, ActKind::Connect { address: sink.to_string(), payload: String::new() }, 1);
    let resolver = Address::Inet { ip: [127, 0, 0, 1].into(), port: 5353 };
    let asker = world.fork(actor, true);
    world.step(asker, connect(&resolver, OK));
    world.step(asker, question(&resolver, "sl0.test"));
    let kind = ActKind::Resolve { resolver: resolver.to_string(), name: "sl0.test".to_owned() };
    world.act(2, kind, 1);
    let shell = world.fork(actor, true);
    world.step(shell, exec("/bin/id", &["id"]));
    world.act(3, ActKind::Exec, 1);
    let mut record = record(vec![world.end()]);
    let datagram = |event: &Event| matches!(&event.payload, Payload::Connect(c) if c.address == resolver);
    let seen = |event: &Event| matches!(event.payload, Payload::Connect(_) | Payload::Send(_));
    let events = events(&mut record);
    events.retain(|event| seen(event) && !datagram(event));
    events.iter_mut().for_each(|event| event.image = Default::default());
    record
}

fn events(record: &mut ScenarioRecord) -> &mut Vec<Event> {
    &mut record.passes[0].instances[0].events
}

/// Verdicts with their reasons, and doubts.
fn judged(record: &ScenarioRecord) -> (Vec<Verdict>, String, Vec<String>) {
    let judged = judge(record);
    let reasons: Vec<String> = judged.verdicts.iter().flat_map(|row| row.reasons.clone()).collect();
    (judged.verdicts.iter().map(|row| row.verdict).collect(), reasons.join("\n"), judged.doubts)
}

use Verdict::{Blind, Lost, Missed, Seen, Wrong};

#[test]
fn the_call_that_spoke_to_the_address_is_seen_and_its_fact_is_the_acts() {
    let record = sample();
    let (verdicts, _, doubts) = judged(&record);
    assert_eq!((verdicts, doubts), (vec![Seen, Seen, Blind], vec![]));
    let tree = format!("{:?}", judge(&record).tree);
    assert!(tree.contains("acts: [1]") && tree.contains("acts: [2]") && tree.contains("sl0.test"), "{tree}");
}

#[test]
fn without_its_packet_it_is_missed() {
    let mut record = sample();
    let question = events(&mut record).pop();
    assert!(matches!(question.unwrap().payload, Payload::Send(_)));
    assert_eq!(judged(&record).0, [Seen, Missed, Blind]);
    events(&mut record).clear();
    assert_eq!(judged(&record).0, [Missed, Missed, Blind]);
}

#[test]
fn another_result_at_its_very_time_is_wrong() {
    let mut record = sample();
    let Payload::Connect(connect) = &mut events(&mut record)[0].payload else { panic!() };
    connect.result = Outcome::from_ret(-111);
    let (verdicts, reasons, _) = judged(&record);
    assert_eq!(verdicts, [Wrong, Seen, Blind]);
    assert!(reasons.contains("result: expected ok, got ECONNREFUSED"), "{reasons}");
}

#[test]
fn a_clock_that_is_off_a_little_is_forgiven_if_all_agrees() {
    let mut record = sample();
    events(&mut record)[1].time.ns += 3 * MS;
    assert_eq!(judged(&record).0, [Seen, Seen, Blind]);
    events(&mut record)[1].time.ns += 3 * MS;
    assert_eq!(judged(&record).0, [Seen, Missed, Blind]);
    let mut record = sample();
    let question = &mut events(&mut record)[1];
    question.time.ns += 3 * MS;
    let Payload::Send(send) = &mut question.payload else { panic!() };
    send.questions = Some(["sightline-mark A".into()].into());
    assert_eq!(judged(&record).0, [Seen, Missed, Blind], "a mark just before the act is not the act's");
}

#[test]
fn what_nobody_sent_is_nobodys() {
    let mut record = sample();
    let mut stranger = events(&mut record)[0].clone();
    stranger.time.ns += 500 * MS;
    stranger.seq.n = 77;
    events(&mut record).push(stranger);
    let (verdicts, _, doubts) = judged(&record);
    assert_eq!((verdicts, doubts), (vec![Seen, Seen, Blind], vec![]));
}

#[test]
fn what_two_may_have_sent_is_lost_and_a_doubt() {
    let mut record = sample();
    let pass = &mut record.passes[0];
    // The process of the last act did the same at the same time.
    let mut step = pass.receipts[0].steps[1].clone();
    step.process = pass.receipts[2].steps[1].process;
    pass.receipts[2].steps.push(step);
    let (verdicts, reasons, doubts) = judged(&record);
    assert_eq!(verdicts[..2], [Lost, Seen]);
    assert!(reasons.contains("no event; one may be its, or another process's"), "{reasons}");
    assert!(
        doubts.iter().any(|doubt| doubt.contains("1 events could belong to more than one")),
        "{doubts:?}"
    );
}
