//! tcpdump's packets: the command line that captures them, what is taken out of them, and the events in them.
//!
//! Written for tcpdump 4.99 (Debian 12), which writes pcap to a pipe (the format: `pcap-savefile(5)`). A connection is
//! two packets: the question (SYN) and its answer, which accepts (SYN and ACK) or refuses it (RST). A datagram is one.
//! No packet says who sent it, so no event has a process.

mod copy;
mod decode;
mod packet;
mod question;
mod statistics;

use std::net::SocketAddr;

pub use copy::{Copied, copy};
pub use decode::decode;
pub use statistics::Statistics;

/// More than the headers, and as much as a question over UDP has.
const SNAPSHOT: &str = "1024";

/// What packets wait in, in KiB.
const BUFFER: &str = "8192";

/// The command that writes to its standard output what goes to and from these addresses on the loopback: of TCP how
/// connections begin and are refused, of UDP what is sent to them. Its reader should be [`copy`], which takes out what is no
/// question.
pub fn command(addresses: &[SocketAddr]) -> Vec<String> {
    let fixed = [
        "tcpdump",
        "-i",
        "lo",
        "-n",
        "-U",
        "--immediate-mode",
        "--time-stamp-precision=nano",
        "-s",
        SNAPSHOT,
        "-B",
        BUFFER,
        "-w",
        "-",
    ];
    let mut words: Vec<String> = fixed.map(str::to_owned).to_vec();
    words.push(filter(addresses));
    words
}

/// In the language of `pcap-filter(7)`; without addresses nothing passes.
fn filter(addresses: &[SocketAddr]) -> String {
    let mut parts: Vec<String> = addresses.iter().map(of_address).collect();
    parts.sort();
    parts.dedup();
    if parts.is_empty() { "less 1".to_owned() } else { parts.join(" or ") }
}

fn of_address(address: &SocketAddr) -> String {
    let (host, port) = (address.ip(), address.port());
    // Byte 13 of TCP's header has the flags; 2 is SYN, 4 is RST. In IPv6 it lies behind a header of 40 bytes.
    let flags = if address.is_ipv4() { "tcp[13]" } else { "ip6[53]" };
    format!(
        "(tcp and host {host} and port {port} and {flags} & 6 != 0) or (udp and dst host {host} and dst port {port})"
    )
}

/// What tcpdump says on standard error once it captures.
pub fn is_ready(line: &str) -> bool {
    line.contains("listening on ")
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn only_the_addresses_that_are_named() {
        assert_eq!(
            filter(&["127.0.0.1:80".parse().unwrap(), "127.0.0.1:80".parse().unwrap()]),
            "(tcp and host 127.0.0.1 and port 80 and tcp[13] & 6 != 0) or \
             (udp and dst host 127.0.0.1 and dst port 80)"
        );
        assert!(filter(&["[::1]:80".parse().unwrap()]).contains("host ::1 and port 80 and ip6[53] & 6 != 0"));
        assert_eq!(filter(&[]), "less 1");
    }
}
