//! What somebody else must have seen of the effect.

use std::net::SocketAddr;

use lab_model::{ActKind, Address, Family, Payload};

use super::{Claims, Evidence, Seen, check, otherwise};
use crate::{
    hash::keyed_hash,
    witness::{file::State, said_into, sink::Heard},
};

pub(super) fn claim(evidence: &Evidence<'_>, claims: &mut Claims) {
    let mut add = |road: &str, claim: String, seen| claims.add(Family::Outside, road, claim, seen);
    let canary = "canary";
    match &evidence.act.kind {
        ActKind::Read { path } => {
            add(
                canary,
                format!("the content of {path} is the one that the receipt has the hash of"),
                read(evidence),
            );
        }
        ActKind::Write { path, content } => {
            let wanted = |_: &[u8]| Some(content.clone().into_bytes());
            add(canary, format!("{path} got the ordered content"), became(evidence, 0, wanted));
        }
        ActKind::Append { path, content } => {
            let wanted =
                |before: &[u8]| Some([before, content.as_bytes()].concat()).filter(|_| !content.is_empty());
            add(canary, format!("{path} grew by the ordered content"), became(evidence, 0, wanted));
        }
        ActKind::Unlink { path } => add(canary, format!("{path} was there and is gone"), gone(evidence)),
        ActKind::Rename { from, to } => add(canary, format!("the file {from} is now {to}"), moved(evidence)),
        ActKind::Connect { address, payload } => {
            let seen = sunk(evidence, true, address, payload);
            add(
                "sink",
                format!("the sink at {address} got the payload, and the receipt knows its answer"),
                seen,
            );
        }
        ActKind::Resolve { resolver, name } => {
            let seen = sunk(evidence, false, resolver, name);
            add(
                "sink",
                format!(
                    "the DNS server at {resolver} was asked for {name}, and the receipt knows its answer"
                ),
                seen,
            );
        }
        ActKind::Serve { .. } => {
            add(
                "client",
                "our client got the keyed answer, and the receipt names it".to_owned(),
                served(evidence),
            );
        }
        ActKind::Shell { command } => {
            if let Some(path) = said_into(command, &evidence.act.nonce) {
                let wanted = |_: &[u8]| Some(format!("{}\n", evidence.act.nonce).into_bytes());
                add(
                    canary,
                    format!("{path} got the nonce, as the command says"),
                    became(evidence, 1, wanted),
                );
            }
        }
        ActKind::Exec | ActKind::Setid { .. } | ActKind::Observe { .. } => {}
    }
}

/// States of the act's name number `at`, before and after.
fn states<'a>(evidence: &'a Evidence<'_>, at: usize) -> Result<(&'a State, &'a State), String> {
    let states = evidence.watch.states.get(at).zip(evidence.after.get(at));
    let (before, after) = states.ok_or("nobody looked before the act")?;
    match before.hidden.as_ref().or(after.hidden.as_ref()) {
        Some(error) => Err(error.clone()),
        None => Ok((before, after)),
    }
}

fn read(evidence: &Evidence<'_>) -> Seen {
    let (before, after) = states(evidence, 0)?;
    let hash =
        evidence.principal()?.content.as_deref().ok_or_else(|| otherwise("the receipt has no hash"))?;
    let known: Vec<&Vec<u8>> =
        [before, after].into_iter().filter_map(|state| state.content.as_ref()).collect();
    if known.is_empty() {
        return Err("we could not read it".into());
    }
    check(known.iter().any(|content| keyed_hash(evidence.key, content) == hash), "same hash", "another hash")
}

/// The content of the act's name number `at` became what was wanted.
fn became(evidence: &Evidence<'_>, at: usize, wanted: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Seen {
    let (before, after) = states(evidence, at)?;
    if after.id.is_none() {
        return Err(otherwise("it is not there afterwards"));
    }
    let now = after.content.as_deref().ok_or("it cannot be read afterwards")?;
    let was = match (before.id, before.content.as_deref()) {
        (None, _) => None,
        (Some(_), None) => return Err("it could not be read before".into()),
        (Some(_), Some(was)) => Some(was),
    };
    let wanted = wanted(was.unwrap_or_default());
    if was == Some(now) {
        return Err(otherwise("its content is what it was before"));
    }
    check(wanted.as_deref() == Some(now), format!("{} bytes", now.len()), "its content is another")
}

fn gone(evidence: &Evidence<'_>) -> Seen {
    let (before, after) = states(evidence, 0)?;
    match (before.id, after.id) {
        (None, _) => Err(otherwise("it was not there before")),
        (Some(_), Some(_)) => Err(otherwise("it is still there")),
        (Some(id), None) => Ok(format!("inode {}", id.ino)),
    }
}

fn moved(evidence: &Evidence<'_>) -> Seen {
    let ((before, left), (replaced, now)) = (states(evidence, 0)?, states(evidence, 1)?);
    let id = before.id.ok_or_else(|| otherwise("it was not there before"))?;
    if left.id == Some(id) || replaced.id == Some(id) {
        return Err(otherwise("it has the name that it had before"));
    }
    check(now.id == Some(id), format!("inode {}", id.ino), "the new name is not that file's")
}

/// The entry of the sink's log that is this act's.
pub(super) fn entry<'a>(evidence: &'a Evidence<'_>, tcp: bool, said: &str) -> Option<&'a Heard> {
    evidence.heard.iter().find(|heard| heard.tcp == tcp && heard.said == said.as_bytes())
}

fn sunk(evidence: &Evidence<'_>, tcp: bool, address: &str, said: &str) -> Seen {
    let heard = entry(evidence, tcp, said)
        .ok_or_else(|| otherwise(format!("it did not; it heard {} others", evidence.heard.len())))?;
    let hash = evidence.principal()?.content.as_deref();
    let knows = hash == Some(keyed_hash(evidence.key, heard.answered.as_bytes()).as_str());
    check(
        knows,
        format!("from {} at {address}", heard.peer),
        "it did, but the receipt does not know the answer",
    )
}

fn served(evidence: &Evidence<'_>) -> Seen {
    let client = evidence.client()?;
    if client.answer != keyed_hash(evidence.key, evidence.act.nonce.as_bytes()) {
        return Err(otherwise("the answer is another"));
    }
    let peer = match &evidence.principal()?.payload {
        Payload::Accept(accept) => accept.peer.as_ref(),
        _ => None,
    };
    check(
        peer == Some(&address(client.local)),
        format!("{} to {}", client.local, client.server),
        "the receipt names another peer",
    )
}

fn address(address: SocketAddr) -> Address {
    address.into()
}
