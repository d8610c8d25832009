//! What an event says, in the words of a golden but with its values as they were.

use lab_model::{Executable, Flow, Outcome, Part, Payload, Request, Text, Value};

/// The object of an event: path, arguments, address.
pub(super) fn object(payload: &Payload) -> String {
    match payload {
        Payload::Exec(exec) => {
            let argv = exec.argv.as_ref().map(|argv| argv.iter().map(quoted).collect::<Vec<_>>().join(","));
            let argv = argv.map_or("<unknown>".to_owned(), |argv| format!("[{argv}]"));
            let cut = if exec.argv_truncated { " truncated" } else { "" };
            let file = exec.executable.as_deref().map(executable).unwrap_or_default();
            format!("{} {argv}{cut}{file}", quoted(&exec.path))
        }
        Payload::Fork(fork) => format!("child {}", fork.child),
        Payload::Exit(exit) => match (exit.code, exit.signal) {
            (Some(code), _) => code.to_string(),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "<unknown>".to_owned(),
        },
        Payload::SetId(setid) => {
            let ids = setid.requested.iter().map(|id| id.map_or("-".to_owned(), |id| id.to_string()));
            format!("{}({})", setid.call, ids.collect::<Vec<_>>().join(", "))
        }
        Payload::Open(open) => {
            let opened = open.opened.as_ref().and_then(|opened| opened.path.as_ref());
            let other = opened.filter(|path| **path != open.path);
            let other = other.map(|path| format!(" opened {}", quoted(path))).unwrap_or_default();
            format!("{} {}{other}", quoted(&open.path), open.flags)
        }
        Payload::Unlink(unlink) => {
            format!("{}{}", quoted(&unlink.path), if unlink.directory { " directory" } else { "" })
        }
        Payload::Rename(rename) => format!("{} -> {}", quoted(&rename.from), quoted(&rename.to)),
        Payload::Connect(connect) => {
            let later = connect.later.map(|later| format!(", later {}", outcome(later))).unwrap_or_default();
            format!("{}{later}", connect.address)
        }
        Payload::Bind(bind) => bind.address.to_string(),
        Payload::Accept(accept) => accept.peer.as_ref().map(ToString::to_string).unwrap_or_default(),
        Payload::Loss(loss) => {
            let count = loss.count.map_or("unknown number of events".to_owned(), |n| format!("{n} events"));
            let of = loss.of.map(|action| format!(" of {action}")).unwrap_or_default();
            format!("{count}{of}, {}", crate::loss::word(loss.cause))
        }
        Payload::Flow(flow) => {
            let Flow { protocol, source, destination, dropped } = &**flow;
            format!("{} {source} -> {destination}{}", protocol.word(), if *dropped { " dropped" } else { "" })
        }
        Payload::Dns(dns) => {
            let kinds: Vec<String> = dns.kinds.iter().map(ToString::to_string).collect();
            let reply = dns.reply.map(|code| format!(" reply {code}")).unwrap_or_default();
            format!("{} {}{reply}", quoted(&dns.name), kinds.join(","))
        }
        Payload::Request(request) => {
            let Request { verb, uri, user, code } = &**request;
            format!(
                "{} {} by {}{}",
                verb,
                quoted(uri),
                quoted(user),
                code.map(|code| format!(": {code}")).unwrap_or_default()
            )
        }
        Payload::Alert(alert) => format!("{} {}", quoted(&alert.rule), alert.priority),
        Payload::Message(message) => message.kind.to_string(),
        other => match other.call() {
            Some(call) => call.parts().iter().filter_map(part).collect::<Vec<_>>().join(" "),
            None => other.action().to_string(),
        },
    }
}

/// A part of a call: texts and addresses as they are, the rest with its name.
fn part(part: &Part<'_>) -> Option<String> {
    Some(match part.value.as_ref()? {
        Value::Text(text) if part.name == "to" => format!("-> {}", quoted(text)),
        Value::Text(text) => quoted(text),
        Value::Texts(texts) => texts.iter().map(quoted).collect::<Vec<_>>().join(", "),
        Value::Address(address) => address.to_string(),
        Value::Word(word) => format!("{}={word}", part.name),
    })
}

/// How its call ended; empty if it is no call.
pub(super) fn result(payload: &Payload) -> String {
    payload.result().map(outcome).unwrap_or_default()
}

fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ok(value) => value.to_string(),
        Outcome::Errno(errno) => errno.to_string(),
    }
}

/// What is remarkable about the file behind a new image.
fn executable(file: &Executable) -> String {
    const SET_UID: u32 = 0o4000;
    const SET_GID: u32 = 0o2000;
    let by = file.interpreter.as_ref().map(|by| format!(" by {}", quoted(by))).unwrap_or_default();
    let words = [
        (file.in_memory, " in memory"),
        (file.deleted, " deleted"),
        (file.mode & SET_UID != 0, " set-uid"),
        (file.mode & SET_GID != 0, " set-gid"),
    ];
    let words = words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word);
    words.fold(by, |all, word| all + word)
}

fn quoted(text: &Text) -> String {
    format!("\"{}\"", text.to_string().replace('"', "\\\""))
}
