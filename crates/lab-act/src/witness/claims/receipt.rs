//! What the actor's own account must say.

use std::collections::BTreeSet;

use lab_model::{Act, ActKind, Address, Exec, Family, Outcome, Payload, Step};

use super::{Claims, Evidence, Seen, Unseen, check};
use crate::{hash::keyed_hash, witness::ids};

pub(super) fn claim(evidence: &Evidence<'_>, claims: &mut Claims) {
    // A receipt can always be looked at: what it does not say, it denies.
    let mut add = |claim: &str, seen: Seen| {
        let seen = seen.map_err(|(Unseen::Unknown(it) | Unseen::Otherwise(it))| Unseen::Otherwise(it));
        claims.add(Family::Receipt, "receipt", claim, seen);
    };
    add("it is complete, and each of its processes has ended", complete(evidence));
    add(
        "its principal call is the one that was ordered, through the images that were ordered",
        ordered(evidence),
    );
    add(&format!("the call ended as expected: {}", word(evidence.act)), as_expected(evidence));
    if let Some(seen) = hash(evidence) {
        add("the keyed hash of the content is right", seen);
    }
}

fn word(act: &Act) -> String {
    match act.expect {
        lab_model::Expectation::Ok => "ok".to_owned(),
        lab_model::Expectation::Errno(errno) => errno.to_string(),
    }
}

fn complete(evidence: &Evidence<'_>) -> Seen {
    let receipt = evidence.receipt;
    if receipt.act != evidence.act.id {
        return Err(format!("it is the receipt of act {}", receipt.act).into());
    }
    if let Some(error) = &receipt.error {
        return Err(format!("the actor failed to {error}").into());
    }
    let shell =
        matches!(evidence.act.kind, ActKind::Shell { .. }).then(|| evidence.principal().ok()).flatten();
    let (mut born, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for step in &receipt.steps {
        match &step.payload {
            Payload::Fork(fork) => {
                born.insert(fork.child);
            }
            Payload::Exit(exit) => {
                let is_shell = shell.is_some_and(|shell| shell.process.pid == step.process.pid);
                if exit.code != Some(0) && !is_shell {
                    return Err(format!("process {} ended with {exit:?}", step.process.pid).into());
                }
                ended.insert(step.process.pid);
            }
            _ => {}
        }
        if step.began_ns > step.ended_ns
            || step.began_ns < receipt.began_ns
            || step.ended_ns > receipt.ended_ns
        {
            return Err("a step lies outside the time of the act".to_owned().into());
        }
    }
    check(
        !born.is_empty() && born == ended,
        format!("{} processes", born.len()),
        "not every process has begun and ended",
    )
}

fn ordered(evidence: &Evidence<'_>) -> Seen {
    let principal = evidence.principal()?;
    let images = evidence.images();
    let executed: Vec<&Step> = evidence.executed().take(images).collect();
    if executed.len() != images {
        return Err(format!("{} of {images} images ran", executed.len()).into());
    }
    for (link, step) in evidence.act.via.iter().zip(&executed) {
        let Payload::Exec(exec) = &step.payload else { continue };
        if !runs(exec, &link.path, &link.argv) {
            return Err(format!("instead of {} ran {}", link.path, exec.path).into());
        }
    }
    check(
        is_call(evidence.act, &principal.payload),
        principal.payload.action().word(),
        format!("it is {:?}", principal.payload),
    )
}

fn runs(exec: &Exec, path: &str, argv: &[impl AsRef<str>]) -> bool {
    exec.path == path.into()
        && exec.argv.as_ref().is_some_and(|args| {
            args.iter().map(|a| a.as_bytes()).eq(argv.iter().map(|a| a.as_ref().as_bytes()))
        })
}

/// True if the payload is the principal call of the act.
fn is_call(act: &Act, payload: &Payload) -> bool {
    let to = |address: &str, got: &Address| {
        address.parse().is_ok_and(|address: std::net::SocketAddr| *got == address.into())
    };
    match (&act.kind, payload) {
        (ActKind::Exec, Payload::Exec(exec)) => {
            act.via.last().is_some_and(|link| runs(exec, &link.path, &link.argv))
        }
        (ActKind::Shell { command }, Payload::Exec(exec)) => runs(exec, "/bin/sh", &["sh", "-c", command]),
        (ActKind::Read { path }, Payload::Open(open)) => {
            open.path == path.as_str().into() && !open.flags.writes()
        }
        (ActKind::Write { path, .. } | ActKind::Append { path, .. }, Payload::Open(open)) => {
            open.path == path.as_str().into() && open.flags.writes()
        }
        (ActKind::Unlink { path }, Payload::Unlink(unlink)) => unlink.path == path.as_str().into(),
        (ActKind::Rename { from, to }, Payload::Rename(rename)) => {
            rename.from == from.as_str().into() && rename.to == to.as_str().into()
        }
        (
            ActKind::Connect { address, .. } | ActKind::Resolve { resolver: address, .. },
            Payload::Connect(connect),
        ) => to(address, &connect.address),
        (ActKind::Serve { .. }, Payload::Accept(_)) => true,
        (ActKind::Serve { address }, Payload::Bind(bind)) => to(address, &bind.address),
        (ActKind::Setid { call, ids }, Payload::SetId(set)) => {
            set.call == *call && ids::parse(ids).is_some_and(|requested| requested == set.requested)
        }
        _ => false,
    }
}

fn as_expected(evidence: &Evidence<'_>) -> Seen {
    let result = evidence.principal()?.payload.result().ok_or("the principal call has no result")?;
    let got = match result {
        Outcome::Ok(_) => "ok".to_owned(),
        Outcome::Errno(errno) => errno.to_string(),
    };
    check(evidence.act.expect.met_by(result), got.clone(), format!("it was {got}"))
}

/// The hash where the order tells it; `None` where there is no content, or another family compares it.
fn hash(evidence: &Evidence<'_>) -> Option<Seen> {
    if evidence.refused() {
        return None;
    }
    let content = match &evidence.act.kind {
        ActKind::Write { content, .. } | ActKind::Append { content, .. } => content,
        ActKind::Serve { .. } => &evidence.act.nonce,
        _ => return None,
    };
    let hash = evidence.principal().map(|step| step.content.clone());
    Some(hash.map_err(Unseen::from).and_then(|hash| {
        let right = hash.is_some_and(|hash| hash == keyed_hash(evidence.key, content.as_bytes()));
        check(right, "", "it is another, or there is none")
    }))
}
