//! One packet: which part of an exchange it is.

use std::net::{IpAddr, SocketAddr};

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
}

impl Way {
    pub(super) fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

/// What a packet is, as far as events are made of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// a connection is asked for
    Asked(Way),
    /// it is granted
    Granted(Way),
    /// it is refused, or ended at once
    Refused(Way),
    /// a datagram of this length, and as much of it as was captured
    Datagram(Way, u32, &'a [u8]),
    /// another part of a connection
    Other,
}

/// Reads an Ethernet frame; the error reads well after "line 3:".
pub(super) fn parse(frame: &[u8]) -> Result<Packet<'_>, String> {
    let sliced = LaxSlicedPacket::from_ethernet(frame).map_err(|error| error.to_string())?;
    let (from, to): (IpAddr, IpAddr) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return Err(stopped(&sliced, "no packet of IP")),
    };
    let way = |source, destination| Way {
        from: SocketAddr::new(from, source),
        to: SocketAddr::new(to, destination),
    };
    match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let way = way(tcp.source_port(), tcp.destination_port());
            Ok(match (tcp.syn(), tcp.ack(), tcp.rst()) {
                (_, _, true) => Packet::Refused(way),
                (true, false, false) => Packet::Asked(way),
                (true, true, false) => Packet::Granted(way),
                (false, ..) => Packet::Other,
            })
        }
        Some(TransportSlice::Udp(udp)) => {
            let way = way(udp.source_port(), udp.destination_port());
            Ok(Packet::Datagram(way, u32::from(udp.length()).saturating_sub(8), udp.payload()))
        }
        _ => Err(stopped(&sliced, "neither TCP nor UDP")),
    }
}

/// Why a packet could not be read to its end.
fn stopped(sliced: &LaxSlicedPacket<'_>, otherwise: &str) -> String {
    sliced.stop_err.as_ref().map_or_else(|| otherwise.to_owned(), |(error, _)| error.to_string())
}

/// How much of a frame may be kept: a question whole, of everything else the headers alone.
pub(super) fn kept(frame: &[u8]) -> usize {
    let Ok(sliced) = LaxSlicedPacket::from_ethernet(frame) else { return 0 };
    let payload = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => tcp.payload(),
        Some(TransportSlice::Udp(udp)) if super::question::questions(udp.payload()).is_some() => {
            return frame.len();
        }
        Some(TransportSlice::Udp(udp)) => udp.payload(),
        _ => return frame.len().min(14),
    };
    (payload.as_ptr() as usize).saturating_sub(frame.as_ptr() as usize).min(frame.len())
}
