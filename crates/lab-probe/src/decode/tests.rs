//! Spools made by hand: gaps, cuts, damage.

use std::collections::BTreeMap;

use lab_abi::{Cause, Head, Kind, Loss, LossRecord, record::BODY};
use lab_model::{LossCause, Payload, spool};

use super::{Decoded, decode_bytes};
use crate::spool::{Header, LAYOUT, frame};

fn header() -> Header {
    Header {
        layout: LAYOUT,
        version: "0.0.0".to_owned(),
        object: String::new(),
        boot_id: String::new(),
        kernel: String::new(),
        scope: "/cg".to_owned(),
        scope_id: 1,
        scope_level: 1,
        ring_bytes: 4096,
        threads: 1,
        offsets: BTreeMap::new(),
        attached: Vec::new(),
        refused: Vec::new(),
        ready_ns: 5,
    }
}

fn start() -> Vec<u8> {
    let mut out = spool::MAGIC.to_vec();
    spool::push_frame(&mut out, frame::HEADER, &serde_json::to_vec(&header()).unwrap());
    out
}

/// An exit record with this number and time on CPU 0; all else zero.
fn record(seq: u64, time: u64) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<Head>() + BODY];
    let len = bytes.len() as u32;
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(std::mem::offset_of!(Head, len), &len.to_ne_bytes());
    put(std::mem::offset_of!(Head, kind), &(Kind::Exit as u16).to_ne_bytes());
    put(std::mem::offset_of!(Head, seq), &seq.to_ne_bytes());
    put(std::mem::offset_of!(Head, exit), &time.to_ne_bytes());
    bytes
}

fn losses(decoded: &Decoded) -> Vec<(LossCause, Option<u64>, u64, Option<u64>)> {
    let loss = |payload: &Payload| match payload {
        Payload::Loss(loss) => Some((loss.cause, loss.count, loss.first_ns, loss.last_ns)),
        _ => None,
    };
    decoded.events.iter().filter_map(|event| loss(&event.payload)).collect()
}

#[test]
fn a_gap_that_was_not_told_is_a_loss() {
    let mut spool = start();
    spool::push_frame(&mut spool, frame::RECORDS, &[record(1, 10), record(4, 20)].concat());
    let decoded = decode_bytes(&spool, "p").unwrap();
    let killed = (LossCause::Killed, None, 5, None);
    assert_eq!(losses(&decoded), [killed, (LossCause::Gap, Some(2), 10, Some(20))]);
}

#[test]
fn a_gap_that_was_told_is_one_loss() {
    let told = LossRecord::new(0, Cause::RingFull, 19, Loss { count: 2, first: 12, last: 15 });
    let mut spool = start();
    let records = [record(1, 10), told.to_bytes().to_vec(), record(4, 20)].concat();
    spool::push_frame(&mut spool, frame::RECORDS, &records);
    spool::push_frame(&mut spool, frame::HEARTBEAT, &30u64.to_le_bytes());
    let decoded = decode_bytes(&spool, "p").unwrap();
    let told = (LossCause::ReserveFailed, Some(2), 12, Some(15));
    assert_eq!(losses(&decoded), [told, (LossCause::Killed, None, 30, None)]);
}

#[test]
fn another_layout_is_refused() {
    let mut spool = spool::MAGIC.to_vec();
    let body = serde_json::to_vec(&Header { layout: 9, ..header() }).unwrap();
    spool::push_frame(&mut spool, frame::HEADER, &body);
    assert_eq!(decode_bytes(&spool, "p").unwrap_err(), "its records have layout 9, expected 2");
}

proptest::proptest! {
    #[test]
    fn a_cut_spool_keeps_its_whole_frames(cut in 0usize..2000) {
        let mut spool = start();
        let first = spool.len();
        for n in 1..4 {
            spool::push_frame(&mut spool, frame::RECORDS, &record(n, n * 10));
        }
        let frame = (spool.len() - first) / 3;
        let cut = first + cut % (spool.len() - first);
        let decoded = decode_bytes(&spool[..cut], "p").unwrap();
        assert_eq!(decoded.events.len(), (cut - first) / frame + 1);
        assert_eq!(losses(&decoded).len(), 1);
    }

    #[test]
    fn any_records_are_read_or_counted(bytes: Vec<u8>, kind in 0u16..12) {
        let mut record = record(1, 10);
        record[4..6].copy_from_slice(&kind.to_ne_bytes());
        record.extend(bytes);
        let mut spool = start();
        spool::push_frame(&mut spool, frame::RECORDS, &record);
        decode_bytes(&spool, "p").unwrap();
    }
}
