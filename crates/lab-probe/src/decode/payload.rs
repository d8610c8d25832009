//! What happened, from a record's body and texts.

use lab_abi::{Call, Kind, accept, connect_later, exec, exit, flag, fork, open, setid, unlink};
use lab_model::{
    Accept, Bind, Connect, Errno, Exec, Executable, Exit, FileId, Fork, Open, OpenFlags, Opened, Outcome,
    Payload, Rename, SetId, SetIdCall, Text, Unlink,
};
use serde_json::Value;

use super::{Raw, address::address, call, data, process::ids};
use crate::record::Record;

/// unlinkat's `AT_REMOVEDIR`.
const AT_REMOVEDIR: u32 = 0x200;
/// The working directory, as a directory descriptor.
const AT_FDCWD: i32 = -100;

/// The payload, and what has no place in it; `None` for a refused fork or a record that cannot be one.
pub(super) fn payload(record: &Record<'_>) -> Option<(Payload, Raw)> {
    let mut raw = Raw::new();
    marks(record, &mut raw);
    let payload = match record.kind {
        Kind::Loss | Kind::ConnectLater => return None,
        Kind::Exec => exec(record, &mut raw)?.into(),
        Kind::Fork => fork(record)?.into(),
        Kind::Exit => exit(record)?.into(),
        Kind::Open => open(record, &mut raw)?.into(),
        Kind::Unlink => unlink(record, &mut raw)?.into(),
        Kind::Rename => rename(record, &mut raw)?.into(),
        Kind::Connect => {
            Connect { address: address(record.text(0)), later: None, result: result(record) }.into()
        }
        Kind::Bind => Bind { address: address(record.text(0)), result: result(record) }.into(),
        Kind::Accept => accept(record)?.into(),
        Kind::Setid => setid(record)?.into(),
        Kind::Read | Kind::Write => data::payload(record, result(record), &mut raw)?,
        _ => call::payload(record, result(record), &mut raw)?,
    };
    Some((payload, raw))
}

/// How the kernel's own codes for "this call is made again" look to the process: interrupted.
fn result(record: &Record<'_>) -> Outcome {
    match Outcome::from_ret(record.head.ret) {
        Outcome::Errno(Errno(512..=516)) => Outcome::Errno(Errno(4)),
        outcome => outcome,
    }
}

fn marks(record: &Record<'_>, raw: &mut Raw) {
    if record.flag(flag::NO_ENTER) {
        raw.insert("enter".to_owned(), Value::from("not seen"));
    }
    if (-516..=-512).contains(&record.head.ret) {
        raw.insert("restarted".to_owned(), Value::from(true));
    }
    for index in 0..lab_abi::record::TEXTS {
        for (bit, word) in [(flag::CUT, "cut"), (flag::UNREADABLE, "unreadable")] {
            if record.flag(bit << index) {
                raw.insert(format!("text_{index}"), Value::from(word));
            }
        }
    }
}

pub(super) fn dirfd(raw: &mut Raw, name: &str, fd: i32) {
    if fd != AT_FDCWD {
        raw.insert(name.to_owned(), Value::from(fd));
    }
}

fn exec(record: &Record<'_>, raw: &mut Raw) -> Option<Exec> {
    let body: exec::Exec = record.body()?;
    let image = body.argv_from == exec::ARGV_IMAGE;
    dirfd(raw, "dirfd", if body.dirfd == 0 { AT_FDCWD } else { body.dirfd });
    if !image {
        raw.insert("argv_from".to_owned(), Value::from("caller"));
    }
    let argv = record.text(1);
    let argv = argv.strip_suffix(b"\0").unwrap_or(argv);
    let exe = record.text(2);
    let whole = !record.flag(flag::CUT << 2) && !exe.is_empty();
    Some(Exec {
        path: Text::from(record.text(0)),
        argv: (!record.flag(flag::UNREADABLE << 1)).then(|| arguments(argv, record.head.text[1])),
        argv_truncated: record.flag(flag::CUT << 1),
        exe: whole.then(|| Text::from(exe)),
        file: (body.inode != 0).then(|| FileId { dev: u64::from(body.dev), ino: body.inode }),
        executable: (body.inode != 0).then(|| Box::new(executable(&body, argv))),
        result: result(record),
    })
}

/// What runs a script is the first argument of its image.
fn executable(body: &exec::Exec, argv: &[u8]) -> Executable {
    let interpreter = argv.split(|byte| *byte == 0).next().filter(|_| body.interpreted != 0);
    Executable {
        mode: body.file_mode,
        in_memory: body.in_memory != 0,
        deleted: body.links == 0 && body.in_memory == 0,
        interpreter: interpreter.map(Text::from),
    }
}

/// No bytes are no arguments; one NUL is one empty argument.
fn arguments(argv: &[u8], len: u32) -> Vec<Text> {
    if len == 0 { Vec::new() } else { argv.split(|byte| *byte == 0).map(Text::from).collect() }
}

fn fork(record: &Record<'_>) -> Option<Fork> {
    let body: fork::Fork = record.body()?;
    (record.head.ret > 0).then_some(Fork { child: body.tgid, child_start_ns: Some(body.start) })
}

fn exit(record: &Record<'_>) -> Option<Exit> {
    let status = record.body::<exit::Exit>()?.status;
    let signal = (status & 0x7f) as i32;
    let ended = Exit { code: Some((status >> 8 & 0xff) as i32), signal: None };
    Some(if signal == 0 { ended } else { Exit { code: None, signal: Some(signal) } })
}

fn open(record: &Record<'_>, raw: &mut Raw) -> Option<Open> {
    let body: open::Open = record.body()?;
    dirfd(raw, "dirfd", body.dirfd);
    let call = Call::from_code(record.head.call);
    if body.ring != 0 || call == Some(Call::OpenByHandleAt) {
        let by = if body.ring != 0 { "io_uring" } else { "open_by_handle_at" };
        raw.insert("by".to_owned(), Value::from(by));
    }
    for (name, value) in
        [("mode", body.mode), ("resolve", body.resolve), ("flags_unread", body.unread.into())]
    {
        if value != 0 {
            raw.insert(name.to_owned(), Value::from(value));
        }
    }
    Some(Open {
        path: Text::from(record.text(0)),
        flags: OpenFlags(body.flags as u32),
        late_path: record.flag(flag::TEXT_AT_EXIT),
        opened: opened(record, &body),
        result: result(record),
    })
}

fn opened(record: &Record<'_>, body: &open::Open) -> Option<Box<Opened>> {
    let whole = !record.flag(flag::CUT << 2);
    // The root has no name.
    let path = if record.text(2).is_empty() { b"/" } else { record.text(2) };
    let file = FileId { dev: u64::from(body.dev), ino: body.inode };
    let opened = Opened { path: whole.then(|| Text::from(path)), file, mode: body.file_mode, by_fd: true };
    (record.head.ret >= 0 && body.inode != 0).then(|| Box::new(opened))
}

/// How a connect ended; `None` if its caller closed the socket before that was known.
pub(super) fn later(body: &connect_later::ConnectLater) -> Option<Outcome> {
    match (body.state, body.error) {
        (connect_later::CONNECTED, _) => Some(Outcome::Ok(0)),
        (_, 0) => None,
        (_, error) => i32::try_from(error).ok().map(|error| Outcome::Errno(Errno(error))),
    }
}

fn unlink(record: &Record<'_>, raw: &mut Raw) -> Option<Unlink> {
    let body: unlink::Unlink = record.body()?;
    dirfd(raw, "dirfd", body.dirfd);
    let directory = body.flags & AT_REMOVEDIR != 0;
    Some(Unlink { path: Text::from(record.text(0)), directory, result: result(record) })
}

fn rename(record: &Record<'_>, raw: &mut Raw) -> Option<Rename> {
    let body: lab_abi::rename::Rename = record.body()?;
    dirfd(raw, "from_dirfd", body.from_dirfd);
    dirfd(raw, "to_dirfd", body.to_dirfd);
    if body.flags != 0 {
        raw.insert("flags".to_owned(), Value::from(body.flags));
    }
    let (from, to) = (Text::from(record.text(0)), Text::from(record.text(1)));
    Some(Rename { from, to, result: result(record) })
}

fn accept(record: &Record<'_>) -> Option<Accept> {
    let body: accept::Accept = record.body()?;
    let peer = (body.addr_len > 0).then(|| address(record.text(0)));
    Some(Accept { peer, result: result(record) })
}

fn setid(record: &Record<'_>) -> Option<SetId> {
    let body: setid::Setid = record.body()?;
    let call: SetIdCall = Call::from_code(record.head.call)?.name().parse().ok()?;
    let count = match call {
        SetIdCall::Setuid | SetIdCall::Setgid | SetIdCall::Setfsuid | SetIdCall::Setfsgid => 1,
        SetIdCall::Setgroups => 0,
        SetIdCall::Setreuid | SetIdCall::Setregid => 2,
        SetIdCall::Setresuid | SetIdCall::Setresgid => 3,
    };
    let requested = record.head.args.iter().take(count).map(|id| *id as u32);
    Some(SetId {
        call,
        requested: requested.map(|id| (id != u32::MAX).then_some(id)).collect(),
        before: (body.known != 0).then(|| ids(body.before)),
        after: Some(ids(record.head.ids)),
        result: result(record),
    })
}
