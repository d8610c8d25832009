//! Values that arguments stand for: numbers, texts, flags, addresses, results.

use std::str::FromStr;

use lab_model::{Address, Errno, OpenFlags, Outcome, Text};

use super::{line::fixed, token};

/// A decimal or hexadecimal number; octal with a leading 0.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    let text = token::word(text)?;
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|n| n as i64);
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// A path argument. A pointer that could not be followed (`NULL`, `0x7ff..`) is an empty text.
pub(crate) fn path(text: &[u8]) -> Option<(Text, Remark)> {
    if let Some(literal) = token::literal(text) {
        return Some((literal.bytes.into(), if literal.cut { Remark::Cut } else { Remark::None }));
    }
    (text == b"NULL" || text.starts_with(b"0x")).then(|| (Text::default(), Remark::Pointer))
}

/// What is to be said of an argument beside its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    None,
    /// longer than strace keeps
    Cut,
    /// strace could not follow the pointer
    Pointer,
}

/// `O_RDONLY|O_CLOEXEC|0x4000000 /* O_??? */`.
pub(crate) fn open_flags(text: &[u8]) -> Option<OpenFlags> {
    flags(text).map(|bits| OpenFlags(bits.fold(0, |all, bits| all | bits)))
}

fn flags(text: &[u8]) -> Option<impl Iterator<Item = u32>> {
    let words: Option<Vec<u32>> = token::word(text)?.split('|').map(flag).collect();
    words.map(Vec::into_iter)
}

fn flag(word: &str) -> Option<u32> {
    let word = word.split(" /*").next().unwrap_or(word).trim();
    match word {
        "O_ACCMODE" => Some(3),
        "__O_SYNC" => Some(0o4000000),
        "__O_TMPFILE" => Some(0o20000000),
        word if word.starts_with(|c: char| c.is_ascii_digit()) => {
            number(word.as_bytes()).and_then(|n| u32::try_from(n).ok())
        }
        word => OpenFlags::bits_of(word),
    }
}

/// A user or group id; -1 is `None`.
pub(crate) fn id(text: &[u8]) -> Option<Option<u32>> {
    match number(text)? {
        -1 | 0xffff_ffff => Some(None),
        n => u32::try_from(n).ok().map(Some),
    }
}

/// `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`, or the same for IPv6 and Unix. A pointer
/// that could not be followed is no address.
pub(crate) fn address(text: &[u8]) -> Option<Address> {
    if text == b"NULL" || text.starts_with(b"0x") {
        return Some(Address::Other { number: 0 });
    }
    let members = token::members(text, b'{')?;
    let family = token::word(token::member(&members, "sa_family")?)?;
    let known = match family {
        "AF_INET" => inet(&members),
        "AF_INET6" => inet6(&members),
        "AF_UNIX" | "AF_LOCAL" => unix(&members),
        _ => None,
    };
    known.or_else(|| family_number(family).map(|number| Address::Other { number }))
}

fn port(members: &[&[u8]], name: &str) -> Option<u16> {
    number(token::inside(token::member(members, name)?, "htons")?).and_then(|n| u16::try_from(n).ok())
}

fn quoted<T: FromStr>(text: &[u8]) -> Option<T> {
    String::from_utf8(token::literal(text)?.bytes).ok()?.parse().ok()
}

fn inet(members: &[&[u8]]) -> Option<Address> {
    let ip = quoted(token::inside(token::member(members, "sin_addr")?, "inet_addr")?)?;
    Some(Address::Inet { ip, port: port(members, "sin_port")? })
}

fn inet6(members: &[&[u8]]) -> Option<Address> {
    // strace writes the address as the call that would make it: `inet_pton(AF_INET6, "::1", &sin6_addr)`.
    let call = members.iter().find_map(|member| {
        let at = member.windows(10).position(|w| w == b"inet_pton(")?;
        token::arguments(&member[at + 10..])
    });
    let ip = quoted(call?.0.get(1)?)?;
    Some(Address::Inet6 { ip, port: port(members, "sin6_port")? })
}

fn unix(members: &[&[u8]]) -> Option<Address> {
    let Some(path) = token::member(members, "sun_path") else {
        return Some(Address::Unix { path: Text::default(), is_abstract: false });
    };
    let (path, is_abstract) = path.strip_prefix(b"@").map_or((path, false), |name| (name, true));
    Some(Address::Unix { path: token::literal(path)?.bytes.into(), is_abstract })
}

/// `AF_*` of the kernel's include/linux/socket.h; a number stands for itself.
fn family_number(name: &str) -> Option<u16> {
    const FAMILIES: &[(&str, u16)] = &[
        ("AF_UNSPEC", 0),
        ("AF_UNIX", 1),
        ("AF_LOCAL", 1),
        ("AF_INET", 2),
        ("AF_AX25", 3),
        ("AF_IPX", 4),
        ("AF_X25", 9),
        ("AF_INET6", 10),
        ("AF_NETLINK", 16),
        ("AF_PACKET", 17),
        ("AF_RDS", 21),
        ("AF_CAN", 29),
        ("AF_TIPC", 30),
        ("AF_BLUETOOTH", 31),
        ("AF_ALG", 38),
        ("AF_NFC", 39),
        ("AF_VSOCK", 40),
        ("AF_KCM", 41),
        ("AF_QIPCRTR", 42),
        ("AF_SMC", 43),
        ("AF_XDP", 44),
    ];
    let word = name.split(" /*").next().unwrap_or(name);
    let named = FAMILIES.iter().find(|(known, _)| *known == word).map(|(_, number)| *number);
    named.or_else(|| number(word.as_bytes()).and_then(|n| u16::try_from(n).ok()))
}

/// What stands behind `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// `None` if the call never returned
    pub(crate) outcome: Option<Outcome>,
    /// the kernel was to make the call again: the process sees that it was interrupted, or nothing at all
    pub(crate) restarted: bool,
    /// how long it took, where it is said
    pub(crate) took_ns: Option<u64>,
}

/// ` = 3 <0.000012>`, ` = -1 ENOENT (No such file or directory)`, ` = ?`, ` = ? ERESTARTSYS (..)`.
pub(crate) fn ending(text: &[u8]) -> Option<Ending> {
    let text = token::word(text.trim_ascii())?.strip_prefix("= ")?;
    // Killed between the stop at the call's end and strace's look at it.
    let text = text.strip_suffix(" <unavailable>").unwrap_or(text);
    let (text, took_ns) = match text.strip_suffix('>').and_then(|t| t.rsplit_once(" <")) {
        Some((text, took)) => {
            let (seconds, fraction) = took.split_once('.')?;
            (text, Some(fixed(seconds, fraction)?))
        }
        None => (text, None),
    };
    let mut words = text.split(' ');
    let (value, name) = (words.next()?, words.next());
    let ending = |outcome, restarted| Some(Ending { outcome, restarted, took_ns });
    match (value, name) {
        ("?", None) => ending(None, false),
        ("?", Some(name)) if name.starts_with("ERESTART") => ending(Some(Outcome::Errno(Errno(4))), true),
        ("?", Some(_)) => ending(None, false),
        ("-1", Some(name)) if name.starts_with('E') => {
            let errno = name.parse().ok()?;
            ending(Some(Outcome::Errno(errno)), false)
        }
        (value, _) => ending(Some(Outcome::from_ret(number(value.as_bytes())?)), false),
    }
}
