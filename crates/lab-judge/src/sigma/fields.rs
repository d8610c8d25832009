//! An event as the records of Sigma's taxonomy that it stands for: the only place that knows both.
//!
//! A field that the sensor does not know is absent, so a rule that asks for it stays silent on that sensor's events.

use std::net::IpAddr;

use lab_model::{Address, Errno, Exec, Ids, Open, OpenFlags, Outcome, Payload, Text};
use serde_json::{Map, Value};

use super::{category::Category, images::Images};
use crate::{resolve::NodeId, view::View};

/// The kernel's overflow user, `nobody` wherever names are given to it.
const NOBODY: u32 = 65534;

/// The categories that an event belongs to; most belong to none.
pub(crate) fn categories(payload: &Payload) -> &'static [Category] {
    let done = matches!(payload.result(), Some(Outcome::Ok(_)));
    match payload {
        Payload::Exec(_) if done => &[Category::ProcessCreation],
        // Who was refused has tried all the same.
        Payload::Open(open) if done && writes(open.flags) => &[Category::FileAccess, Category::FileEvent],
        Payload::Open(_) => &[Category::FileAccess],
        Payload::Unlink(_) if done => &[Category::FileDelete],
        Payload::Rename(_) if done => &[Category::FileRename],
        Payload::Connect(connect) if (done || connect.result == IN_PROGRESS) && is_ip(&connect.address) => {
            &[Category::NetworkConnection]
        }
        Payload::Accept(accept) if done && accept.peer.as_ref().is_some_and(is_ip) => {
            &[Category::NetworkConnection]
        }
        _ => &[],
    }
}

/// A connect that does not wait.
const IN_PROGRESS: Outcome = Outcome::Errno(Errno(115));

fn writes(flags: OpenFlags) -> bool {
    const CREATE: u32 = 0o100;
    const TRUNCATE: u32 = 0o1000;
    flags.writes() || flags.0 & (CREATE | TRUNCATE) != 0
}

fn is_ip(address: &Address) -> bool {
    matches!(address, Address::Inet { .. } | Address::Inet6 { .. })
}

/// The fields of event `at` of process `node`.
pub(crate) fn fields(view: &View<'_>, images: &Images<'_, '_>, node: NodeId, at: usize) -> Value {
    let event = view.stream.events[at];
    let mut record = Record::default();
    record.put("ProcessId", event.image.pid);
    if let Some(Ids { uid, euid, .. }) = event.image.ids {
        record.put("User", Some(user(uid)));
        record.put("EffectiveUser", Some(user(euid)));
    }
    record.put("Image", images.at(node, at).map(image));
    match &event.payload {
        Payload::Exec(exec) => {
            record.put("CommandLine", command_line(exec));
            let parent = view.processes.nodes[node].parent;
            record.put(
                "ParentProcessId",
                parent
                    .map(|parent| view.processes.nodes[parent].pid)
                    .or_else(|| event.image.parent.map(|parent| parent.pid)),
            );
            let parent = parent.and_then(|parent| images.at(parent, at));
            record.put("ParentImage", parent.map(image));
            record.put("ParentCommandLine", parent.and_then(command_line));
        }
        Payload::Open(open) => record.put("TargetFilename", Some(names(open))),
        Payload::Unlink(unlink) => record.put("TargetFilename", Some(text(&unlink.path))),
        Payload::Rename(rename) => {
            record.put("SourceFilename", Some(text(&rename.from)));
            record.put("TargetFilename", Some(text(&rename.to)));
        }
        Payload::Connect(connect) => {
            record.put("Initiated", Some(true));
            record.address(["DestinationIp", "DestinationIsIpv6", "DestinationPort"], &connect.address);
        }
        Payload::Accept(accept) => {
            record.put("Initiated", Some(false));
            if let Some(peer) = &accept.peer {
                record.address(["SourceIp", "SourceIsIpv6", "SourcePort"], peer);
            }
        }
        _ => {}
    }
    Value::Object(record.0)
}

#[derive(Default)]
struct Record(Map<String, Value>);

impl Record {
    fn put(&mut self, field: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(field.to_owned(), value.into());
        }
    }

    fn address(&mut self, [ip_field, v6_field, port_field]: [&str; 3], address: &Address) {
        let (ip, port): (IpAddr, u16) = match address {
            Address::Inet { ip, port } => ((*ip).into(), *port),
            Address::Inet6 { ip, port } => ((*ip).into(), *port),
            Address::Unix { .. } | Address::Other { .. } | Address::Variable { .. } => return,
        };
        self.put(ip_field, Some(ip.to_string()));
        self.put(v6_field, Some(ip.is_ipv6()));
        self.put(port_field, Some(port));
    }
}

/// The path as asked for, and that of the file that was opened: a rule on a path is to fire on a link to it, too.
fn names(open: &Open) -> Value {
    let opened = open.opened.as_ref().and_then(|opened| opened.path.as_ref());
    match opened.filter(|path| **path != open.path) {
        Some(opened) => vec![text(&open.path), text(opened)].into(),
        None => text(&open.path).into(),
    }
}

/// The executable as found in the end where the sensor knows it, as asked for otherwise.
fn image(exec: &Exec) -> String {
    text(exec.exe.as_ref().unwrap_or(&exec.path))
}

/// The arguments with a space between them, as audit trails have them.
fn command_line(exec: &Exec) -> Option<String> {
    Some(exec.argv.as_ref()?.iter().map(text).collect::<Vec<_>>().join(" "))
}

fn text(text: &Text) -> String {
    text.to_str_lossy().into_owned()
}

/// Records have ids and no names; two ids have the same name everywhere.
fn user(id: u32) -> String {
    match id {
        0 => "root".to_owned(),
        NOBODY => "nobody".to_owned(),
        id => id.to_string(),
    }
}
