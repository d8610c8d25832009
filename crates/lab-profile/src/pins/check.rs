//! What makes a pin a pin: a whole hash, a version that stays what it is, one entry for each thing.

use lab_model::{Pin, PinSource};

use super::{Placed, read::Kind};
use crate::{
    diagnostic::Sink,
    fields::string,
    place::Location,
    suggest::{did_you_mean, expected},
    tree::{Entry, Node, Table},
};

/// The hash under `key`, in hexadecimal without its prefix.
pub(super) fn hash(table: &Table, key: &str, what: &str, at: &Location, sink: &mut Sink) -> Option<String> {
    let prefix = if key == "digest" { "sha256:" } else { "" };
    let Some(entry) = table.get(key) else {
        let hint = format!("add `{key} = \"{prefix}...\"`, the 64 digits that its makers publish");
        let lack = if key == "digest" { "digest" } else { "hash" };
        sink.push_hint(at.clone(), format!("{what} has no {lack}, so it could be anything"), Some(hint));
        return None;
    };
    let node = &entry.node;
    let text = string(node, key, sink)?;
    let Some(digits) = text.strip_prefix(prefix) else {
        let hint = format!("write `{key} = \"{prefix}{text}\"`, if it is one");
        sink.push_hint(node.at.clone(), format!("`{key}` does not begin with `{prefix}`"), Some(hint));
        return None;
    };
    let wrong = digits.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f'));
    let length = digits.chars().count();
    let what = match (wrong, length) {
        (None, 64) => return Some(digits.to_owned()),
        (Some(wrong), _) => format!("`{key}` of {what} holds {wrong:?}, expected digits 0-9 and a-f"),
        (None, _) => format!("`{key}` of {what} has {length} digits, a SHA-256 has 64"),
    };
    let hint = "copy it again from where its makers publish it".to_owned();
    sink.push_hint(node.at.clone(), what, Some(hint));
    None
}

/// Says so if a version is one that moves: `latest`, `v1`, `1.36`.
pub(super) fn is_fixed(kind: Kind, version: &str, at: &Location, sink: &mut Sink) {
    // Its makers' third number moves last: two are a line of releases, one is all of them.
    let numbers = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    let enough = if kind == Kind::Package { 1 } else { 3 };
    if numbers < enough {
        let hint = "name one release, such as `v1.34.1`".to_owned();
        sink.push_hint(at.clone(), format!("`{version}` is a floating tag, no version"), Some(hint));
    }
}

/// An address that a download can begin at.
pub(super) fn url(node: &Node, key: &str, sink: &mut Sink) -> Option<String> {
    let text = string(node, key, sink)?;
    let rest = text.strip_prefix("https://");
    let file = rest.and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
    let good = file.is_some_and(|path| !path.is_empty() && !path.ends_with('/'))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\"".contains(c));
    if !good {
        let message = format!("`{key}` is {text:?}, expected the address of a file, `https://host/path`");
        sink.push(node.at.clone(), message);
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn file_name(node: &Node, key: &str, sink: &mut Sink) -> Option<String> {
    let text = string(node, key, sink)?;
    if text.is_empty() || text.contains('/') || text.starts_with('.') {
        sink.push(
            node.at.clone(),
            format!("`{key}` is {text:?}, expected the name of a file in the archive"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// Says so of each pin that stands there before.
pub(super) fn duplicates(placed: &[Placed], sink: &mut Sink) {
    for (index, Placed { pin, at }) in placed.iter().enumerate() {
        let Some(first) = placed[..index].iter().find(|other| same(&other.pin, pin)) else { continue };
        let kind = pin.source.word();
        let message = format!(
            "the {kind} `{}` {} stands here again, expected once (line {})",
            pin.name, pin.version, first.pin.line
        );
        sink.push_hint(at.clone(), message, Some("take one of the two away".to_owned()));
    }
}

fn same(a: &Pin, b: &Pin) -> bool {
    let part = |pin: &Pin| match &pin.source {
        PinSource::Wheel { python } => Some(python.clone()),
        _ => None,
    };
    let key =
        |pin: &Pin| (pin.source.word(), pin.name.clone(), pin.version.clone(), pin.arch.clone(), part(pin));
    key(a) == key(b)
}

/// Says so if a set names what is not pinned.
pub(super) fn is_pinned(name: &str, version: &str, entry: &Entry, placed: &[Placed], sink: &mut Sink) {
    let pins = || placed.iter().map(|placed| &placed.pin);
    let versions: Vec<&str> = pins().filter(|pin| pin.name == name).map(|pin| pin.version.as_str()).collect();
    if versions.is_empty() {
        let hint = did_you_mean(name, pins().map(|pin| pin.name.as_str()));
        let hint = hint.or_else(|| Some("add its pin, or take it out of the set".to_owned()));
        sink.push_hint(entry.key_at.clone(), format!("nothing is pinned under the name `{name}`"), hint);
    } else if !versions.contains(&version) {
        let mut versions = versions;
        versions.dedup();
        let message = format!("`{name}` {version} is not pinned, {}", expected(versions));
        let hint = "add its pin, or name a version that has one".to_owned();
        sink.push_hint(entry.node.at.clone(), message, Some(hint));
    }
}
