//! Field by field: what a step of a receipt says against what an event says.

use lab_model::{Call, Event, Exec, Field, Ids, Outcome, Payload, ProcessKey, Stamp, Step, TICK_NS, Text};

/// A field in which an event differs from the receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// its name, as in events
    pub field: String,
    /// what the receipt says
    pub expected: String,
    /// what the event says
    pub got: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: expected {}, got {}", self.field, self.expected, self.got)
    }
}

/// Everything in which `event` differs from `step`, of the fields that the sensor declares. What the receipt does not
/// know is not compared; what the event lacks although it is declared differs.
pub(crate) fn differences<'a>(
    step: &'a Step,
    event: &'a Event,
    fields: &'a [Field],
) -> impl Iterator<Item = Difference> + 'a {
    fields.iter().filter_map(move |&field| {
        let (expected, got) = of_process(field, &step.process, event)
            .or_else(|| of_payload(field, &step.payload, &event.payload))?;
        Some(Difference { field: format!("{field:?}").to_lowercase(), expected, got })
    })
}

/// True if both name the same object (path, peer, child), whatever else differs.
pub(crate) fn same_object(step: &Payload, event: &Payload) -> bool {
    match (step, event) {
        (Payload::Exec(a), Payload::Exec(b)) => a.path == b.path || a.argv.is_some() && a.argv == b.argv,
        (Payload::Fork(a), Payload::Fork(b)) => a.child == b.child,
        (Payload::SetId(a), Payload::SetId(b)) => a.call == b.call,
        (Payload::Open(a), Payload::Open(b)) => a.path == b.path,
        (Payload::Unlink(a), Payload::Unlink(b)) => a.path == b.path,
        (Payload::Rename(a), Payload::Rename(b)) => a.from == b.from || a.to == b.to,
        (Payload::Connect(a), Payload::Connect(b)) => a.address == b.address,
        (Payload::Bind(a), Payload::Bind(b)) => a.address == b.address,
        (Payload::Accept(_), Payload::Accept(_)) | (Payload::Exit(_), Payload::Exit(_)) => true,
        (Payload::Flow(a), Payload::Flow(b)) => a.destination == b.destination,
        (Payload::Dns(a), Payload::Dns(b)) => a.name == b.name,
        (Payload::Request(a), Payload::Request(b)) => a.uri == b.uri,
        (a, b) => a.action() == b.action() && a.call().zip(b.call()).is_some_and(|(a, b)| same_first(a, b)),
    }
}

/// True if the first part that both know is the same.
fn same_first(a: &dyn Call, b: &dyn Call) -> bool {
    let (a, b) = (a.parts(), b.parts());
    let mut known = a.iter().zip(&b).filter(|(a, b)| a.value.is_some() && b.value.is_some());
    known.next().is_none_or(|(a, b)| a == b)
}

type Pair = Option<(String, String)>;

fn of_process(field: Field, process: &Stamp, event: &Event) -> Pair {
    let image = &event.image;
    match field {
        Field::Ids => differ(process.ids, image.ids, show_ids),
        Field::Parent => differ(process.parent, image.parent.map(|parent| parent.pid), |pid| pid.to_string()),
        Field::Start => {
            let ok =
                image.start_ns.is_some_and(|start_ns| process.is(ProcessKey { pid: process.pid, start_ns }));
            let got = image.start_ns.map_or_else(unknown, |ns| format!("tick {}", ns / TICK_NS));
            (!ok).then(|| (format!("tick {}", process.start_ticks), got))
        }
        _ => None,
    }
}

fn of_payload(field: Field, step: &Payload, event: &Payload) -> Pair {
    match (step, event) {
        (Payload::Exec(a), Payload::Exec(b)) => match field {
            Field::Path => text(&a.path, &b.path),
            Field::Argv => argv(a, b),
            Field::Exe => differ(a.exe.clone()?, b.exe.clone(), quote),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Fork(a), Payload::Fork(b)) => match field {
            Field::Child => differ(a.child, Some(b.child), |pid| format!("pid {pid}")),
            _ => None,
        },
        (Payload::Exit(a), Payload::Exit(b)) if a.code.is_some() || a.signal.is_some() => match field {
            Field::Code => pair(a.code, b.code),
            Field::Signal => pair(a.signal, b.signal),
            _ => None,
        },
        (Payload::SetId(a), Payload::SetId(b)) => match field {
            Field::Call => differ(a.call, Some(b.call), |call| call.to_string()),
            Field::Requested => (a.requested != b.requested)
                .then(|| (show_requested(&a.requested), show_requested(&b.requested))),
            Field::Before => differ(a.before?, b.before, show_ids),
            Field::After => differ(a.after?, b.after, show_ids),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Open(a), Payload::Open(b)) => match field {
            Field::Path => text(&a.path, &b.path),
            Field::Flags => differ(a.flags.meant(), Some(b.flags.meant()), |flags| flags.to_string()),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Unlink(a), Payload::Unlink(b)) => match field {
            Field::Path => text(&a.path, &b.path),
            Field::Directory => differ(a.directory, Some(b.directory), |directory| directory.to_string()),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Rename(a), Payload::Rename(b)) => match field {
            Field::From => text(&a.from, &b.from),
            Field::To => text(&a.to, &b.to),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Connect(a), Payload::Connect(b)) => match field {
            Field::Address => differ(&a.address, Some(&b.address), |address| address.to_string()),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Bind(a), Payload::Bind(b)) => match field {
            Field::Address => differ(&a.address, Some(&b.address), |address| address.to_string()),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (Payload::Accept(a), Payload::Accept(b)) => match field {
            Field::Peer => differ(a.peer.as_ref()?, b.peer.as_ref(), |peer| peer.to_string()),
            Field::Result => outcome(a.result, b.result),
            _ => None,
        },
        (a, b) if a.action() == b.action() => {
            let (a, b) = a.call().zip(b.call())?;
            if field == Field::Result {
                return outcome(a.result(), b.result());
            }
            let (a, b) = (a.parts(), b.parts());
            let (a, b) = a.iter().zip(&b).find(|(a, _)| a.field == field)?;
            differ(a.value.as_ref()?, b.value.as_ref(), |value| value.to_string())
        }
        _ => None,
    }
}

fn argv(a: &Exec, b: &Exec) -> Pair {
    let wanted = a.argv.as_ref()?;
    let Some(got) = &b.argv else { return Some((show_argv(wanted, false), unknown())) };
    let ok = match (a.argv_truncated, b.argv_truncated) {
        (false, false) => got == wanted,
        (false, true) => is_prefix(got, wanted),
        (true, false) => is_prefix(wanted, got),
        (true, true) => is_prefix(got, wanted) || is_prefix(wanted, got),
    };
    (!ok).then(|| (show_argv(wanted, a.argv_truncated), show_argv(got, b.argv_truncated)))
}

/// True if `cut` is a beginning of `whole`; its last argument may itself have been cut.
pub(crate) fn is_prefix(cut: &[Text], whole: &[Text]) -> bool {
    let Some((last, head)) = cut.split_last() else { return true };
    whole.starts_with(head)
        && whole.get(head.len()).is_some_and(|w| w.as_bytes().starts_with(last.as_bytes()))
}

fn differ<T: PartialEq>(expected: T, got: Option<T>, show: impl Fn(&T) -> String) -> Pair {
    (got.as_ref() != Some(&expected)).then(|| (show(&expected), got.as_ref().map_or_else(unknown, &show)))
}

fn text(expected: &Text, got: &Text) -> Pair {
    (expected != got).then(|| (quote(expected), quote(got)))
}

fn outcome(expected: Outcome, got: Outcome) -> Pair {
    (!expected.agrees(got)).then(|| (show_outcome(expected), show_outcome(got)))
}

fn pair(expected: Option<i32>, got: Option<i32>) -> Pair {
    let show = |value: Option<i32>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    (expected != got).then(|| (show(expected), show(got)))
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// For people: `ok`, or the error's name.
pub(crate) fn show_outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ok(_) => "ok".to_owned(),
        Outcome::Errno(errno) => errno.to_string(),
    }
}

fn quote(text: &Text) -> String {
    format!("{text:?}")
}

fn show_argv(argv: &[Text], truncated: bool) -> String {
    format!("{argv:?}{}", if truncated { " (cut)" } else { "" })
}

fn show_requested(ids: &[Option<u32>]) -> String {
    let words: Vec<String> =
        ids.iter().map(|id| id.map_or_else(|| "-".to_owned(), |id| id.to_string())).collect();
    format!("({})", words.join(", "))
}

fn show_ids(ids: &Ids) -> String {
    let Ids { uid, euid, suid, fsuid, gid, egid, sgid, fsgid } = ids;
    format!("uid {uid}/{euid}/{suid}/{fsuid} gid {gid}/{egid}/{sgid}/{fsgid}")
}
