//! An event as a row: values taken out of its JSON, the rest left in it; and the way back.

use lab_model::Event;
use serde_json::{Map, Value};

use super::column::{ColumnKind, EVENT_COLUMNS, Field, Shape};

/// The value of one cell that is not null.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(i64),
    Flag(bool),
    Texts(Vec<String>),
}

/// Gives the cells of an event, each with the number of its column, in no particular order. Whatever is not exactly what
/// its column holds goes to the last column with everything that has none: nothing is lost, nothing stands twice.
pub(crate) fn cells(mut event: Map<String, Value>, put: &mut dyn FnMut(usize, Cell)) {
    began_to_took(&mut event);
    let action = event.get("payload").and_then(|payload| payload.get("action")).and_then(Value::as_str);
    take(Shape::of(action.unwrap_or_default()), &mut event, put);
    if !event.is_empty() {
        put(EVENT_COLUMNS.len() - 1, Cell::Text(Value::Object(event).to_string()));
    }
}

fn take(shape: &Shape, object: &mut Map<String, Value>, put: &mut dyn FnMut(usize, Cell)) {
    object.retain(|name, value| match shape.fields.get(name.as_str()) {
        Some(Field::Column(column)) => match cell(EVENT_COLUMNS[*column].kind, value) {
            Some(cell) => {
                put(*column, cell);
                false
            }
            // Null and absent are one in every record.
            None => !value.is_null(),
        },
        Some(Field::Fields(shape)) => match value {
            Value::Object(fields) => {
                take(shape, fields, put);
                !fields.is_empty()
            }
            other => !other.is_null(),
        },
        None => true,
    });
}

fn cell(kind: ColumnKind, value: &mut Value) -> Option<Cell> {
    match (kind, value) {
        (ColumnKind::Text, Value::String(text)) => Some(Cell::Text(std::mem::take(text))),
        (ColumnKind::Number, Value::Number(number)) => number.as_i64().map(Cell::Number),
        (ColumnKind::Flag, Value::Bool(flag)) => Some(Cell::Flag(*flag)),
        (ColumnKind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
            let texts = items.iter_mut().filter_map(|item| match item {
                Value::String(text) => Some(std::mem::take(text)),
                _ => None,
            });
            Some(Cell::Texts(texts.collect()))
        }
        _ => None,
    }
}

/// The JSON of an event from its cells. `rest` is the last column's text.
pub(crate) fn json(
    action: &str,
    rest: Option<&str>,
    get: &mut dyn FnMut(usize) -> Option<Cell>,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let Some(rest) = rest else {
        write(Shape::of(action), true, get, &mut out).map_err(|error| error.to_string())?;
        return Ok(out);
    };
    let wrong = |error| format!("column `rest`: {error}");
    let mut event: Map<String, Value> = serde_json::from_str(rest).map_err(wrong)?;
    // They are there even if nothing is in them.
    for name in ["image", "payload", "seq", "time"] {
        event.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    for (column, way) in &Shape::of(action).ways {
        if let Some(cell) = get(*column) {
            insert(&mut event, way, cell.into())
                .ok_or_else(|| format!("columns `{}` and `rest` disagree", EVENT_COLUMNS[*column].name))?;
        }
    }
    serde_json::to_vec(&event).map_err(wrong)
}

/// Writes an object; below the first level none that is empty.
fn write(
    shape: &Shape,
    first_level: bool,
    get: &mut dyn FnMut(usize) -> Option<Cell>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    out.push(b'{');
    let begin = out.len();
    for (name, field) in &shape.fields {
        let before = out.len();
        if before > begin {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, name)?;
        out.push(b':');
        let after = out.len();
        match field {
            Field::Column(column) => match get(*column) {
                Some(Cell::Text(text)) => serde_json::to_writer(&mut *out, &text)?,
                Some(Cell::Number(number)) => serde_json::to_writer(&mut *out, &number)?,
                Some(Cell::Flag(flag)) => serde_json::to_writer(&mut *out, &flag)?,
                Some(Cell::Texts(texts)) => serde_json::to_writer(&mut *out, &texts)?,
                None => out.truncate(before),
            },
            Field::Fields(shape) => {
                write(shape, false, get, out)?;
                if out.len() == after + 2 && !first_level {
                    out.truncate(before);
                }
            }
        }
    }
    out.push(b'}');
    Ok(())
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Text(text) => text.into(),
            Cell::Number(number) => number.into(),
            Cell::Flag(flag) => flag.into(),
            Cell::Texts(texts) => texts.into(),
        }
    }
}

fn insert(object: &mut Map<String, Value>, way: &[&str], value: Value) -> Option<()> {
    let (last, parents) = way.split_last()?;
    let mut object = object;
    for parent in parents {
        if !object.contains_key(*parent) {
            object.insert((*parent).to_owned(), Value::Object(Map::new()));
        }
        object = object.get_mut(*parent)?.as_object_mut()?;
    }
    object.insert((*last).to_owned(), value).is_none().then_some(())
}

/// A start is far from its event's end in no unit but time: as a difference it takes a byte or two.
fn began_to_took(event: &mut Map<String, Value>) {
    let Some(Value::Object(time)) = event.get_mut("time") else { return };
    let number = |name: &str| time.get(name).and_then(Value::as_u64);
    let (Some(ns), Some(began)) = (number("ns"), number("began_ns")) else { return };
    if let Some(took) = ns.checked_sub(began).and_then(|took| i64::try_from(took).ok()) {
        time.remove("began_ns");
        time.insert("took_ns".to_owned(), Value::from(took));
    }
}

/// The way back: sets the start of an event from its cell of `took_ns`.
pub(crate) fn took_to_began(event: &mut Event, took: Option<Cell>) {
    if let Some(Cell::Number(took)) = took {
        event.time.began_ns = u64::try_from(took).ok().and_then(|took| event.time.ns.checked_sub(took));
    }
}
