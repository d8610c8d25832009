//! Reads a table as written: closed keys, typed values, and every mistake with its place.

use crate::{
    diagnostic::Sink,
    place::{Location, Place, Sourced},
    suggest::{did_you_mean, expected},
    tree::{Entry, Node, Table, Value},
};

/// A table that may hold only known keys.
pub(crate) struct Fields<'t> {
    table: &'t Table,
    /// what the table is, for messages: `a profile`
    what: &'t str,
    /// where the table is, for what it lacks
    at: &'t Location,
    /// what it lacks is a mistake
    whole: bool,
}

impl<'t> Fields<'t> {
    /// Reports every key that is not in `known`.
    pub(crate) fn new(
        table: &'t Table,
        what: &'t str,
        at: &'t Location,
        known: &[&str],
        sink: &mut Sink,
    ) -> Self {
        for (key, entry) in table {
            if !known.contains(&key.as_str()) {
                let message = format!("unknown key `{key}` in {what}, {}", expected(known.iter().copied()));
                sink.push_hint(entry.key_at.clone(), message, did_you_mean(key, known.iter().copied()));
            }
        }
        Self { table, what, at, whole: true }
    }

    /// For a table of which a part could not be read: nobody knows what it lacks.
    pub(crate) fn whole(self, whole: bool) -> Self {
        Self { whole, ..self }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'t Entry> {
        self.table.get(key)
    }

    /// The value of `key`, which must be there.
    pub(crate) fn required<T>(
        &self,
        key: &str,
        sink: &mut Sink,
        read: impl FnOnce(&'t Node, &str, &mut Sink) -> Option<T>,
    ) -> Option<Sourced<T>> {
        if self.whole && !self.table.contains_key(key) {
            sink.push(self.at.clone(), format!("missing key `{key}` in {}", self.what));
        }
        self.optional(key, sink, read)
    }

    /// The value of `key`, if it is there and right.
    pub(crate) fn optional<T>(
        &self,
        key: &str,
        sink: &mut Sink,
        read: impl FnOnce(&'t Node, &str, &mut Sink) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let entry = self.table.get(key)?;
        let value = read(&entry.node, key, sink)?;
        Some(Sourced { value, place: Place::Written(entry.node.at.clone()) })
    }
}

fn wrong_type<T>(node: &Node, key: &str, wanted: &str, sink: &mut Sink) -> Option<T> {
    sink.push(node.at.clone(), format!("`{key}` is {}, expected {wanted}", node.value.type_name()));
    None
}

pub(crate) fn string<'t>(node: &'t Node, key: &str, sink: &mut Sink) -> Option<&'t str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => wrong_type(node, key, "a string", sink),
    }
}

pub(crate) fn boolean(node: &Node, key: &str, sink: &mut Sink) -> Option<bool> {
    match node.value {
        Value::Boolean(yes) => Some(yes),
        _ => wrong_type(node, key, "a boolean (`true` or `false`)", sink),
    }
}

/// An integer within a range.
pub(crate) fn integer(
    node: &Node,
    key: &str,
    range: std::ops::RangeInclusive<u32>,
    sink: &mut Sink,
) -> Option<u32> {
    let Value::Integer(number) = node.value else { return wrong_type(node, key, "an integer", sink) };
    let fits = number.and_then(|number| u32::try_from(number).ok()).filter(|number| range.contains(number));
    if fits.is_none() {
        let found = number.map_or("a number beyond 64 bits".to_owned(), |number| number.to_string());
        let (low, high) = (range.start(), range.end());
        sink.push(node.at.clone(), format!("`{key}` is {found}, expected a number from {low} to {high}"));
    }
    fits
}

pub(crate) fn list<'t>(node: &'t Node, key: &str, sink: &mut Sink) -> Option<&'t [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        _ => wrong_type(node, key, "a list", sink),
    }
}

pub(crate) fn table<'t>(node: &'t Node, key: &str, sink: &mut Sink) -> Option<&'t Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        _ => wrong_type(node, key, "a table", sink),
    }
}

/// A list of strings, each with its place.
pub(crate) fn strings<'t>(
    node: &'t Node,
    key: &str,
    sink: &mut Sink,
) -> Option<Vec<(&'t str, &'t Location)>> {
    let items = list(node, key, sink)?;
    let read: Vec<_> = items
        .iter()
        .filter_map(|item| match &item.value {
            Value::String(text) => Some((text.as_str(), &item.at)),
            other => {
                let found = other.type_name();
                sink.push(item.at.clone(), format!("`{key}` holds {found}, expected only strings"));
                None
            }
        })
        .collect();
    (read.len() == items.len()).then_some(read)
}

/// The value that `word` stands for among `known`.
pub(crate) fn word<T: Copy>(
    word: &str,
    at: &Location,
    what: &str,
    known: &[(&str, T)],
    sink: &mut Sink,
) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        let names = || known.iter().map(|(name, _)| *name);
        let message = format!("unknown {what} `{word}`, {}", expected(names()));
        sink.push_hint(at.clone(), message, did_you_mean(word, names()));
    }
    found
}

/// Reports every item that occurred before in the list.
pub(crate) fn no_repeats<'t>(
    items: impl IntoIterator<Item = (&'t str, &'t Location)>,
    what: &str,
    sink: &mut Sink,
) {
    let mut seen: Vec<(&str, &Location)> = Vec::new();
    for (text, at) in items {
        match seen.iter().find(|(other, _)| *other == text) {
            Some((_, first)) => {
                let line = first.line;
                sink.push(
                    at.clone(),
                    format!("{what} `{text}` stands here again, expected once (line {line})"),
                );
            }
            None => seen.push((text, at)),
        }
    }
}
