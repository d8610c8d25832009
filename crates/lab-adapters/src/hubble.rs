//! Hubble's flows, as `hubble observe -o json` and Cilium's exporter write them.
//!
//! A flow that carries a DNS message is that message. Hubble tells of its own losses by `lost_events`.

use std::net::IpAddr;

use lab_model::{Address, Dns, Flow, LossCause, Message, ProcessRef, Protocol, Text};
use serde_json::Value;

use crate::{
    Clock, Decoded,
    clock::wall,
    json::{self, Record},
    stream::{Stream, When},
};

const TOOL: &str = "hubble";

/// Each protocol by its name in `l4`.
const PROTOCOLS: &[(&str, Protocol)] = &[
    ("TCP", Protocol::Tcp),
    ("UDP", Protocol::Udp),
    ("SCTP", Protocol::Sctp),
    ("ICMPv4", Protocol::Icmp),
    ("ICMPv6", Protocol::Icmpv6),
];

/// Turns flows and Hubble's other records, one JSON object a line, into events.
pub fn decode(log: &[u8], instance: &str, clock: Clock) -> Decoded {
    let mut last = None;
    json::decode(TOOL, log, instance, clock, |stream, line, record| read(stream, line, record, &mut last))
}

fn read(
    stream: &mut Stream<'_>,
    line: usize,
    mut record: Record,
    last: &mut Option<u64>,
) -> Result<(), String> {
    // Older versions write the flow alone.
    let bare = record.has("IP") && !record.has("flow");
    let way: &[&str] = if bare { &[] } else { &["flow"] };
    let at = |name: &'static str| [way, &[name]].concat();
    let wall_ns = record.str(&["time"]).or_else(|| record.str(&["flow", "time"])).and_then(wall);
    if record.has("lost_events") {
        let count = record.number(&["lost_events", "num_events_lost"]);
        let cpu = record.number(&["lost_events", "cpu"]);
        stream.loss(Some(line), count, LossCause::QueueFull, (*last, wall_ns), cpu, record.0);
        *last = wall_ns.or(*last);
        return Ok(());
    }
    *last = wall_ns.or(*last);
    let when = When::at(wall_ns);
    if !bare && !record.get(&["flow"]).is_some_and(Value::is_object) {
        let kind = record.0.keys().find(|name| !["time", "node_name"].contains(&name.as_str()));
        let kind = Text::from(kind.ok_or("neither a flow nor another record of Hubble's")?.as_str());
        stream.event(line, when, ProcessRef::default(), Message { kind }, record.0);
        return Ok(());
    }
    if let Some(dns) = dns(&mut record, &at("l7")) {
        stream.event(line, when, ProcessRef::default(), dns, record.0);
        return Ok(());
    }
    match flow(&mut record, &at("IP"), &at("l4"), &at("verdict")) {
        Some(flow) => stream.event(line, when, ProcessRef::default(), flow, record.0),
        // A flow of the link layer, or one that lies.
        None => stream.event(line, when, ProcessRef::default(), Message { kind: "flow".into() }, record.0),
    }
    Ok(())
}

fn flow(record: &mut Record, ip: &[&str], l4: &[&str], verdict: &[&str]) -> Option<Flow> {
    let ip_of = |record: &Record, end: &'static str| -> Option<IpAddr> {
        record.str(&[ip, &[end]].concat())?.parse().ok()
    };
    let (source, destination) = (ip_of(record, "source")?, ip_of(record, "destination")?);
    let known = PROTOCOLS.iter().find(|(name, _)| record.get(&[l4, &[*name]].concat()).is_some());
    let mut port = |end: &'static str| {
        known.and_then(|(name, _)| record.take_number(&[l4, &[*name, end]].concat())).unwrap_or(0)
    };
    let (from, to) = (port("source_port"), port("destination_port"));
    for (end, address) in [("source", source), ("destination", destination)] {
        let way = [ip, &[end]].concat();
        // As it stands in the flow it may be written otherwise.
        if record.str(&way) == Some(&address.to_string()) {
            record.take(&way);
        }
    }
    Some(Flow {
        protocol: known.map_or(Protocol::Other, |(_, protocol)| *protocol),
        source: address(source, from),
        destination: address(destination, to),
        dropped: record.str(verdict) == Some("DROPPED"),
    })
}

fn address(ip: IpAddr, port: u16) -> Address {
    std::net::SocketAddr::new(ip, port).into()
}

fn dns(record: &mut Record, l7: &[&str]) -> Option<Dns> {
    let at = |name: &'static str| [l7, &["dns", name]].concat();
    let name = record.str(&at("query"))?;
    let name = Text::from(name.strip_suffix('.').unwrap_or(name));
    let kinds: Option<Vec<Text>> = match record.get(&at("qtypes")) {
        Some(Value::Array(kinds)) => kinds.iter().map(|kind| kind.as_str().map(Text::from)).collect(),
        _ => Some(Vec::new()),
    };
    let is_reply = record.str(&[l7, &["type"]].concat()) == Some("RESPONSE");
    // Protobuf's JSON leaves out what is 0.
    let reply = is_reply.then(|| record.number(&at("rcode")).unwrap_or(0));
    Some(Dns { name, kinds: kinds?, reply })
}
