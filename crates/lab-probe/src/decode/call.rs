//! What happened, from the arguments and texts alone: the kinds without a body.

use lab_abi::{Call, TextAt, send};
use lab_model::{
    Chmod, Chown, HardLink, Id, Listen, Mkdir, Mknod, Mode, Outcome, Payload, Send, Size, Symlink, Text,
    Truncate,
};
use serde_json::Value;

use super::{Raw, address::address, payload::dirfd};
use crate::record::Record;

/// The payload, and what has no place in it.
pub(super) fn payload(record: &Record<'_>, result: Outcome, raw: &mut Raw) -> Option<Payload> {
    let call = Call::from_code(record.head.call)?;
    let args = Arguments { record, call };
    notes(&args, raw);
    let path = || args.text(0);
    Some(match call {
        Call::Mkdir => Mkdir { path: path(), mode: args.mode(1), result }.into(),
        Call::Mkdirat => Mkdir { path: path(), mode: args.mode(2), result }.into(),
        Call::Link | Call::Linkat => HardLink { from: path(), to: args.text(1), result }.into(),
        Call::Symlink | Call::Symlinkat => Symlink { path: args.text(1), to: path(), result }.into(),
        Call::Chmod => Chmod { path: Some(path()), mode: args.mode(1), result }.into(),
        Call::Fchmod => Chmod { path: None, mode: args.mode(1), result }.into(),
        Call::Fchmodat | Call::Fchmodat2 => Chmod { path: Some(path()), mode: args.mode(2), result }.into(),
        Call::Chown | Call::Lchown => {
            Chown { path: Some(path()), owner: args.id(1), group: args.id(2), result }.into()
        }
        Call::Fchown => Chown { path: None, owner: args.id(1), group: args.id(2), result }.into(),
        Call::Fchownat => Chown { path: Some(path()), owner: args.id(2), group: args.id(3), result }.into(),
        Call::Truncate => Truncate { path: Some(path()), length: args.long(1), result }.into(),
        Call::Ftruncate => Truncate { path: None, length: args.long(1), result }.into(),
        Call::Mknod => Mknod { path: path(), mode: args.mode(1), device: args.device(1), result }.into(),
        Call::Mknodat => Mknod { path: path(), mode: args.mode(2), device: args.device(2), result }.into(),
        Call::Listen => Listen { backlog: i64::from(args.word(1) as i32), result }.into(),
        Call::Sendto | Call::Sendmsg | Call::Sendmmsg => send(record, result, raw)?.into(),
        _ => return None,
    })
}

fn send(record: &Record<'_>, result: Outcome, raw: &mut Raw) -> Option<Send> {
    let body: send::Send = record.body()?;
    if body.messages > 1 {
        raw.insert("messages".to_owned(), Value::from(body.messages));
    }
    let questions: Vec<Text> = [1, 2]
        .map(|index| record.text(index))
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(Text::from)
        .collect();
    Some(Send {
        address: (!record.text(0).is_empty()).then(|| Box::new(address(record.text(0)))),
        questions: (!questions.is_empty()).then(|| questions.into()),
        length: (body.messages <= 2).then(|| u32::try_from(body.length).ok()).flatten().map(Size),
        result,
    })
}

/// Descriptors and flags that the payload has no place for.
fn notes(args: &Arguments<'_, '_>, raw: &mut Raw) {
    let (directories, descriptor, flags): (&[(&str, usize)], Option<usize>, Option<usize>) = match args.call {
        Call::Mkdirat | Call::Mknodat | Call::Fchmodat => (&[("dirfd", 0)], None, None),
        Call::Fchmodat2 => (&[("dirfd", 0)], None, Some(3)),
        Call::Fchownat => (&[("dirfd", 0)], None, Some(4)),
        Call::Symlinkat => (&[("dirfd", 1)], None, None),
        Call::Linkat => (&[("from_dirfd", 0), ("to_dirfd", 2)], None, Some(4)),
        Call::Fchmod | Call::Fchown | Call::Ftruncate | Call::Listen => (&[], Some(0), None),
        Call::Sendto | Call::Sendmmsg => (&[], Some(0), Some(3)),
        Call::Sendmsg => (&[], Some(0), Some(2)),
        _ => (&[], None, None),
    };
    for (name, at) in directories {
        dirfd(raw, name, args.word(*at) as i32);
    }
    if let Some(at) = descriptor {
        raw.insert("fd".to_owned(), Value::from(args.word(at) as i32));
    }
    if let Some(flags) = flags.map(|at| args.word(at)).filter(|flags| *flags != 0) {
        raw.insert("flags".to_owned(), Value::from(flags));
    }
}

struct Arguments<'r, 'a> {
    record: &'r Record<'a>,
    call: Call,
}

impl Arguments<'_, '_> {
    fn long(&self, at: usize) -> i64 {
        self.record.head.args[at] as i64
    }

    fn word(&self, at: usize) -> u32 {
        self.record.head.args[at] as u32
    }

    fn mode(&self, at: usize) -> Mode {
        Mode(self.word(at) & 0o177_777)
    }

    /// The device behind the mode that is argument `mode`; whatever is passed for what is no device means nothing.
    fn device(&self, mode: usize) -> u32 {
        let is_device = matches!(self.mode(mode).0 & 0o170_000, 0o20_000 | 0o60_000);
        if is_device { self.word(mode + 1) } else { 0 }
    }

    fn id(&self, at: usize) -> Id {
        Id(Some(self.word(at)).filter(|id| *id != u32::MAX))
    }

    /// Text `index` of the call's descriptor.
    fn text(&self, index: usize) -> Text {
        debug_assert_ne!(self.call.descriptor().texts[index].how, TextAt::NONE);
        Text::from(self.record.text(index))
    }
}
