//! Bytes read from a declared file, or written to one.

use lab_abi::{Call, Kind, data, flag};
use lab_model::{DataCall, FileId, Outcome, Payload, Protection, Read, Size, Text, Write};
use serde_json::Value;

use super::Raw;
use crate::record::Record;

/// The payload, and what has no place in it.
pub(super) fn payload(record: &Record<'_>, result: Outcome, raw: &mut Raw) -> Option<Payload> {
    let body: data::Data = record.body()?;
    let called = Call::from_code(record.head.call)?;
    let call: DataCall = called.name().parse().ok()?;
    let file = Some(FileId { dev: u64::from(body.dev), ino: body.inode });
    let offset = (body.has_offset != 0).then_some(body.offset as i64);
    let length = u32::try_from(body.length).ok().map(Size);
    let protection = (called == Call::Mmap).then_some(Protection(body.protection));
    let path = path(record, 2);
    raw.insert("fd".to_owned(), Value::from(record.head.args[descriptor(called, record.kind)] as i32));
    Some(if record.kind == Kind::Write {
        let from = self::path(record, 1).filter(|_| record.head.text[1] != 0);
        Write { call, path, file, from, offset, length, protection, result }.into()
    } else {
        Read { call, path, file, offset, length, protection, result }.into()
    })
}

/// Which argument is the file's descriptor.
fn descriptor(call: Call, kind: Kind) -> usize {
    match (call, kind) {
        (Call::Mmap, _) => 4,
        (Call::Sendfile, Kind::Read) => 1,
        (Call::Splice | Call::CopyFileRange, Kind::Write) => 2,
        _ => 0,
    }
}

fn path(record: &Record<'_>, text: usize) -> Option<Text> {
    (!record.flag(flag::CUT << text)).then(|| Text::from(record.text(text)))
}
