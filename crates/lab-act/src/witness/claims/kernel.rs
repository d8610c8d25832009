//! What the kernel must have shown, by roads that no sensor uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use lab_model::{ActKind, Family, Outcome, Payload, Step};

use super::{Claims, Evidence, Seen, Unseen, check, otherwise, outside};
use crate::witness::{
    Place, fanotify, ids,
    process::{Socket, View},
    said_into,
};

pub(super) fn claim(evidence: &Evidence<'_>, claims: &mut Claims) {
    let mut add = |road: &str, claim: String, seen| claims.add(Family::Kernel, road, claim, seen);
    add("proc", "its processes are there, in line below the actor".to_owned(), lineage(evidence));
    add(
        "proc",
        "the process that acted has the ids that the order leads to".to_owned(),
        acting_ids(evidence),
    );
    if evidence.images() > 0 {
        add(
            "fanotify",
            "each image was executed by the process that says so".to_owned(),
            executions(evidence),
        );
        add("proc", "what runs there are these images with these arguments".to_owned(), images(evidence));
    }
    if evidence.refused() {
        add(
            "rehearsal",
            "the same call by us under these ids is refused with the same error".to_owned(),
            rehearsal(evidence),
        );
        if let Some(seen) = silence(evidence) {
            add("fanotify", "it did nothing to the names of the act".to_owned(), seen);
        }
        return;
    }
    match &evidence.act.kind {
        ActKind::Read { path } => {
            let empty =
                evidence.watch.states.first().is_some_and(|s| s.content.as_ref().is_some_and(Vec::is_empty));
            let read = if empty { libc::FAN_OPEN } else { libc::FAN_OPEN | libc::FAN_ACCESS };
            add("fanotify", format!("it opened and read {path}"), happened(evidence, read));
        }
        ActKind::Write { path, content } => {
            let written = if content.is_empty() { 0 } else { libc::FAN_MODIFY };
            let seen = happened(evidence, libc::FAN_OPEN | made(evidence, 0) | written);
            add("fanotify", format!("it opened and modified {path}"), seen);
        }
        ActKind::Append { path, .. } => {
            let seen = happened(evidence, libc::FAN_OPEN | libc::FAN_MODIFY);
            add("fanotify", format!("it opened and modified {path}"), seen);
        }
        ActKind::Unlink { path } => {
            add("fanotify", format!("it deleted {path}"), happened(evidence, libc::FAN_DELETE));
        }
        ActKind::Rename { from, to } => {
            add("fanotify", format!("it renamed {from} to {to}"), happened(evidence, fanotify::RENAME));
        }
        ActKind::Connect { address, payload } => {
            add(
                "proc",
                format!("it holds a TCP socket to {address}"),
                socket_to(evidence, true, address, payload),
            );
        }
        ActKind::Resolve { resolver, name } => {
            add(
                "proc",
                format!("it holds a UDP socket to {resolver}"),
                socket_to(evidence, false, resolver, name),
            );
        }
        ActKind::Serve { .. } => {
            add(
                "proc",
                "it holds the listening socket and the one to our client".to_owned(),
                serving(evidence),
            );
        }
        ActKind::Shell { command } => {
            let executed = happened_to(evidence, 0..1, libc::FAN_OPEN_EXEC);
            add("fanotify", "it executed the shell".to_owned(), executed);
            if let Some(path) = said_into(command, &evidence.act.nonce) {
                let mask = libc::FAN_OPEN | made(evidence, 1) | libc::FAN_MODIFY;
                let seen = happened_to(evidence, 1..2, mask);
                add("fanotify", format!("the shell opened and modified {path}"), seen);
            }
            add(
                "proc",
                "the shell has ended, a child of the process that acted".to_owned(),
                ended_shell(evidence),
            );
        }
        ActKind::Exec | ActKind::Setid { .. } | ActKind::Observe { .. } => {}
    }
}

/// What `/proc` showed of a process while the act was held.
fn view<'a>(evidence: &'a Evidence<'_>, pid: u32) -> Result<&'a View, Unseen> {
    match evidence.watch.views.get(&pid) {
        Some(view) => view.as_ref().map_err(Clone::clone),
        None if evidence.watch.views.is_empty() => Err(format!("nobody looked at process {pid}").into()),
        None => Err(otherwise(format!("the receipt did not tell of process {pid} while the act was held"))),
    }
}

fn lineage(evidence: &Evidence<'_>) -> Seen {
    let actor = evidence.actor()?;
    let principal = evidence.principal()?.process.pid;
    let mut pids = BTreeSet::new();
    for step in &evidence.receipt.steps {
        if let Payload::Fork(fork) = &step.payload {
            let child = view(evidence, fork.child)?;
            if child.ancestors.first() != Some(&step.process.pid) {
                return Err(otherwise(format!(
                    "process {} is not a child of {}",
                    fork.child, step.process.pid
                )));
            }
        }
        if step.process.pid == actor {
            continue;
        }
        let view = view(evidence, step.process.pid)?;
        // The shell of a shell act has ended by then; another claim looks at it.
        let is_shell = matches!(evidence.act.kind, ActKind::Shell { .. }) && view.pid == principal;
        if view.zombie && !is_shell {
            return Err(otherwise(format!("process {} has ended", view.pid)));
        }
        if !view.ancestors.contains(&actor) {
            return Err(otherwise(format!("process {} is not below the actor", view.pid)));
        }
        if view.start_ticks != step.process.start_ticks {
            return Err(otherwise(format!("process {} began at another time", view.pid)));
        }
        pids.insert(view.pid);
    }
    check(
        pids.contains(&principal),
        format!("processes {pids:?}"),
        format!("the actor itself, {principal}, says that it acted"),
    )
}

fn acting_ids(evidence: &Evidence<'_>) -> Seen {
    let actor = evidence.watch.actor.as_ref().ok_or("the actor itself was not seen")?;
    let view = view(evidence, evidence.principal()?.process.pid)?;
    let wanted = ids::expected(evidence.act, actor.ids)
        .ok_or("the order leads to no ids: its calls cannot succeed")?;
    if view.ids != wanted {
        return Err(otherwise(format!("process {} has {:?}", view.pid, view.ids)));
    }
    let mut groups = view.groups.clone();
    groups.sort_unstable();
    if ids::expected_groups(evidence.act).is_some_and(|wanted| wanted != groups) {
        return Err(otherwise(format!("process {} has the groups {groups:?}", view.pid)));
    }
    Ok(format!("process {}, uid {} euid {} gid {}", view.pid, wanted.uid, wanted.euid, wanted.gid))
}

/// Links whose image ran, with the step that says so.
fn links<'a>(evidence: &'a Evidence<'_>) -> Result<Vec<(usize, &'a Step)>, String> {
    let steps: Vec<_> = evidence.executed().take(evidence.images()).enumerate().collect();
    if steps.len() == evidence.images() { Ok(steps) } else { Err("not all of them ran".to_owned()) }
}

fn executions(evidence: &Evidence<'_>) -> Seen {
    for (at, step) in links(evidence)? {
        let image = evidence.watch.images.get(at).ok_or("nobody looked before the act")?.as_ref()?;
        did(evidence, step.process.pid, libc::FAN_OPEN_EXEC, std::slice::from_ref(&image.place))?;
    }
    Ok(format!("{} images", evidence.images()))
}

/// The last image of each process: earlier ones it has replaced.
fn images(evidence: &Evidence<'_>) -> Seen {
    let last: BTreeMap<u32, usize> =
        links(evidence)?.iter().map(|(at, step)| (step.process.pid, *at)).collect();
    for (pid, at) in &last {
        let view = view(evidence, *pid)?;
        let image = evidence.watch.images.get(*at).ok_or("nobody looked before the act")?.as_ref()?;
        let link = &evidence.act.via[*at];
        let exe = view.exe.ok_or_else(|| format!("nobody may see what process {pid} runs"))?;
        if exe != image.file {
            return Err(otherwise(format!("process {pid} does not run {}", link.path)));
        }
        let argv =
            view.argv.as_ref().ok_or_else(|| format!("nobody may see the arguments of process {pid}"))?;
        if !argv.iter().map(Vec::as_slice).eq(link.argv.iter().map(String::as_bytes)) {
            return Err(otherwise(format!("process {pid} has other arguments")));
        }
    }
    Ok(format!("processes {:?}", last.keys().collect::<Vec<_>>()))
}

fn rehearsal(evidence: &Evidence<'_>) -> Seen {
    let outcome =
        *evidence.watch.rehearsal.as_ref().ok_or("nobody tried while the act was held")?.as_ref()?;
    let got = match outcome {
        Outcome::Ok(_) => "it is allowed".to_owned(),
        Outcome::Errno(errno) => errno.to_string(),
    };
    // A process that never lived cannot have been refused anything.
    lineage(evidence)?;
    check(evidence.act.expect.met_by(outcome), got.clone(), got)
}

/// The event of making the act's name number `at`, if it had to be made.
fn made(evidence: &Evidence<'_>, at: usize) -> u64 {
    let absent = evidence.watch.states.get(at).is_some_and(|state| state.id.is_none());
    if absent { libc::FAN_CREATE } else { 0 }
}

/// The process of the principal call did `mask` to the act's names.
fn happened(evidence: &Evidence<'_>, mask: u64) -> Seen {
    happened_to(evidence, 0..evidence.watch.names.len(), mask)
}

/// The same for some of the names.
fn happened_to(evidence: &Evidence<'_>, which: Range<usize>, mask: u64) -> Seen {
    let names = evidence.watch.names.get(which).ok_or("nobody looked before the act")?;
    let places = names.iter().cloned().collect::<Result<Vec<Place>, _>>()?;
    did(evidence, evidence.principal()?.process.pid, mask, &places)
}

/// A call that was refused causes no event; `None` where none could be seen.
fn silence(evidence: &Evidence<'_>) -> Option<Seen> {
    let places: Vec<&Place> = evidence.watch.names.iter().filter_map(|place| place.as_ref().ok()).collect();
    if places.is_empty() || evidence.watch.deaf.is_some() {
        return None;
    }
    let pid = evidence.principal().map(|step| step.process.pid);
    Some(pid.map_err(Unseen::from).and_then(|pid| {
        let mut events = evidence.watch.events.iter().filter(|event| event.pid == pid);
        match events.find(|event| event.names.iter().any(|name| places.contains(&name))) {
            Some(event) => Err(otherwise(format!("process {pid}: event {:#x}", event.mask))),
            None => Ok(format!("process {pid}")),
        }
    }))
}

/// True of a process if its events for exactly these names hold every bit of `mask`.
fn did(evidence: &Evidence<'_>, pid: u32, mask: u64, places: &[Place]) -> Seen {
    if let Some(deaf) = &evidence.watch.deaf {
        return Err(deaf.clone().into());
    }
    let events = evidence.watch.events.iter().filter(|event| event.pid == pid && event.names == places);
    let done = events.fold(0, |done, event| done | event.mask);
    check(
        done & mask == mask,
        format!("process {pid}, events {:#x}", done & mask),
        format!("process {pid}: events {done:#x} of {mask:#x}"),
    )
}

/// Sockets of the process that acted, while the act was held.
fn sockets<'a>(evidence: &'a Evidence<'_>) -> Result<(u32, &'a [Socket]), Unseen> {
    let looked = evidence.watch.sockets.as_ref();
    let (pid, sockets) = looked.ok_or("nobody looked at the sockets of the process that acted")?;
    let acted = evidence.principal()?.process.pid;
    if acted != *pid {
        return Err(otherwise(format!(
            "the receipt named {pid} while the act was held, and {acted} afterwards"
        )));
    }
    Ok((acted, sockets.as_deref()?))
}

fn socket_to(evidence: &Evidence<'_>, tcp: bool, address: &str, said: &str) -> Seen {
    let remote = address.parse().map_err(|_| format!("{address} is no address"))?;
    let (pid, sockets) = sockets(evidence)?;
    let socket = sockets.iter().find(|socket| !socket.listens && socket.remote == remote);
    let socket = socket.ok_or_else(|| otherwise(format!("process {pid} holds none")))?;
    let peer = outside::entry(evidence, tcp, said).map(|heard| heard.peer);
    check(
        peer == Some(socket.local),
        format!("process {pid}, from {}", socket.local),
        "the sink heard it from another socket",
    )
}

fn serving(evidence: &Evidence<'_>) -> Seen {
    let client = evidence.client()?;
    let (pid, sockets) = sockets(evidence)?;
    let here = sockets.iter().filter(|socket| socket.local == client.server);
    let listens = here.clone().any(|socket| socket.listens);
    let joined = here.clone().any(|socket| !socket.listens && socket.remote == client.local);
    check(listens && joined, format!("process {pid} at {}", client.server), format!("process {pid} does not"))
}

fn ended_shell(evidence: &Evidence<'_>) -> Seen {
    let shell = view(evidence, evidence.principal()?.process.pid)?;
    let parent = evidence.receipt.steps.iter().rev().find_map(|step| match &step.payload {
        Payload::Fork(fork) if fork.child == shell.pid => Some(step.process.pid),
        _ => None,
    });
    let parent = parent.ok_or("the receipt does not tell who made it")?;
    let right =
        shell.zombie && shell.ancestors.first() == Some(&parent) && Some(parent) != evidence.actor().ok();
    check(
        right,
        format!("process {} ({}), child of {parent}", shell.pid, shell.comm),
        format!("process {} is not that", shell.pid),
    )
}
