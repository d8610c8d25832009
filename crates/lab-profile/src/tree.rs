//! TOML text as a tree in which every key and value knows its place; the only module that knows `toml`.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use toml::de::{DeTable, DeValue};

use crate::{diagnostic::Sink, place::Location};

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Location,
}

/// An entry of a table: the value, and where its key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key_at: Location,
    pub(crate) node: Node,
}

pub(crate) type Table = BTreeMap<String, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    String(String),
    /// `None`: it does not fit 64 bits
    Integer(Option<i64>),
    Float,
    Boolean(bool),
    Datetime,
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is called in messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads TOML; all syntax errors go to `sink`.
pub(crate) fn parse(file: &Arc<str>, text: &str, sink: &mut Sink) -> Option<Table> {
    let lines = Lines::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(lines.table(table.get_ref()));
    }
    let mut last = 0;
    for error in errors {
        let at = lines.at(&error.span().unwrap_or_default());
        // One slip makes several errors on its line; the first one names it.
        if at.line != last {
            last = at.line;
            sink.push(at, format!("TOML syntax: {}", error.message().replace('\n', "; ")));
        }
    }
    None
}

struct Lines<'t> {
    file: &'t Arc<str>,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(file: &'t Arc<str>, text: &'t str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { file, text, starts: std::iter::once(0).chain(after).collect() }
    }

    fn at(&self, span: &Range<usize>) -> Location {
        let line = self.starts.partition_point(|start| *start <= span.start).max(1);
        let before = self.text.get(self.starts[line - 1]..span.start).unwrap_or_default();
        let column = before.chars().count() + 1;
        Location { file: Arc::clone(self.file), line: line as u32, column: column as u32 }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let key_at = self.at(&key.span());
            // A table made by dotted keys or headers has no text of its own.
            let at = match value.get_ref() {
                DeValue::Table(_) => key_at.clone(),
                _ => self.at(&value.span()),
            };
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.to_string(), Entry { key_at, node: Node { value: self.value(value.get_ref()), at } })
        };
        table.iter().map(entry).collect()
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => {
                Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(_) => Value::Float,
            DeValue::Boolean(yes) => Value::Boolean(*yes),
            DeValue::Datetime(_) => Value::Datetime,
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| Node { value: self.value(item.get_ref()), at: self.at(&item.span()) })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};
    use crate::diagnostic::Sink;

    #[test]
    fn every_value_knows_its_place() {
        let mut sink = Sink::default();
        let text = "a = 1\n[t]\n  \"ä\" = [\n    \"x\",\n  ]\n[[l]]\nb.c = 2\n";
        let table = parse(&"f.toml".into(), text, &mut sink).unwrap();
        assert_eq!(table["a"].node.at.to_string(), "f.toml:1:5");
        assert_eq!(table["t"].key_at.to_string(), "f.toml:2:2");
        let Value::Table(t) = &table["t"].node.value else { panic!() };
        assert_eq!(t["ä"].node.at.to_string(), "f.toml:3:9");
        let Value::List(items) = &t["ä"].node.value else { panic!() };
        assert_eq!(items[0].at.to_string(), "f.toml:4:5");
        let Value::List(items) = &table["l"].node.value else { panic!() };
        assert_eq!(items[0].at.to_string(), "f.toml:6:1");
        let Value::Table(l) = &items[0].value else { panic!() };
        assert_eq!(l["b"].key_at.to_string(), "f.toml:7:1");
    }
}
