//! Raw socket addresses, as processes pass them.
//!
//! Source: the kernel's include/uapi/linux/in.h, in6.h and un.h.

use std::net::{Ipv4Addr, Ipv6Addr};

use lab_model::{Address, Text};
use nix::libc::{AF_INET, AF_INET6, AF_UNIX};

/// Reads a `sockaddr` of any family; what is too short for its family is [`Address::Other`].
pub(super) fn address(raw: &[u8]) -> Address {
    let Some((family, rest)) = raw.split_first_chunk::<2>() else { return Address::Other { number: 0 } };
    let number = u16::from_ne_bytes(*family);
    inner(i32::from(number), rest).unwrap_or(Address::Other { number })
}

fn inner(family: i32, rest: &[u8]) -> Option<Address> {
    match family {
        AF_INET => {
            let ip = Ipv4Addr::from(*rest.get(2..)?.first_chunk::<4>()?);
            Some(Address::Inet { ip, port: port(rest)? })
        }
        AF_INET6 => {
            let ip = Ipv6Addr::from(*rest.get(6..)?.first_chunk::<16>()?);
            Some(Address::Inet6 { ip, port: port(rest)? })
        }
        AF_UNIX => {
            let is_abstract = rest.first() == Some(&0);
            let path = if is_abstract { &rest[1..] } else { rest.split(|byte| *byte == 0).next()? };
            Some(Address::Unix { path: Text::from(path), is_abstract })
        }
        _ => None,
    }
}

fn port(rest: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*rest.first_chunk::<2>()?))
}

#[cfg(test)]
mod tests {
    use super::address;
    use lab_model::Address;

    #[test]
    fn three_families() {
        assert_eq!(address(&[2, 0, 0x1f, 0x90, 127, 0, 0, 1]).to_string(), "127.0.0.1:8080");
        let mut six = vec![10, 0, 0, 80, 0, 0, 0, 0];
        six.extend([0; 15]);
        six.push(1);
        assert_eq!(address(&six).to_string(), "[::1]:80");
        assert_eq!(address(b"\x01\0/tmp/s\0junk").to_string(), "unix:/tmp/s");
        assert_eq!(address(b"\x01\0\0name").to_string(), "unix:@name");
        assert_eq!(address(&[2, 0, 1]), Address::Other { number: 2 });
        assert_eq!(address(&[]), Address::Other { number: 0 });
    }

    proptest::proptest! {
        #[test]
        fn never_panics(raw: Vec<u8>) {
            let _ = address(&raw);
        }
    }
}
