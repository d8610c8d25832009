//! A socket address as the kernel has it in memory, in the byte order of a little-endian machine.

use lab_model::Address;

/// Reads it; `None` if it is shorter than its family says.
pub(crate) fn address(bytes: &[u8]) -> Option<Address> {
    let family = u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = || Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?));
    match family {
        1 => {
            let path = &bytes[2..];
            let (path, is_abstract) = match path.strip_prefix(&[0]) {
                Some(name) if !name.is_empty() => (name, true),
                _ => (path, false),
            };
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            Some(Address::Unix { path: path[..end].into(), is_abstract })
        }
        2 => {
            let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some(Address::Inet { ip: ip.into(), port: port()? })
        }
        10 => {
            let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some(Address::Inet6 { ip: ip.into(), port: port()? })
        }
        number => Some(Address::Other { number }),
    }
}

#[cfg(test)]
mod tests {
    use super::address;
    use crate::auditd::fields::hex;

    #[test]
    fn families() {
        for (text, shown) in [
            ("02000050A9FEA9FE0000000000000000", "169.254.169.254:80"),
            ("0A000016000000000000000000000000000000000000000100000000", "[::1]:22"),
            ("01002F7661722F72756E2F780000603B", "unix:/var/run/x"),
            ("010000616200", "unix:@ab"),
            ("100000000000000000000000", "family:16"),
        ] {
            assert_eq!(address(&hex(text.as_bytes()).unwrap()).unwrap().to_string(), shown);
        }
        assert_eq!(address(&[2, 0, 0]), None);
    }
}
