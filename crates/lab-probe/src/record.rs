//! A record taken apart: head, body, texts.

use std::ops::Range;

use lab_abi::{
    Call, Head, Kind, Plain,
    record::{BODY, TEXTS},
};

/// One record in the bytes that hold it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) head: Head,
    pub(crate) kind: Kind,
    bytes: &'a [u8],
}

const BODY_AT: usize = size_of::<Head>();
const TEXT_AT: usize = BODY_AT + BODY;

impl<'a> Record<'a> {
    /// Reads one record that fills `bytes`; `None` if they cannot be one.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let head: Head = lab_abi::read(bytes)?;
        let kind = Kind::from_number(head.kind)?;
        let text: usize = head.text.iter().map(|len| *len as usize).sum();
        if kind == Kind::Loss || bytes.len() != head.len as usize || bytes.len() != TEXT_AT + text {
            return None;
        }
        Some(Self { head, kind, bytes })
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The body as a kind's struct.
    pub(crate) fn body<T: Plain>(&self) -> Option<T> {
        lab_abi::read(&self.bytes[BODY_AT..TEXT_AT])
    }

    /// Where text `index` is in the bytes.
    pub(crate) fn text_range(&self, index: usize) -> Range<usize> {
        let before: usize = self.head.text[..index].iter().map(|len| *len as usize).sum();
        let start = TEXT_AT + before;
        start..start + self.head.text[index] as usize
    }

    /// Text `index`.
    pub(crate) fn text(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.text_range(index)]
    }

    /// A bit of [`lab_abi::flag`], shifted by the text's index where it is one of a text.
    pub(crate) fn flag(&self, flag: u16) -> bool {
        self.head.flags & flag != 0
    }
}

/// Where a record's bytes hold strings of the process: what is searched for secrets and markers.
pub(crate) fn strings(record: &Record<'_>) -> [Range<usize>; TEXTS + 1] {
    let comm = std::mem::offset_of!(Head, comm);
    let [a, b, c] = [0, 1, 2].map(|index| record.text_range(index));
    let mut ranges = [a, b, c, comm..comm + size_of_val(&record.head.comm)];
    if matches!(record.kind, Kind::Connect | Kind::Bind | Kind::Accept | Kind::Send) {
        // A raw socket address: only a Unix one has a string, after its family.
        let unix = record.text(0).starts_with(&(nix::libc::AF_UNIX as u16).to_ne_bytes());
        ranges[0].start = if unix { ranges[0].start + 2 } else { ranges[0].end };
    }
    if record.kind == Kind::Mount && has_structure(record.head.call) {
        ranges[1].start = ranges[1].end;
    }
    if matches!(record.kind, Kind::Capability | Kind::Bpf | Kind::IoUring) {
        // Structures of numbers.
        ranges[..TEXTS].iter_mut().for_each(|range| range.start = range.end);
    }
    ranges
}

/// Does text 1 hold numbers?
fn has_structure(call: u32) -> bool {
    matches!(Call::from_code(call), Some(Call::OpenTreeAttr | Call::MountSetattr))
}

/// Puts the components that the kernel walked leaf first (`id/bin/usr/`) in order (`/usr/bin/id`), in place.
pub(crate) fn order_path(bytes: &mut [u8]) {
    bytes.reverse();
    for component in bytes.split_mut(|byte| *byte == b'/') {
        component.reverse();
    }
}

/// The length of the first record or loss record in `bytes`; `None` if it cannot be one.
pub(crate) fn first_len(bytes: &[u8]) -> Option<usize> {
    let len = u32::from_ne_bytes(*bytes.first_chunk::<4>()?) as usize;
    (len >= 8 && len <= bytes.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::{Record, first_len, order_path};

    #[test]
    fn paths_are_put_in_order() {
        let mut path = b"id/bin/usr/".to_vec();
        order_path(&mut path);
        assert_eq!(path, b"/usr/bin/id");
        order_path(&mut []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = first_len(&bytes);
            let _ = Record::parse(&bytes);
        }
    }
}
