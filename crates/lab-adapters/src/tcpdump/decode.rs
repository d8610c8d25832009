//! A whole capture turned into events.

use std::collections::{HashMap, hash_map::Entry};

use lab_model::{Connect, Errno, LossCause, Outcome, ProcessRef, Send, Size};
use pcap_file::pcap::PcapReader;
use serde_json::{Map, Value};

use super::{
    copy::wall_ns,
    packet::{self, Packet, Way},
    question,
};
use crate::{
    Clock, Decoded,
    stream::{Stream, When},
};

/// `ECONNREFUSED`.
const REFUSED: Errno = Errno(111);

/// A connection that was asked for and not yet answered.
struct Asked {
    packet: usize,
    wall_ns: u64,
}

/// Turns a capture into the events of `instance`; lines are packets, counted from 1.
pub fn decode(capture: &[u8], instance: &str, clock: Clock) -> Decoded {
    let mut stream = Stream::new("tcpdump", instance, clock);
    let mut asked: HashMap<Way, Asked> = HashMap::new();
    if !capture.is_empty() {
        read(capture, &mut stream, &mut asked);
    }
    let mut unanswered: Vec<_> = asked.into_iter().collect();
    unanswered.sort_by_key(|(_, asked)| asked.packet);
    for (way, Asked { packet, wall_ns }) in unanswered {
        let times = (Some(wall_ns), None);
        stream.loss(Some(packet), Some(1), LossCause::EnterWithoutExit, times, None, raw(way));
    }
    stream.finish()
}

fn read(capture: &[u8], stream: &mut Stream<'_>, asked: &mut HashMap<Way, Asked>) {
    let mut reader = match PcapReader::new(capture) {
        Ok(reader) => reader,
        Err(error) => return stream.unreadable(1, None, error.to_string()),
    };
    let resolution = reader.header().ts_resolution;
    let mut number = 0;
    while let Some(packet) = reader.next_raw_packet() {
        number += 1;
        let packet = match packet {
            Ok(packet) => packet,
            // Where the next one begins, nobody knows.
            Err(error) => return stream.unreadable(number, None, error.to_string()),
        };
        let at = wall_ns(&packet, resolution);
        match packet::parse(&packet.data) {
            Ok(packet) => one(packet, number, at, stream, asked),
            Err(problem) => stream.unreadable(number, Some(at), problem),
        }
    }
}

fn one(packet: Packet<'_>, number: usize, at: u64, stream: &mut Stream<'_>, asked: &mut HashMap<Way, Asked>) {
    let (way, result) = match packet {
        Packet::Asked(way) => {
            // Asked again for want of an answer.
            match asked.entry(way) {
                Entry::Occupied(_) => stream.belongs(),
                Entry::Vacant(free) => _ = free.insert(Asked { packet: number, wall_ns: at }),
            }
            return;
        }
        Packet::Datagram(way, length, payload) => {
            let send = Send {
                address: Some(Box::new(way.to.into())),
                questions: question::questions(payload).map(Vec::into_boxed_slice),
                length: Some(Size(length)),
                result: Outcome::Ok(length.into()),
            };
            return stream.event(number, When::at(Some(at)), ProcessRef::default(), send, raw(way));
        }
        Packet::Granted(way) => (way.back(), Outcome::Ok(0)),
        Packet::Refused(way) => (way.back(), Outcome::Errno(REFUSED)),
        Packet::Other => return stream.belongs(),
    };
    let Some(question) = asked.remove(&way) else { return stream.belongs() };
    stream.belongs();
    let when = When { wall_ns: Some(at), began_ns: Some(question.wall_ns), error_ns: 0 };
    let connect = Connect { address: way.to.into(), result, later: None };
    stream.event(question.packet, when, ProcessRef::default(), connect, raw(way));
}

/// The two ends.
fn raw(way: Way) -> Map<String, Value> {
    let end = |name: &str, end: std::net::SocketAddr| (name.to_owned(), Value::from(end.to_string()));
    Map::from_iter([end("from", way.from), end("to", way.to)])
}
