//! From the ring buffer to the spool: redacts, watches for markers, counts what was written.

use std::collections::BTreeMap;

use lab_abi::{Call, Kind, LossRecord};
use lab_model::redact::redact_in_place;

use crate::{
    Error,
    decode::mount::is_source,
    dns, kernel, load, marker,
    record::{Record, order_path, strings},
    spool::{Writer, frame},
};

/// Bytes of records that are gathered into one frame, and so one write.
const BATCH: usize = 256 << 10;

const KINDS: usize = Kind::EVENTS.len() + 1;

/// What has been read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) markers: marker::Markers,
    /// records in the spool, by kind
    pub(crate) received: BTreeMap<Kind, u64>,
    /// records read but not written, by kind
    pub(crate) unwritten: BTreeMap<Kind, u64>,
    /// secrets masked
    pub(crate) redacted: u64,
    /// records that could not be read
    pub(crate) unreadable: u64,
    /// how old each record was when it was read, ns, where that is asked for
    pub(crate) ages: Option<Vec<u64>>,
    batch: Vec<u8>,
    /// by number of kind
    in_batch: Counts,
    clean: Clean,
}

/// A number for each kind.
#[derive(Debug)]
struct Counts([u64; KINDS]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; KINDS])
    }
}

/// Texts in which no secret was found lately. The same few names and paths come again and again.
#[derive(Debug)]
struct Clean([Vec<u8>; 64]);

impl Default for Clean {
    fn default() -> Self {
        Self([const { Vec::new() }; 64])
    }
}

impl Clean {
    /// Longer texts are seldom the same.
    const LONGEST: usize = 128;

    /// Masks the secrets in a text; says how many.
    fn redact(&mut self, text: &mut [u8]) -> u64 {
        let [Some(first), Some(last)] = [text.first(), text.last()] else { return 0 };
        let place = text.len() + 5 * usize::from(*last) + 17 * usize::from(text[text.len() / 2]);
        let known = &mut self.0[(place + usize::from(*first)) % 64];
        if known == text {
            return 0;
        }
        let found = redact_in_place(text) as u64;
        if found == 0 && text.len() <= Self::LONGEST {
            known.clear();
            known.extend_from_slice(text);
        }
        found
    }
}

/// Takes everything that is in the ring buffer now and writes it; markers seen on the way are appended to `seen`.
pub(crate) fn drain(
    reader: &mut Reader,
    programs: &mut load::Programs,
    spool: &mut Writer,
    seen: &mut Vec<marker::Seen>,
) -> Result<(), Error> {
    while let Some(item) = programs.records.next() {
        reader.take(&item, seen);
        drop(item);
        if reader.batch.len() >= BATCH {
            reader.write(spool)?;
        }
    }
    reader.write(spool)
}

impl Reader {
    fn take(&mut self, bytes: &[u8], seen: &mut Vec<marker::Seen>) {
        let at = self.batch.len();
        if is_loss(bytes) {
            self.batch.extend_from_slice(bytes);
            return;
        }
        let Some(mut record) = Record::parse(bytes) else {
            self.unreadable += 1;
            return;
        };
        if let Some(ages) = &mut self.ages {
            ages.push(kernel::boot_ns().saturating_sub(record.head.exit));
        }
        let reduced = (record.kind == Kind::Send).then(|| dns::reduce(&record));
        if let Some(reduced) = reduced.as_deref().and_then(Record::parse) {
            record = reduced;
        }
        let bytes = record.bytes();
        self.batch.extend_from_slice(bytes);
        let copy = &mut self.batch[at..];
        if matches!(record.kind, Kind::Exec | Kind::Open | Kind::Read | Kind::Write) {
            order_path(&mut copy[record.text_range(2)]);
        }
        if record.kind == Kind::Write {
            order_path(&mut copy[record.text_range(1)]);
        }
        if record.head.call == Call::Fsconfig.code() && !is_source(record.text(0)) {
            // A value may be a password. Beginning with its key it could be told; it stands by itself.
            copy[record.text_range(1)].fill(b'*');
        }
        for range in strings(&record) {
            self.redacted += self.clean.redact(&mut copy[range]);
        }
        self.markers.look(&record, bytes, seen);
        self.in_batch.0[record.kind as usize] += 1;
    }

    /// Writes the gathered records; they count as received only then.
    pub(crate) fn write(&mut self, spool: &mut Writer) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        spool.push(frame::RECORDS, &self.batch);
        self.batch.clear();
        let result = spool.flush();
        let to = if result.is_ok() { &mut self.received } else { &mut self.unwritten };
        let counts = std::mem::take(&mut self.in_batch);
        for &kind in Kind::EVENTS {
            let count = counts.0[kind as usize];
            if count > 0 {
                *to.entry(kind).or_default() += count;
            }
        }
        result
    }

    /// Takes what is left without writing it: the spool cannot be written any more.
    pub(crate) fn discard(&mut self, programs: &mut load::Programs) {
        while let Some(item) = programs.records.next() {
            if let Some(record) = Record::parse(&item) {
                *self.unwritten.entry(record.kind).or_default() += 1;
            }
        }
    }
}

/// How old records were, in microseconds: half of them at most, 99 of 100, the oldest.
pub(crate) fn quantiles(ages: &mut [u64]) -> String {
    ages.sort_unstable();
    let at = |percent: usize| ages.get((ages.len() * percent / 100).min(ages.len().saturating_sub(1)));
    let us = |percent: usize| at(percent).copied().unwrap_or(0) as f64 / 1000.0;
    let (half, ninety, most, all) = (us(50), us(90), us(99), us(100));
    let count = ages.len();
    format!(
        "{count} records were read after {half:.1} us (median), {ninety:.1} (90 %), {most:.1} (99 %), {all:.1} (all)"
    )
}

/// Is it a record of loss?
pub(crate) fn is_loss(bytes: &[u8]) -> bool {
    bytes.len() == size_of::<LossRecord>() && bytes[4..6] == (Kind::Loss as u16).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::Clean;

    #[test]
    fn a_text_that_was_clean_is_known_and_one_like_it_is_not() {
        let mut clean = Clean::default();
        let mut redacted = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let found = clean.redact(&mut bytes);
            (found, String::from_utf8(bytes).unwrap())
        };
        for _ in 0..2 {
            assert_eq!(redacted("token=@bcdefg1"), (1, "token=********".to_owned()));
            assert_eq!(redacted("taken=@bcdefg1"), (0, "taken=@bcdefg1".to_owned()));
            assert_eq!(redacted(""), (0, String::new()));
        }
    }
}
