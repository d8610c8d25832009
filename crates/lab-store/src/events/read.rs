//! Reading events back.

use bytes::Bytes;
use lab_model::Event;
use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType},
    errors::{ParquetError, Result},
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
};

use super::{
    column::{ColumnKind, EVENT_COLUMNS},
    row::{Cell, json, took_to_began},
    schema,
};

/// The events in the bytes of a table.
///
/// # Errors
/// Says what is wrong with them, as a fragment.
pub(crate) fn events(table: Vec<u8>) -> std::result::Result<Vec<Event>, String> {
    // The library trusts some numbers of a file, and panics where they cannot be.
    let read = std::panic::catch_unwind(|| decoded(table));
    read.unwrap_or_else(|_| Err("damaged, its own numbers cannot be".to_owned()))
}

fn decoded(table: Vec<u8>) -> std::result::Result<Vec<Event>, String> {
    let told = |error: ParquetError| error.to_string();
    let reader = SerializedFileReader::new(Bytes::from(table)).map_err(told)?;
    let expected = schema().map_err(told)?;
    let metadata = reader.metadata().file_metadata();
    if metadata.schema_descr().root_schema().get_fields() != expected.get_fields() {
        return Err("its columns are not those of a bundle's events".to_owned());
    }
    let mut events = Vec::new();
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(told)?;
        let rows = usize::try_from(group.metadata().num_rows()).map_err(|error| error.to_string())?;
        let mut columns = Vec::with_capacity(EVENT_COLUMNS.len());
        for (at, column) in EVENT_COLUMNS.iter().enumerate() {
            let read = group.get_column_reader(at).and_then(|reader| Column::read(column.kind, reader, rows));
            columns.push(read.map_err(|error| format!("column `{}`: {error}", column.name))?);
        }
        for _ in 0..rows {
            let event = next(&mut columns);
            events.push(event.map_err(|problem| format!("row {}: {problem}", events.len() + 1))?);
        }
    }
    Ok(events)
}

/// The next row of all columns as an event.
fn next(columns: &mut [Column]) -> std::result::Result<Event, String> {
    let (mut cells, mut took, mut action) = (Vec::with_capacity(columns.len()), None, String::new());
    for (at, column) in columns.iter_mut().enumerate() {
        let name = EVENT_COLUMNS[at].name;
        let mut cell = column.next().map_err(|problem| format!("column `{name}`: {problem}"))?;
        match (name, &cell) {
            ("took_ns", _) => took = cell.take(),
            ("action", Some(Cell::Text(word))) => action.clone_from(word),
            _ => {}
        }
        cells.push(cell);
    }
    let rest = match cells.pop().flatten() {
        Some(Cell::Text(rest)) => Some(rest),
        _ => None,
    };
    let json = json(&action, rest.as_deref(), &mut |column| cells[column].take())?;
    let mut event = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    took_to_began(&mut event, took);
    Ok(event)
}

/// One column of a group of rows, and where reading stands in it.
struct Column {
    values: Values,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    /// the next level
    at: usize,
}

enum Values {
    Text(std::vec::IntoIter<ByteArray>),
    Texts(std::vec::IntoIter<ByteArray>),
    Number(std::vec::IntoIter<i64>),
    Flag(std::vec::IntoIter<bool>),
}

impl Column {
    fn read(kind: ColumnKind, reader: ColumnReader, rows: usize) -> Result<Self> {
        let (mut defined, mut repeated) = (Vec::new(), Vec::new());
        let values = match (kind, reader) {
            (ColumnKind::Text, ColumnReader::ByteArrayColumnReader(reader)) => {
                Values::Text(all(reader, rows, &mut defined, &mut repeated)?)
            }
            (ColumnKind::Texts, ColumnReader::ByteArrayColumnReader(reader)) => {
                Values::Texts(all(reader, rows, &mut defined, &mut repeated)?)
            }
            (ColumnKind::Number, ColumnReader::Int64ColumnReader(reader)) => {
                Values::Number(all(reader, rows, &mut defined, &mut repeated)?)
            }
            (ColumnKind::Flag, ColumnReader::BoolColumnReader(reader)) => {
                Values::Flag(all(reader, rows, &mut defined, &mut repeated)?)
            }
            _ => return Err(ParquetError::General("it has another type".to_owned())),
        };
        Ok(Self { values, defined, repeated, at: 0 })
    }

    fn next(&mut self) -> std::result::Result<Option<Cell>, String> {
        let short = || "it has fewer values than rows".to_owned();
        let defined = *self.defined.get(self.at).ok_or_else(short)?;
        self.at += 1;
        if defined == 0 {
            return Ok(None);
        }
        Ok(Some(match &mut self.values {
            Values::Number(values) => Cell::Number(values.next().ok_or_else(short)?),
            Values::Flag(values) => Cell::Flag(values.next().ok_or_else(short)?),
            Values::Text(values) => Cell::Text(text(&values.next().ok_or_else(short)?)?),
            Values::Texts(values) => {
                let mut texts = Vec::new();
                if defined > 1 {
                    texts.push(text(&values.next().ok_or_else(short)?)?);
                    while self.repeated.get(self.at).is_some_and(|level| *level > 0) {
                        texts.push(text(&values.next().ok_or_else(short)?)?);
                        self.at += 1;
                    }
                }
                Cell::Texts(texts)
            }
        }))
    }
}

fn text(bytes: &ByteArray) -> std::result::Result<String, String> {
    std::str::from_utf8(bytes.data()).map(str::to_owned).map_err(|error| error.to_string())
}

fn all<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    defined: &mut Vec<i16>,
    repeated: &mut Vec<i16>,
) -> Result<std::vec::IntoIter<T::T>> {
    let mut values = Vec::new();
    let (read, _, _) = reader.read_records(rows, Some(defined), Some(repeated), &mut values)?;
    if read == rows {
        Ok(values.into_iter())
    } else {
        Err(ParquetError::EOF(format!("{read} of {rows} rows")))
    }
}
