//! What tcpdump says at its end of the packets that it got and did not get.

/// Its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// written
    pub captured: u64,
    /// had no room to wait in, or were dropped by the interface
    pub dropped: u64,
}

impl Statistics {
    /// Reads the lines that it says on standard error; `None` if one is missing that it always says.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut captured, mut by_kernel, mut by_interface) = (None, None, 0);
        for line in lines {
            let Some((number, what)) = line.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "packet captured" | "packets captured" => captured = Some(number),
                "packet dropped by kernel" | "packets dropped by kernel" => by_kernel = Some(number),
                "packet dropped by interface" | "packets dropped by interface" => by_interface = number,
                _ => {}
            }
        }
        Some(Self { captured: captured?, dropped: by_kernel?.saturating_add(by_interface) })
    }
}

#[cfg(test)]
mod tests {
    use super::Statistics;

    #[test]
    fn as_it_says_them() {
        let said = [
            "tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 1024 bytes",
            "1 packet captured",
            "24 packets received by filter",
            "3 packets dropped by kernel",
            "2 packets dropped by interface",
        ];
        assert_eq!(Statistics::parse(said), Some(Statistics { captured: 1, dropped: 5 }));
        assert_eq!(Statistics::parse(said[..4].iter().copied()).unwrap().dropped, 3);
        assert_eq!(Statistics::parse(said[..3].iter().copied()), None);
    }
}
