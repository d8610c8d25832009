//! The facts of a run as entries of a draft.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use lab_model::{Address, Errno, Exec, FactNode, Judged, Outcome, Payload, Role, SetIdCall, Text};

use super::{Draft, Entry, Image};
use crate::variables::VARIABLES;

/// Most acts of one role in a draft; whoever wants more reads the run.
const MOST: usize = 40;

/// Reads the tree of what the judge made of a scenario's record.
pub(super) fn read(judged: &Judged, variables: &BTreeMap<String, String>) -> Draft {
    let roles: BTreeMap<u32, Role> = judged.acts.iter().map(|act| (act.id, act.role)).collect();
    let observed = judged.acts.iter().any(lab_model::Act::is_observed);
    let nobody = variables.get("nobody").cloned();
    let mut reader =
        Reader { roles, observed, nobody, draft: Draft::default(), set_user_id: BTreeSet::new() };
    for node in &judged.tree {
        reader.node(node, &mut Chain::default());
    }
    Draft { set_user_id: reader.set_user_id, ..reader.draft }
}

/// The images that a process came through, and the user that it has taken.
#[derive(Clone, Default)]
struct Chain {
    via: Vec<Image>,
    user: Option<String>,
}

struct Reader {
    roles: BTreeMap<u32, Role>,
    observed: bool,
    nobody: Option<String>,
    draft: Draft,
    set_user_id: BTreeSet<String>,
}

impl Reader {
    /// Reads a fact and what stands below it; true if acts came of it.
    fn node(&mut self, node: &FactNode, chain: &mut Chain) -> bool {
        let role = node.fact.acts.iter().find_map(|act| self.roles.get(act)).copied();
        let Payload::Exec(exec) = &node.fact.payload else {
            if let Payload::Fork(_) = node.fact.payload {
                return self.below(node, &mut chain.clone());
            }
            self.takes_user(&node.fact.payload, role, chain);
            let wanted = role.is_some() || self.observed && node.fact.folded.is_none();
            return wanted && self.fact(&node.fact.payload, role, chain);
        };
        if let Some(command) = command(exec).filter(|_| role.is_some() || self.observed) {
            let entry = Entry::new("shell", &[("command", &scenarios_own(&place(&command.into())))]);
            return self.add(entry, role, chain);
        }
        let image = image(exec);
        if node.fact.ids.is_some_and(|ids| ids.uid != ids.euid) {
            self.set_user_id.insert(image.name.clone());
        }
        let mut inner = chain.clone();
        inner.via.push(image);
        // A failed exec has no image; the one before it stays.
        let found = self.below(node, &mut inner);
        let anchors = role.is_some() && !self.observed;
        if anchors || !found && self.observed {
            let mut entry = Entry::new("exec", &[]);
            entry.expect = refused(exec.result);
            return self.add(entry, role, &inner);
        }
        found
    }

    fn below(&mut self, node: &FactNode, chain: &mut Chain) -> bool {
        let mut found = false;
        for child in &node.children {
            found |= self.node(child, chain);
        }
        found
    }

    /// The way in which an act's user is taken ends with this call; it is no act.
    fn takes_user(&self, payload: &Payload, role: Option<Role>, chain: &mut Chain) {
        if let (Payload::SetId(setid), None) = (payload, role)
            && setid.call == SetIdCall::Setresuid
            && let Some(Some(uid)) = setid.requested.first()
        {
            chain.user = Some(self.id(Some(*uid)));
        }
    }

    fn id(&self, id: Option<u32>) -> String {
        match id.map(|id| id.to_string()) {
            None => "-".to_owned(),
            Some(id) if self.nobody.as_ref() == Some(&id) => "${nobody}".to_owned(),
            Some(id) => id,
        }
    }

    fn fact(&mut self, payload: &Payload, role: Option<Role>, chain: &Chain) -> bool {
        let succeeded = payload.result().is_none_or(|result| matches!(result, Outcome::Ok(_)));
        let mut entry = match payload {
            Payload::Open(open) if open.flags.writes() || open.flags.0 & 0o100 != 0 => {
                let kind = if open.flags.0 & 0o2000 != 0 { "append" } else { "write" };
                let path = own(&open.path);
                self.needs(&path, succeeded && open.flags.0 & 0o100 == 0);
                Entry::new(kind, &[("path", &path), ("content", "TODO ${nonce}\n")])
            }
            Payload::Open(open) => {
                let path = readable(&open.path);
                let folder = open.flags.0 & 0o200000 != 0 || open.path.as_bytes().ends_with(b".");
                if role.is_none() && (folder || is_of_the_system(&path)) {
                    return false;
                }
                self.needs(&path, succeeded);
                Entry::new("read", &[("path", &path)])
            }
            Payload::Unlink(unlink) if !unlink.directory => {
                let path = own(&unlink.path);
                self.needs(&path, succeeded);
                Entry::new("unlink", &[("path", &path)])
            }
            Payload::Rename(rename) => {
                let from = own(&rename.from);
                self.needs(&from, succeeded);
                Entry::new("rename", &[("from", &from), ("to", &own(&rename.to))])
            }
            Payload::Connect(connect) => match &connect.address {
                Address::Variable { name } if name == "resolver" => {
                    Entry::new("resolve", &[("resolver", "${resolver}"), ("name", "${nonce}.${domain}")])
                }
                Address::Variable { .. } | Address::Inet { .. } | Address::Inet6 { .. } => {
                    Entry::new("connect", &[("address", "${sink}"), ("payload", "GET /${nonce}")])
                }
                _ => return false,
            },
            Payload::Accept(_) => Entry::new("serve", &[("address", "127.0.0.1:0")]),
            Payload::SetId(setid)
                if role.is_some() || self.observed && setid.call != SetIdCall::Setgroups =>
            {
                let ids = setid.requested.iter().map(|id| self.id(*id)).collect();
                let entry = Entry::new("setid", &[("call", setid.call.word())]);
                Entry { ids: Some(ids), ..entry }
            }
            _ => return false,
        };
        // To the lab's own sink and resolver everything goes through.
        if !matches!(entry.kind, "connect" | "resolve" | "serve") {
            entry.expect = payload.result().and_then(refused);
        }
        self.add(entry, role, chain)
    }

    /// A file that must be there before the act, if no act before it makes it.
    fn needs(&mut self, path: &str, succeeded: bool) {
        let made = |entry: &Entry| entry.fields.iter().any(|(_, text)| text == path);
        let draft = &mut self.draft;
        let placed = path.starts_with("${work}/") || path.starts_with("${canary}/");
        if succeeded
            && placed
            && !path.contains("${nonce}")
            && !draft.acts.iter().chain(&draft.twins).any(made)
        {
            draft.files.insert(path.to_owned(), "TODO ${nonce}\n");
        }
    }

    fn add(&mut self, mut entry: Entry, role: Option<Role>, chain: &Chain) -> bool {
        entry.via.clone_from(&chain.via);
        entry.user.clone_from(&chain.user);
        let list = if role == Some(Role::Twin) { &mut self.draft.twins } else { &mut self.draft.acts };
        if list.contains(&entry) {
            return true;
        }
        if list.len() < MOST {
            list.push(entry)
        } else {
            self.draft.left_out += 1
        }
        true
    }
}

fn refused(result: Outcome) -> Option<Errno> {
    match result {
        Outcome::Ok(_) => None,
        Outcome::Errno(errno) => Some(errno),
    }
}

/// What an observed program finds in its environment, as the variables that scenarios have for it.
fn scenarios_own(command: &str) -> String {
    let told = ["sink", "resolver", "domain", "nonce", "work"];
    told.iter().fold(command.to_owned(), |command, name| {
        command.replace(&format!("$SIGHTLINE_{}", name.to_uppercase()), &format!("${{{name}}}"))
    })
}

/// The command of `sh -c`.
fn command(exec: &Exec) -> Option<String> {
    let argv = exec.argv.as_ref()?;
    let shell = matches!(argv.first()?.to_str_lossy().as_ref(), "sh" | "/bin/sh");
    let option = argv.get(1)?.as_bytes() == b"-c";
    let command = argv.get(2)?.to_str_lossy().into_owned();
    (shell && option && !command.trim().is_empty()).then_some(command)
}

fn image(exec: &Exec) -> Image {
    let path = place(&exec.path);
    let name: String = path.rsplit('/').next().unwrap_or_default().replace(['$', '{', '}'], "");
    let name = if name.is_empty() || matches!(&*name, "." | "..") { "program".to_owned() } else { name };
    let argv = exec.argv.as_deref().unwrap_or_default().iter().map(place);
    let argv: Vec<String> = argv.map(|argument| argument.replace('\0', "")).collect();
    Image { argv: if argv.is_empty() { vec![name.clone()] } else { argv }, name }
}

/// A text with the variables that scenarios have: places that only an observed program knows are the work folder's, a
/// name that it made up is an ordinary one, and what is no variable is no longer written like one.
fn place(text: &Text) -> String {
    let text = text.to_str_lossy();
    let (mut out, mut rest) = (String::new(), text.as_ref());
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        match name {
            "cwd" | "home" => out.push_str("${work}"),
            "pid" => out.push_str("self"),
            name if name.starts_with("nonce") => out.push_str("${nonce}"),
            name if name.starts_with("temp:") => out.push_str(&name.replace(':', "-")),
            name if VARIABLES.contains(&name) => _ = write!(out, "${{{name}}}"),
            name => _ = write!(out, "${name}"),
        }
        rest = after;
    }
    out + &rest.replace("${", "$")
}

/// A path that an act may change: right in the work folder or among the canaries, where alone files are made.
fn own(path: &Text) -> String {
    let path = place(path);
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = if name.is_empty() || name == ".." || name == "." { "file" } else { name };
    let folder = if path.starts_with("${canary}") { "${canary}" } else { "${work}" };
    format!("{folder}/{name}")
}

/// A path that an act may read: the machine's own as it is, one of the run in its folders.
fn readable(path: &Text) -> String {
    let written = place(path);
    if written.starts_with('/') && !written.contains('\0') { written } else { own(path) }
}

/// What programs read without being told to, and what belongs to whoever installed it.
fn is_of_the_system(path: &str) -> bool {
    ["/usr/", "/lib", "/proc/", "/sys/", "/dev/", "/etc/ld.so"].iter().any(|folder| path.starts_with(folder))
}
