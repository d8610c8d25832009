//! All that bpftrace printed turned into events.

use std::collections::HashMap;

use lab_model::{
    Action, Connect, Exec, Exit, Fork, LossCause, Open, OpenFlags, Outcome, Payload, ProcessRef, Rename,
    Text, Unlink,
};
use serde_json::Map;

use super::{
    TEXT_BYTES,
    record::{self, Line, Record},
    script,
};
use crate::{
    Clock, Decoded,
    auditd::sockaddr,
    flags::{AT_REMOVEDIR, CLONE_THREAD, CREAT},
    stream::{Stream, When, lines},
};

/// A call that has begun.
struct Begun {
    line: usize,
    ns: u64,
    pid: u32,
    call: u32,
    arguments: [u64; 2],
    first: Vec<u8>,
    /// read when the call returned
    first_again: Option<Vec<u8>>,
    second: Vec<u8>,
    second_again: Option<Vec<u8>>,
    /// an address, or what openat2 is given
    bytes: Option<Vec<u8>>,
    lines: u64,
}

/// Turns what bpftrace printed into the events of `instance`. The clock of its records is the boot clock: none is needed.
pub fn decode(log: &[u8], instance: &str, _clock: Clock) -> Decoded {
    let mut stream = Stream::on_boot_clock("bpftrace", instance);
    let mut records = Vec::new();
    for line in lines(log) {
        match record::parse(line.text) {
            Ok(Line::Record(record)) => records.push((line.number, record)),
            Ok(Line::Lost(count)) => stream.dropped(count),
            Ok(Line::Other) => stream.belongs(),
            Err(problem) => stream.unreadable(line.number, None, problem),
        }
    }
    // Each processor has a buffer of its own.
    records.sort_by_key(|(_, record)| record.ns);
    let mut begun: HashMap<u32, Begun> = HashMap::new();
    for (line, record) in records {
        if let Err(problem) = one(&mut stream, &mut begun, line, &record) {
            stream.unreadable(line, Some(record.ns), problem);
        }
    }
    let in_flight: u64 = begun.values().map(|begun| begun.lines).sum();
    stream.balance.in_flight += in_flight;
    stream.balance.produced += in_flight;
    stream.finish()
}

fn one(
    stream: &mut Stream<'_>,
    begun: &mut HashMap<u32, Begun>,
    line: usize,
    record: &Record,
) -> Result<(), &'static str> {
    let Record { sign, ns, pid, tid, rest } = record;
    match sign {
        b'<' => {
            let [call, one, two, text] = words(rest).ok_or("a call without its arguments")?;
            let call = number(call).ok_or("a call without its number")?;
            let arguments = [number(one).ok_or("no argument")?, number(two).ok_or("no argument")?];
            begin(
                stream,
                begun,
                *tid,
                Begun { arguments, first: text.to_vec(), ..begin_at(line, record, call) },
            );
        }
        b'f' => {
            let [call, flags] = words(rest).ok_or("a making without its flags")?;
            let call = number(call).ok_or("a making without its number")?;
            let arguments = [number(flags).ok_or("a making without its flags")?, 0];
            begin(stream, begun, *tid, Begun { arguments, ..begin_at(line, record, call) });
        }
        b'@' => {
            let [call, bytes] = words(rest).ok_or("an address without its call")?;
            let call = number(call).ok_or("a call without its number")?;
            let bytes = Some(record::bytes(bytes).ok_or("an address that is none")?);
            begin(stream, begun, *tid, Begun { bytes, ..begin_at(line, record, call) });
        }
        b'+' | b'=' | b'~' | b'*' => {
            let Some(begun) = begun.get_mut(tid) else { return Err("a part of no call") };
            match sign {
                b'+' => begun.second = rest.clone(),
                b'~' => begun.first_again = Some(rest.clone()),
                b'*' => begun.second_again = Some(rest.clone()),
                _ => begun.bytes = Some(record::bytes(rest).ok_or("bytes that are none")?),
            }
            begun.lines += 1;
        }
        b'>' => {
            let [call, result] = words(rest).ok_or("a return without its result")?;
            let call: u32 = number(call).ok_or("a return without its call")?;
            let result = number::<i64>(result).ok_or("a return without its result")?;
            let found = take(begun, *tid, *pid, call);
            let Some(found) = found else {
                stream.lost_here(
                    line,
                    LossCause::ExitWithoutEnter,
                    (*ns, *ns),
                    action(call),
                    "no call began",
                );
                return Ok(());
            };
            end(stream, line, *ns, found, image(*pid, *tid), Outcome::from_ret(result));
        }
        b'x' => {
            let code: i32 = number(rest).ok_or("an end without its code")?;
            let exit = Exit { code: Some(code & 0xff), signal: None };
            stream.event(line, When::at(Some(*ns)), image(*pid, *tid), exit, Map::new());
        }
        _ => return Err("a sign that the script does not print"),
    }
    Ok(())
}

fn begin_at(line: usize, record: &Record, call: u32) -> Begun {
    Begun {
        line,
        ns: record.ns,
        pid: record.pid,
        call,
        arguments: [0; 2],
        first: Vec::new(),
        first_again: None,
        second: Vec::new(),
        second_again: None,
        bytes: None,
        lines: 1,
    }
}

fn begin(stream: &mut Stream<'_>, begun: &mut HashMap<u32, Begun>, tid: u32, new: Begun) {
    let ns = new.ns;
    let Some(old) = begun.insert(tid, new) else { return };
    (1..old.lines).for_each(|_| stream.belongs());
    let what = "it has no end, though its thread went on";
    stream.lost_here(old.line, LossCause::EnterWithoutExit, (old.ns, ns), action(old.call), what);
}

/// The call that returns; a thread that replaces its process returns as the first one.
fn take(begun: &mut HashMap<u32, Begun>, tid: u32, pid: u32, call: u32) -> Option<Begun> {
    if begun.get(&tid).is_some_and(|begun| begun.call == call) {
        return begun.remove(&tid);
    }
    let mut others = begun.iter().filter(|(_, begun)| begun.pid == pid && begun.call == call);
    let other = others.next().map(|(tid, _)| *tid).filter(|_| action(call) == Some(Action::Exec));
    begun.remove(&other?)
}

fn action(call: u32) -> Option<Action> {
    Some(match script::name(call)? {
        "execve" | "execveat" => Action::Exec,
        "unlink" | "unlinkat" | "rmdir" => Action::Unlink,
        "rename" | "renameat" | "renameat2" => Action::Rename,
        "connect" => Action::Connect,
        "clone" | "clone3" | "fork" | "vfork" => Action::Fork,
        _ => Action::Open,
    })
}

fn end(stream: &mut Stream<'_>, line: usize, ns: u64, begun: Begun, image: ProcessRef, result: Outcome) {
    (0..begun.lines).for_each(|_| stream.belongs());
    match payload(&begun, result) {
        // The line of its end makes no event.
        Ok(None) => stream.belongs(),
        Ok(Some(payload)) => {
            let when = When { wall_ns: Some(ns), began_ns: Some(begun.ns), error_ns: 0 };
            stream.event(line, when, image, payload, Map::new());
        }
        Err(problem) => {
            stream.lost_here(line, LossCause::Unreadable, (begun.ns, ns), action(begun.call), problem);
        }
    }
}

/// What the call did; nothing if it made a thread, or failed to make anything.
fn payload(begun: &Begun, result: Outcome) -> Result<Option<Payload>, &'static str> {
    let first = || text(&begun.first, begun.first_again.as_deref());
    let [one, two] = begun.arguments;
    Ok(Some(match script::name(begun.call).ok_or("a call that is not asked for")? {
        "execve" | "execveat" => Exec {
            path: first()?,
            argv: None,
            argv_truncated: false,
            exe: None,
            file: None,
            executable: None,
            result,
        }
        .into(),
        "open" => open(first()?, one, result),
        "openat" => open(first()?, two, result),
        "openat2" => {
            let how = begun.bytes.as_ref().and_then(|bytes| bytes.get(..8)?.try_into().ok());
            open(first()?, how.map(u64::from_le_bytes).ok_or("an openat2 without its flags")?, result)
        }
        "creat" => open(first()?, u64::from(CREAT), result),
        "unlink" => Unlink { path: first()?, directory: false, result }.into(),
        "rmdir" => Unlink { path: first()?, directory: true, result }.into(),
        "unlinkat" => Unlink { path: first()?, directory: two & AT_REMOVEDIR != 0, result }.into(),
        "connect" => {
            let address = begun.bytes.as_deref().and_then(sockaddr::address);
            Connect { address: address.ok_or("an address that could not be read")?, result, later: None }
                .into()
        }
        "clone" | "clone3" | "fork" | "vfork" => match result {
            Outcome::Ok(child) if one & CLONE_THREAD == 0 => {
                let child = u32::try_from(child).map_err(|_| "a child that is none")?;
                Fork { child, child_start_ns: None }.into()
            }
            _ => return Ok(None),
        },
        _ => {
            Rename { from: first()?, to: text(&begun.second, begun.second_again.as_deref())?, result }.into()
        }
    }))
}

fn open(path: Text, flags: u64, result: Outcome) -> Payload {
    // Only openat2 has more than 32 bits, and those are no `O_*`.
    let flags = OpenFlags(flags as u32);
    Open { path, flags, late_path: false, opened: None, result }.into()
}

/// A text that is known whole.
fn text(before: &[u8], after: Option<&[u8]>) -> Result<Text, &'static str> {
    let known = match (before, after) {
        ([], Some(after)) => after,
        ([], None) => return Err("a text whose memory was not there when the call began"),
        (before, _) => before,
    };
    if known.len() > TEXT_BYTES { Err("a text that bpftrace cut") } else { Ok(known.into()) }
}

/// The words before the last, and the last, which may hold blanks.
fn words<const N: usize>(rest: &[u8]) -> Option<[&[u8]; N]> {
    let words: Vec<&[u8]> = rest.splitn(N, |byte| *byte == b' ').collect();
    words.try_into().ok()
}

fn number<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn image(pid: u32, tid: u32) -> ProcessRef {
    ProcessRef { pid: Some(pid), tid: Some(tid), ..ProcessRef::default() }
}
