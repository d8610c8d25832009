//! Captures as tcpdump writes them, made packet by packet.

use std::net::Ipv4Addr;

use etherparse::PacketBuilder;
use pcap_file::{
    DataLink, Endianness, TsResolution,
    pcap::{PcapHeader, PcapPacket, PcapWriter},
};

/// Which flags a segment has.
#[derive(Clone, Copy)]
pub(crate) enum Flags {
    Syn,
    SynAck,
    RstAck,
    Push,
}

const HOST: [u8; 4] = Ipv4Addr::LOCALHOST.octets();

pub(crate) fn segment(from: u16, to: u16, flags: Flags, payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(HOST, HOST, 64).tcp(from, to, 1, 1024);
    let builder = match flags {
        Flags::Syn => builder.syn(),
        Flags::SynAck => builder.syn().ack(2),
        Flags::RstAck => builder.rst().ack(2),
        Flags::Push => builder.psh().ack(2),
    };
    let mut frame = Vec::new();
    builder.write(&mut frame, payload).unwrap();
    frame
}

pub(crate) fn datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(HOST, HOST, 64).udp(from, to);
    builder.write(&mut frame, payload).unwrap();
    frame
}

/// A query for the A record of `www.example`.
pub(crate) const QUESTION: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01";

/// One packet a second, from second 1 on.
pub(crate) fn capture(frames: &[Vec<u8>]) -> Vec<u8> {
    let header = PcapHeader {
        ts_resolution: TsResolution::NanoSecond,
        datalink: DataLink::ETHERNET,
        endianness: Endianness::Little,
        ..PcapHeader::default()
    };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for (at, frame) in (1..).zip(frames) {
        let time = std::time::Duration::from_secs(at);
        writer.write_packet(&PcapPacket::new(time, frame.len() as u32, frame)).unwrap();
    }
    writer.into_writer()
}

/// One of each that events are made from, and of what they are not.
pub(crate) fn of_each() -> Vec<u8> {
    capture(&[
        segment(4000, 80, Flags::Syn, b""),
        segment(80, 4000, Flags::SynAck, b""),
        segment(4000, 80, Flags::Push, b"GET /secret"),
        segment(4001, 81, Flags::Syn, b""),
        segment(4001, 81, Flags::Syn, b""),
        segment(81, 4001, Flags::RstAck, b""),
        datagram(4002, 53, QUESTION),
        datagram(4002, 53, b"password=hunter2"),
        segment(4003, 80, Flags::Syn, b""),
    ])
}
