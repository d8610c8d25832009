//! A scenario: acts and benign twins with their set-up, resolved from its file.

use std::collections::BTreeMap;

use lab_model::{Act, Image, Role, ScenarioHead, SetUpFile};

use crate::{
    act,
    diagnostic::{Diagnostics, Sink},
    fields::{Fields, integer, no_repeats, string, strings},
    files::{Files, Input, read_text, toml_names},
    kind,
    place::{Location, Place},
    profile::one_line,
    tree::{self, Node, Table, Value},
    variables,
};

/// One scenario; its strings hold variables, those of its acts until [`Act::bind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// name and meaning
    pub head: ScenarioHead,
    /// files that the environment makes before the actor starts, in order
    pub files: Vec<SetUpFile>,
    /// copies of the actor that the environment places in `${bin}`, by name
    pub images: Vec<Image>,
    /// acts, then twins, numbered from 1
    pub acts: Vec<Act>,
    /// the file that says so
    pub input: Input,
    pub(crate) places: Places,
}

/// Where the values of a scenario stand, by the path of the field: `summary`, `file.1.path`, `act.3.via.2.argv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    pub(crate) fn put(&mut self, field: String, place: Place) {
        self.0.insert(field, place);
    }

    /// Where `field` stands; the default place if it stands nowhere.
    pub(crate) fn get(&self, field: &str) -> &Place {
        self.0.get(field).unwrap_or(&Place::Default)
    }
}

/// The names of all scenarios, sorted.
///
/// # Errors
/// The folder cannot be listed.
pub fn list_scenarios(root: &(impl Files + ?Sized)) -> Result<Vec<String>, Diagnostics> {
    let mut sink = Sink::default();
    let names = toml_names(root, "scenarios", &mut sink);
    sink.finish(Some(names))
}

/// Loads scenarios/`name`.toml.
///
/// # Errors
/// Every mistake in it.
pub fn load_scenario(root: &(impl Files + ?Sized), name: &str) -> Result<Scenario, Diagnostics> {
    let mut sink = Sink::default();
    let scenario = find(root, name, &mut sink).and_then(|path| {
        let (text, input) = read_text(root, &path, None, &mut sink)?;
        let table = tree::parse(&input.path, &text, &mut sink)?;
        read(name, &table, input, &mut sink)
    });
    sink.finish(scenario)
}

/// Says whether `text` would do as scenarios/`name`.toml.
///
/// # Errors
/// Every mistake in it.
pub fn check_scenario(root: &(impl Files + ?Sized), name: &str, text: &str) -> Result<Scenario, Diagnostics> {
    load_scenario(&With { root, path: format!("scenarios/{name}.toml"), text }, name)
}

/// A project in which one file says something else.
struct With<'a, F: ?Sized> {
    root: &'a F,
    path: String,
    text: &'a str,
}

impl<F: Files + ?Sized> Files for With<'_, F> {
    fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if path == self.path { Ok(self.text.as_bytes().to_vec()) } else { self.root.read(path) }
    }

    fn names(&self, folder: &str) -> std::io::Result<Vec<String>> {
        self.root.names(folder)
    }
}

fn find(root: &(impl Files + ?Sized), name: &str, sink: &mut Sink) -> Option<String> {
    let names = toml_names(root, "scenarios", sink);
    if names.iter().any(|known| known == name) {
        return Some(format!("scenarios/{name}.toml"));
    }
    let message =
        format!("unknown scenario `{name}`, {}", crate::suggest::expected(names.iter().map(|n| &**n)));
    sink.push_hint(None, message, crate::suggest::did_you_mean(name, names.iter().map(String::as_str)));
    None
}

const KEYS: &[&str] = &["summary", "attack", "file", "act", "twin"];

fn read(name: &str, table: &Table, input: Input, sink: &mut Sink) -> Option<Scenario> {
    let whole = Location::file(&input.path);
    let fields = Fields::new(table, "a scenario", &whole, KEYS, sink);
    let mut places = Places::default();
    let summary = fields
        .required("summary", sink, |node, key, sink| one_line(string(node, key, sink)?, &node.at, key, sink));
    let attack = attack(&fields, &whole, sink);
    if let Some(summary) = &summary {
        places.put("summary".to_owned(), summary.place.clone());
    }
    if let Some(entry) = fields.get("attack") {
        places.put("attack".to_owned(), Place::Written(entry.node.at.clone()));
    }
    let files = entries(&fields, "file", sink)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .filter_map(|(index, node)| file(node, index + 1, &mut places, sink))
        .collect();
    let mut acts = Vec::new();
    let mut images = Images::default();
    let mut id = 0;
    for (key, role) in [("act", Role::Act), ("twin", Role::Twin)] {
        let nodes = entries(&fields, key, sink);
        if nodes.is_some_and(<[Node]>::is_empty) {
            missing(role, &whole, sink);
        }
        for node in nodes.unwrap_or_default() {
            id += 1;
            let act = act::read(node, id, role, &mut places, sink);
            if let Some(act) = &act {
                images.add(act, &places, sink);
            }
            acts.extend(act);
        }
    }
    let head = ScenarioHead { name: name.to_owned(), summary: summary?.value, attack: attack? };
    Some(Scenario { head, files, images: images.into_vec(), acts, input, places })
}

/// The tables of `[[key]]`; `None` if there is something else.
fn entries<'t>(fields: &Fields<'t>, key: &str, sink: &mut Sink) -> Option<&'t [Node]> {
    let Some(entry) = fields.get(key) else { return Some(&[]) };
    if let Value::List(nodes) = &entry.node.value {
        return Some(nodes);
    }
    let found = entry.node.value.type_name();
    sink.push(entry.node.at.clone(), format!("`{key}` is {found}, expected a list of tables, `[[{key}]]`"));
    None
}

fn missing(role: Role, at: &Location, sink: &mut Sink) {
    let (message, hint) = match role {
        Role::Act => ("no act, expected at least one `[[act]]`", None),
        Role::Twin => (
            "no benign twin, expected at least one `[[twin]]`",
            Some("write a `[[twin]]` of the same shape as an act that must raise no detection".to_owned()),
        ),
    };
    sink.push_hint(at.clone(), message, hint);
}

fn attack(fields: &Fields<'_>, whole: &Location, sink: &mut Sink) -> Option<Vec<String>> {
    let hint = || Some("write `attack = [\"T1059.004\"]` with the techniques that it shows".to_owned());
    let Some(entry) = fields.get("attack") else {
        sink.push_hint(whole.clone(), "no ATT&CK id, expected `attack` with at least one", hint());
        return None;
    };
    let ids = strings(&entry.node, "attack", sink)?;
    if ids.is_empty() {
        sink.push_hint(entry.node.at.clone(), "no ATT&CK id, expected at least one in `attack`", hint());
    }
    no_repeats(ids.iter().copied(), "ATT&CK id", sink);
    for (id, at) in &ids {
        if !is_technique(id) {
            sink.push(
                (*at).clone(),
                format!("{id:?} is no ATT&CK id, expected the form `T1234` or `T1234.001`"),
            );
        }
    }
    Some(ids.into_iter().map(|(id, _)| id.to_owned()).collect())
}

fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    id.strip_prefix('T').is_some_and(|rest| match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    })
}

fn file(node: &Node, number: usize, places: &mut Places, sink: &mut Sink) -> Option<SetUpFile> {
    let Value::Table(table) = &node.value else {
        sink.push(node.at.clone(), format!("`file` is {}, expected a table", node.value.type_name()));
        return None;
    };
    places.table(&format!("file.{number}"), &node.at, table);
    let keys = ["path", "content", "mode", "owner"];
    let fields = Fields::new(table, "a file", &node.at, &keys, sink);
    let path = fields.required("path", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        variables::check(text, &node.at, sink);
        let name = ["${work}/", "${canary}/"].iter().find_map(|folder| text.strip_prefix(folder));
        // An environment makes no other folders, and takes these away with all that is in them.
        if !name.is_some_and(|name| !name.is_empty() && name != ".." && !name.contains('/')) {
            let message =
                format!("`path` is {text:?}, expected a file right in `${{work}}` or `${{canary}}`");
            sink.push(node.at.clone(), message);
        }
        Some(text.to_owned())
    });
    let content = fields.required("content", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        variables::check(text, &node.at, sink);
        Some(text.to_owned())
    });
    let mode = fields.optional("mode", sink, |node, key, sink| integer(node, key, 0..=0o7777, sink));
    let owner = fields.optional("owner", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        variables::check(text, &node.at, sink);
        kind::id(text, key, &node.at, sink);
        Some(text.to_owned())
    });
    Some(SetUpFile {
        path: path?.value,
        content: content?.value,
        mode: mode.map_or(0o644, |mode| mode.value),
        owner: owner.map(|owner| owner.value),
    })
}

/// The images of all acts; one name is one file.
#[derive(Default)]
struct Images(BTreeMap<String, (bool, Place)>);

impl Images {
    fn add(&mut self, act: &Act, places: &Places, sink: &mut Sink) {
        for (index, link) in act.via.iter().enumerate() {
            let name = link.path.rsplit('/').next().unwrap_or_default();
            let place = places.get(&format!("act.{}.via.{}", act.id, index + 1)).clone();
            let (set_user_id, first) =
                self.0.entry(name.to_owned()).or_insert_with(|| (link.set_user_id, place.clone()));
            if *set_user_id != link.set_user_id
                && let Place::Written(at) = place
            {
                let message = format!(
                    "image `{name}` is set-user-id in one place and not in another ({first}), expected one or the other"
                );
                sink.push(at, message);
            }
        }
    }

    fn into_vec(self) -> Vec<Image> {
        self.0.into_iter().map(|(name, (set_user_id, _))| Image { name, set_user_id }).collect()
    }
}
