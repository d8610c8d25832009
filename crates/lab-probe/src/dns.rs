//! The question in a DNS query, and records from which everything else of it has been taken out.
//!
//! Source: RFC 1035, sections 4.1.1 and 4.1.2.

use std::mem::offset_of;

use lab_abi::{Head, record::TEXTS};

use crate::record::Record;

/// The record of a send with the questions in place of the messages: nothing else of them goes further.
pub(crate) fn reduce(record: &Record<'_>) -> Vec<u8> {
    let start = record.text_range(1).start;
    let mut out = record.bytes()[..start].to_vec();
    let mut lengths = [record.head.text[0], 0, 0];
    for (index, length) in lengths.iter_mut().enumerate().skip(1) {
        let question = question(record.text(index)).unwrap_or_default();
        *length = question.len() as u32;
        out.extend_from_slice(&question);
    }
    let len = out.len() as u32;
    let mut put = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    put(offset_of!(Head, len), len);
    for (index, length) in lengths.into_iter().enumerate().take(TEXTS) {
        put(offset_of!(Head, text) + index * 4, length);
    }
    out
}

/// `name TYPE` of a query's first question; `None` for what is no query.
fn question(message: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = message.split_first_chunk::<12>()?;
    let is_query = header[2] & 0x80 == 0 && (header[4], header[5]) != (0, 0);
    let mut name = Vec::new();
    loop {
        let (length, behind) = rest.split_first()?;
        // A compressed name has nothing before it that it could point to.
        if *length > 63 || name.len() > 255 {
            return None;
        }
        let (label, behind) = behind.split_at_checked(usize::from(*length))?;
        rest = behind;
        if label.is_empty() {
            break;
        }
        name.extend_from_slice(label);
        name.push(b'.');
    }
    // The root's own name is the dot alone.
    if name.pop().is_none() {
        name.push(b'.');
    }
    let kind = u16::from_be_bytes(*rest.first_chunk::<2>()?);
    name.push(b' ');
    match TYPES.iter().find(|(number, _)| *number == kind) {
        Some((_, word)) => name.extend_from_slice(word.as_bytes()),
        None => name.extend_from_slice(format!("TYPE{kind}").as_bytes()),
    }
    is_query.then_some(name)
}

/// The types that are asked for; others are written as RFC 3597 has it.
const TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (15, "MX"),
    (16, "TXT"),
    (28, "AAAA"),
    (33, "SRV"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (255, "ANY"),
];

#[cfg(test)]
mod tests {
    use super::question;

    const HEADER: [u8; 12] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];

    fn asked(rest: &[u8]) -> Option<String> {
        question(&[&HEADER, rest].concat()).map(|question| String::from_utf8(question).unwrap())
    }

    #[test]
    fn names_and_types() {
        assert_eq!(asked(b"\x03www\x07example\0\0\x1c\0\x01and more").unwrap(), "www.example AAAA");
        assert_eq!(asked(b"\0\0\x63\0\x01").unwrap(), ". TYPE99");
    }

    #[test]
    fn what_is_no_query_is_nothing() {
        for rest in [&b"\x03ww"[..], b"\xc0\x0c\0\x01", b"\x01a\0\0", b""] {
            assert_eq!(asked(rest), None, "{rest:?}");
        }
        assert_eq!(question(b"GET / HTTP/1.1\r\n\r\n"), None);
        let mut answer = HEADER.to_vec();
        answer[2] = 0x80;
        answer.extend(b"\x01a\0\0\x01\0\x01");
        assert_eq!(question(&answer), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(message: Vec<u8>) {
            let _ = question(&message);
        }
    }
}
