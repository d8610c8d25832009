//! A capture passed on packet by packet, without what is said in it.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

use pcap_file::{
    PcapError, TsResolution,
    pcap::{PcapReader, PcapWriter, RawPcapPacket},
};

use super::{packet, question};
use crate::Clock;

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// packets
    pub packets: u64,
    /// of how many something was taken out
    pub reduced: u64,
}

/// Passes on what tcpdump writes. Questions to a DNS server go whole, of everything else the headers alone. `asked` is
/// told each name that is asked for, with the moment on the boot clock.
///
/// # Errors
/// Of reading and writing, and what is no capture.
pub fn copy(
    from: impl Read,
    to: impl Write,
    clock: Clock,
    mut asked: impl FnMut(&[u8], u64),
) -> io::Result<Copied> {
    let mut reader = match PcapReader::new(from) {
        Ok(reader) => reader,
        // It ended before it wrote anything.
        Err(PcapError::IncompleteBuffer) => return Ok(Copied::default()),
        Err(error) => return Err(io::Error::other(error)),
    };
    let header = reader.header();
    let mut writer = PcapWriter::with_header(to, header).map_err(io::Error::other)?;
    let mut copied = Copied::default();
    while let Some(packet) = reader.next_raw_packet() {
        let packet = match packet {
            // It was killed in the middle of one.
            Err(PcapError::IncompleteBuffer) => break,
            packet => packet.map_err(io::Error::other)?,
        };
        let kept = &packet.data[..packet::kept(&packet.data)];
        if let Ok(packet::Packet::Datagram(.., payload)) = packet::parse(kept) {
            let at = clock.boot(wall_ns(&packet, header.ts_resolution));
            question::questions(payload).iter().flatten().for_each(|name| asked(name.as_bytes(), at));
        }
        copied.packets += 1;
        copied.reduced += u64::from(kept.len() < packet.data.len());
        let incl_len = u32::try_from(kept.len()).unwrap_or(packet.incl_len);
        let reduced = RawPcapPacket { incl_len, data: Cow::Borrowed(kept), ..packet };
        writer.write_raw_packet(&reduced).map_err(io::Error::other)?;
    }
    writer.into_writer().flush()?;
    Ok(copied)
}

/// When a packet was captured, by the wall clock.
pub(super) fn wall_ns(packet: &RawPcapPacket<'_>, resolution: TsResolution) -> u64 {
    let scale = if resolution == TsResolution::MicroSecond { 1000 } else { 1 };
    u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_frac) * scale
}
