//! The kinds of act as scenarios write them: which keys each has, and what they may say.

use std::net::SocketAddr;

use lab_model::{ActKind, Action, SetIdCall};

use crate::{
    diagnostic::Sink,
    fields::{Fields, string, strings, word},
    place::Location,
    variables::{self, has_variable},
};

/// The keys of a kind, all required; none for a word that is no kind.
pub(crate) fn keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "read" | "unlink" => &["path"],
        "write" | "append" => &["path", "content"],
        "rename" => &["from", "to"],
        "connect" => &["address", "payload"],
        "resolve" => &["resolver", "name"],
        "serve" => &["address"],
        "setid" => &["call", "ids"],
        "shell" => &["command"],
        _ => &[],
    }
}

/// The action by which the act does what it is for.
pub(crate) fn action(kind: &ActKind) -> Action {
    match kind {
        ActKind::Exec | ActKind::Shell { .. } | ActKind::Observe { .. } => Action::Exec,
        ActKind::Read { .. } | ActKind::Write { .. } | ActKind::Append { .. } => Action::Open,
        ActKind::Unlink { .. } => Action::Unlink,
        ActKind::Rename { .. } => Action::Rename,
        ActKind::Connect { .. } | ActKind::Resolve { .. } => Action::Connect,
        ActKind::Serve { .. } => Action::Accept,
        ActKind::Setid { .. } => Action::SetId,
    }
}

/// Reads the keys of the kind `kind`, one of [`ActKind::WORDS`].
pub(crate) fn read(kind: &str, fields: &Fields<'_>, sink: &mut Sink) -> Option<ActKind> {
    let path = |key, sink: &mut Sink| text(fields, key, sink, path);
    let any = |key, sink: &mut Sink| text(fields, key, sink, |_, _, _, _| ());
    let address = |key, sink: &mut Sink| text(fields, key, sink, address);
    // Both keys are read before either can end it, so that all mistakes are found.
    match kind {
        "exec" => Some(ActKind::Exec),
        "read" => Some(ActKind::Read { path: path("path", sink)? }),
        "unlink" => Some(ActKind::Unlink { path: path("path", sink)? }),
        "write" => {
            let (path, content) = (path("path", sink), any("content", sink));
            Some(ActKind::Write { path: path?, content: content? })
        }
        "append" => {
            let (path, content) = (path("path", sink), any("content", sink));
            Some(ActKind::Append { path: path?, content: content? })
        }
        "rename" => {
            let (from, to) = (path("from", sink), path("to", sink));
            Some(ActKind::Rename { from: from?, to: to? })
        }
        "connect" => {
            let (address, payload) = (address("address", sink), text(fields, "payload", sink, line));
            Some(ActKind::Connect { address: address?, payload: payload? })
        }
        "resolve" => {
            let (resolver, name) = (address("resolver", sink), text(fields, "name", sink, filled));
            Some(ActKind::Resolve { resolver: resolver?, name: name? })
        }
        "serve" => Some(ActKind::Serve { address: address("address", sink)? }),
        "setid" => setid(fields, sink),
        "shell" => Some(ActKind::Shell { command: text(fields, "command", sink, filled)? }),
        _ => None,
    }
}

/// A required text whose variables are known and that passes `check`.
fn text(
    fields: &Fields<'_>,
    key: &str,
    sink: &mut Sink,
    check: impl FnOnce(&str, &str, &Location, &mut Sink),
) -> Option<String> {
    let read = fields.required(key, sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        variables::check(text, &node.at, sink);
        check(text, key, &node.at, sink);
        Some(text.to_owned())
    });
    Some(read?.value)
}

/// A payload: the line end is what ends it.
fn line(text: &str, key: &str, at: &Location, sink: &mut Sink) {
    if text.is_empty() || text.contains(['\r', '\n']) {
        sink.push(at.clone(), format!("`{key}` is {text:?}, expected one line without its end"));
    }
}

fn filled(text: &str, key: &str, at: &Location, sink: &mut Sink) {
    if text.trim().is_empty() || text.contains('\0') {
        sink.push(at.clone(), format!("`{key}` is {text:?}, expected some text"));
    }
}

/// A path that means the same everywhere: absolute, or beginning with a variable.
fn path(text: &str, key: &str, at: &Location, sink: &mut Sink) {
    if !(text.starts_with('/') || text.starts_with("${")) || text.contains('\0') {
        let message = format!(
            "`{key}` is {text:?}, expected an absolute path, or one below `${{work}}` or `${{canary}}`"
        );
        sink.push(at.clone(), message);
    }
}

fn address(text: &str, key: &str, at: &Location, sink: &mut Sink) {
    if !has_variable(text) && text.parse::<SocketAddr>().is_err() {
        let message = format!(
            "`{key}` is {text:?}, expected `IP:PORT`, or a variable such as `${{sink}}` or `${{resolver}}`"
        );
        sink.push(at.clone(), message);
    }
}

/// A user or group id: a number, or a variable.
pub(crate) fn id(text: &str, key: &str, at: &Location, sink: &mut Sink) {
    if !has_variable(text) && text.parse::<u32>().is_err() {
        sink.push(
            at.clone(),
            format!("`{key}` is {text:?}, expected a number, or a variable such as `${{nobody}}`"),
        );
    }
}

fn setid(fields: &Fields<'_>, sink: &mut Sink) -> Option<ActKind> {
    let call = fields.required("call", sink, |node, key, sink| {
        let calls: Vec<_> = SetIdCall::ALL.iter().map(|call| (call.word(), *call)).collect();
        word(string(node, key, sink)?, &node.at, "call", &calls, sink)
    });
    let ids = fields.required("ids", sink, |node, key, sink| {
        let ids = strings(node, key, sink)?;
        for (text, at) in &ids {
            variables::check(text, at, sink);
            if *text != "-" {
                id(text, key, at, sink);
            }
        }
        if let Some(call) = &call
            && let Some(wanted) = arguments(call.value)
            && ids.len() != wanted
        {
            let (call, found) = (call.value, ids.len());
            sink.push(node.at.clone(), format!("`ids` has {found} entries, expected {wanted} for `{call}`"));
        }
        Some(ids.into_iter().map(|(text, _)| text.to_owned()).collect())
    });
    Some(ActKind::Setid { call: call?.value, ids: ids?.value })
}

/// How many ids a call takes; `None`: any number.
fn arguments(call: SetIdCall) -> Option<usize> {
    match call {
        SetIdCall::Setuid | SetIdCall::Setgid | SetIdCall::Setfsuid | SetIdCall::Setfsgid => Some(1),
        SetIdCall::Setreuid | SetIdCall::Setregid => Some(2),
        SetIdCall::Setresuid | SetIdCall::Setresgid => Some(3),
        SetIdCall::Setgroups => None,
    }
}
