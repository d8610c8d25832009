//! Socket addresses of the three families that the lab knows.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use serde::{Deserialize, Serialize};

use crate::Text;

/// What a socket call named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "kebab-case")]
pub enum Address {
    /// IPv4; the port in host order.
    Inet {
        /// address
        ip: Ipv4Addr,
        /// port
        port: u16,
    },
    /// IPv6; the port in host order.
    Inet6 {
        /// address
        ip: Ipv6Addr,
        /// port
        port: u16,
    },
    /// A Unix socket by path, or by abstract name (without its leading NUL).
    Unix {
        /// path or name
        path: Text,
        /// the name is abstract
        #[serde(default, rename = "abstract")]
        is_abstract: bool,
    },
    /// Another family, or no address at all.
    Other {
        /// `AF_*`
        number: u16,
    },
    /// What a variable of the scenario names (`sink`): only in judged facts, where values that differ by run are
    /// taken out.
    Variable {
        /// its name
        name: String,
    },
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        match address.ip() {
            IpAddr::V4(ip) => Self::Inet { ip, port: address.port() },
            IpAddr::V6(ip) => Self::Inet6 { ip, port: address.port() },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { ip, port } => write!(f, "{ip}:{port}"),
            Self::Inet6 { ip, port } => write!(f, "[{ip}]:{port}"),
            Self::Unix { path, is_abstract: false } => write!(f, "unix:{path}"),
            Self::Unix { path, is_abstract: true } => write!(f, "unix:@{path}"),
            Self::Other { number } => write!(f, "family:{number}"),
            Self::Variable { name } => write!(f, "${{{name}}}"),
        }
    }
}
