//! One act as a scenario writes it: kind, chain of images, user, expectation, interest.

use std::collections::BTreeMap;

use lab_model::{
    Act, ActKind, Action, Errno, Expectation, Interest, Link, ObjectClass, Origin, Placement, Role, Scope,
};

use crate::{
    diagnostic::Sink,
    fields::{Fields, boolean, integer, list, no_repeats, string, strings, table, word},
    free, kind,
    place::{Location, Place},
    scenario::Places,
    suggest::{did_you_mean, expected},
    tree::{Node, Table, Value},
    variables,
};

/// Keys of every act.
const KEYS: &[&str] = &["kind", "via", "user", "expect", "interest"];

/// Most images that one link can stand for.
const DEEPEST: u32 = 32;

/// Reads an act; where its values stand goes to `places` under `act.ID.`.
pub(crate) fn read(node: &Node, id: u32, role: Role, places: &mut Places, sink: &mut Sink) -> Option<Act> {
    let Value::Table(table) = &node.value else {
        sink.push(node.at.clone(), format!("`{role}` is {}, expected a table", node.value.type_name()));
        return None;
    };
    let prefix = format!("act.{id}");
    places.table(&prefix, &node.at, table);
    let Some(kind_word) = kind_word(table, node, role, sink) else {
        // Without a kind nobody knows the other keys; the shared ones can still be read.
        shared(&Fields::new(table, "an act", &node.at, &all_keys(), sink), &prefix, places, sink);
        return None;
    };
    let what = format!("an act of kind `{kind_word}`");
    let known = [&["kind"], kind::keys(kind_word), &KEYS[1..]].concat();
    let fields = Fields::new(table, &what, &node.at, &known, sink);
    let kind = kind::read(kind_word, &fields, sink);
    let Shared { via, user, expect, interest } = shared(&fields, &prefix, places, sink);
    if kind_word == "exec" && table.get("via").is_none() {
        sink.push(
            node.at.clone(),
            "missing key `via` in an act of kind `exec`, whose images are all that it does",
        );
    }
    let mut interest = interest.unwrap_or_else(default_interest);
    interest.exec_only = kind_word == "shell";
    Some(Act {
        id,
        role,
        origin: Origin::Performed,
        kind: kind?,
        via,
        user,
        expect,
        interest,
        nonce: String::new(),
    })
}

fn kind_word(table: &Table, node: &Node, role: Role, sink: &mut Sink) -> Option<&'static str> {
    let Some(entry) = table.get("kind") else {
        let message =
            format!("missing key `kind` in {}, {}", a(role), expected(ActKind::WORDS.iter().copied()));
        sink.push(node.at.clone(), message);
        return None;
    };
    let kinds: Vec<_> = ActKind::WORDS.iter().map(|word| (*word, *word)).collect();
    word(string(&entry.node, "kind", sink)?, &entry.node.at, "act kind", &kinds, sink)
}

fn a(role: Role) -> &'static str {
    match role {
        Role::Act => "an act",
        Role::Twin => "a twin",
    }
}

fn all_keys() -> Vec<&'static str> {
    let of_kinds = ActKind::WORDS.iter().flat_map(|word| kind::keys(word));
    let mut keys: Vec<_> = KEYS.iter().chain(of_kinds).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

struct Shared {
    via: Vec<Link>,
    user: Option<String>,
    expect: Expectation,
    interest: Option<Interest>,
}

fn shared(fields: &Fields<'_>, prefix: &str, places: &mut Places, sink: &mut Sink) -> Shared {
    let via = fields.optional("via", sink, |node, key, sink| {
        let items = list(node, key, sink)?;
        if items.is_empty() {
            sink.push(node.at.clone(), "`via` is empty, expected at least one image, or no `via`");
        }
        let mut links = Vec::new();
        for item in items {
            if let Some((link, table, depth)) = link(item, sink) {
                for _ in 0..depth {
                    places.table(&format!("{prefix}.via.{}", links.len() + 1), &item.at, table);
                    links.push(link.clone());
                }
            }
        }
        Some(links)
    });
    let user = user(fields, sink);
    let expect = fields
        .optional("expect", sink, |node, key, sink| expectation(string(node, key, sink)?, &node.at, sink));
    let interest = fields.get("interest").and_then(|entry| {
        let table = table(&entry.node, "interest", sink)?;
        places.table(&format!("{prefix}.interest"), &entry.key_at, table);
        Some(interest(table, &entry.key_at, sink))
    });
    Shared {
        via: via.map(|via| via.value).unwrap_or_default(),
        user,
        expect: expect.map(|expect| expect.value).unwrap_or_default(),
        interest,
    }
}

/// A user id; [`kind::id`] says which texts are one.
fn user(fields: &Fields<'_>, sink: &mut Sink) -> Option<String> {
    let user = fields.optional("user", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        variables::check(text, &node.at, sink);
        kind::id(text, key, &node.at, sink);
        Some(text.to_owned())
    });
    Some(user?.value)
}

fn expectation(text: &str, at: &Location, sink: &mut Sink) -> Option<Expectation> {
    if text == "ok" {
        return Some(Expectation::Ok);
    }
    match text.parse::<Errno>() {
        Ok(errno) => Some(Expectation::Errno(errno)),
        Err(_) => {
            let names: Vec<_> = (1..=132).map(|number| Errno(number).to_string()).collect();
            let known = || names.iter().map(String::as_str).filter(|n| n.starts_with('E')).chain(["ok"]);
            let message =
                format!("`expect` is {text:?}, expected `ok` or the name of an error such as `EACCES`");
            sink.push_hint(at.clone(), message, did_you_mean(text, known()));
            None
        }
    }
}

const LINK_KEYS: &[&str] = &["name", "argv", "depth", "placement", "set_user_id"];
const PLACEMENTS: &[(&str, Placement)] = &[("forked", Placement::Forked), ("in-place", Placement::InPlace)];

/// A link, its table, and how often it stands in the chain.
fn link<'t>(node: &'t Node, sink: &mut Sink) -> Option<(Link, &'t Table, u32)> {
    let table = table(node, "via", sink)?;
    let fields = Fields::new(table, "an image of `via`", &node.at, LINK_KEYS, sink);
    let name = fields.required("name", sink, |node, key, sink| {
        let name = string(node, key, sink)?;
        image_name(name, &node.at, sink);
        Some(name)
    });
    let argv = fields.optional("argv", sink, |node, key, sink| {
        let argv = strings(node, key, sink)?;
        if argv.is_empty() {
            sink.push(
                node.at.clone(),
                "`argv` is empty, expected at least the name by which the image is called",
            );
        }
        for (text, at) in &argv {
            variables::check(text, at, sink);
            if text.contains('\0') {
                sink.push((*at).clone(), "an argument holds a zero byte, which no argument can");
            }
        }
        Some(argv.into_iter().map(|(text, _)| text.to_owned()).collect())
    });
    let depth = fields.optional("depth", sink, |node, key, sink| integer(node, key, 1..=DEEPEST, sink));
    let placement = fields.optional("placement", sink, |node, key, sink| {
        word(string(node, key, sink)?, &node.at, "placement", PLACEMENTS, sink)
    });
    let set_user_id = fields.optional("set_user_id", sink, boolean);
    let name = name?.value;
    let link = Link {
        path: format!("${{bin}}/{name}"),
        argv: argv.map_or_else(|| vec![name.to_owned()], |argv| argv.value),
        placement: placement.map(|placement| placement.value).unwrap_or_default(),
        set_user_id: set_user_id.is_some_and(|yes| yes.value),
    };
    Some((link, table, depth.map_or(1, |depth| depth.value)))
}

fn image_name(name: &str, at: &Location, sink: &mut Sink) {
    let wrong = if name.is_empty() {
        "it is empty"
    } else if name.contains('/') {
        "it holds `/`"
    } else if name.contains('$') || name.chars().any(char::is_control) || matches!(name, "." | "..") {
        "no file can be placed under it"
    } else if name.len() > 255 {
        "it is longer than 255 bytes"
    } else {
        return;
    };
    sink.push(at.clone(), format!("`name` is {name:?}: {wrong}, expected a file name such as `webd`"));
}

const INTEREST_KEYS: &[&str] = &["scope", "actions", "fold", "unordered", "optional", "at_most"];
const SCOPES: &[(&str, Scope)] = &[("subtree", Scope::Subtree), ("process", Scope::Process)];
const CLASSES: &[ObjectClass] = &[ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService];

/// Everything that the act's processes and their descendants do; the classes folded.
pub(crate) fn default_interest() -> Interest {
    Interest {
        scope: Scope::Subtree,
        actions: actions().map(|(_, action)| action).collect(),
        exec_only: false,
        folded: CLASSES.iter().copied().collect(),
        free: BTreeMap::new(),
    }
}

/// What no process does: a sensor's own word, and what is only seen on its way.
const OF_NO_PROCESS: &[Action] =
    &[Action::Loss, Action::Flow, Action::Dns, Action::Request, Action::Alert, Action::Message];

/// The actions of processes, by their words.
pub(crate) fn actions() -> impl Iterator<Item = (&'static str, Action)> {
    let of_processes = Action::ALL.iter().filter(|action| !OF_NO_PROCESS.contains(action));
    of_processes.map(|action| (action.word(), *action))
}

fn interest(table: &Table, at: &Location, sink: &mut Sink) -> Interest {
    let default = default_interest();
    let fields = Fields::new(table, "`interest`", at, INTEREST_KEYS, sink);
    let scope = fields.optional("scope", sink, |node, key, sink| {
        word(string(node, key, sink)?, &node.at, "scope", SCOPES, sink)
    });
    let actions: Vec<_> = actions().collect();
    let classes: Vec<_> = CLASSES.iter().map(|class| (class.word(), *class)).collect();
    Interest {
        scope: scope.map_or(default.scope, |scope| scope.value),
        actions: words(&fields, "actions", "action", &actions, sink).unwrap_or(default.actions),
        exec_only: false,
        folded: words(&fields, "fold", "class", &classes, sink).unwrap_or(default.folded),
        free: free::read(&fields, sink),
    }
}

fn words<T: Copy + Ord>(
    fields: &Fields<'_>,
    key: &str,
    what: &str,
    known: &[(&str, T)],
    sink: &mut Sink,
) -> Option<std::collections::BTreeSet<T>> {
    let read = fields.optional(key, sink, |node, key, sink| {
        let found = strings(node, key, sink)?;
        no_repeats(found.iter().copied(), what, sink);
        Some(found.into_iter().filter_map(|(text, at)| word(text, at, what, known, sink)).collect())
    });
    Some(read?.value)
}

impl Places {
    /// Notes where the entries of a table stand, and the table itself.
    pub(crate) fn table(&mut self, prefix: &str, at: &Location, table: &Table) {
        self.put(prefix.to_owned(), Place::Written(at.clone()));
        for (key, entry) in table {
            self.put(format!("{prefix}.{key}"), Place::Written(entry.node.at.clone()));
        }
    }
}
