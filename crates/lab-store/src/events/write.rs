//! Writing events: in groups of rows, so that memory does not grow with their number.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use lab_model::Event;
use parquet::{
    basic::{Compression, Encoding, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::ColumnPath,
};
use serde_json::Value;

use super::{
    HEAD_EVENTS,
    column::{ColumnKind, EVENT_COLUMNS, Layout},
    row::{Cell, cells},
    schema,
};
use crate::{Owner, StoreError, file, file::Unfinished};

/// A group of rows ends with this many of them,
const GROUP_ROWS: usize = 1 << 16;
/// or with this many bytes of text.
const GROUP_BYTES: usize = 16 << 20;
/// Beyond this a dictionary is given up for the rest of a group.
const DICTIONARY_BYTES: usize = 256 << 10;

/// The two files of an instance's events while they are written.
#[derive(Debug)]
pub(crate) struct EventsFile {
    head: BufWriter<Unfinished>,
    table: SerializedFileWriter<BufWriter<Unfinished>>,
    columns: Vec<Rows>,
    rows: usize,
    bytes: usize,
    count: usize,
}

/// Values of one column in the group that is being filled, with the levels by which Parquet tells nulls and lists.
#[derive(Debug)]
struct Rows {
    values: Values,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

#[derive(Debug)]
enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i64>),
    Flags(Vec<bool>),
}

impl EventsFile {
    /// Begins both files; neither is there under its name before [`EventsFile::finish`].
    pub(crate) fn create(table: &Path, head: &Path, owner: Option<Owner>) -> Result<Self, StoreError> {
        let head = BufWriter::new(Unfinished::create(head, owner)?);
        let out = BufWriter::new(Unfinished::create(table, owner)?);
        let writer = schema().and_then(|schema| SerializedFileWriter::new(out, schema, properties()));
        let table =
            writer.map_err(|error| StoreError::Write { path: table.to_owned(), source: io_error(error) })?;
        let columns = EVENT_COLUMNS.iter().map(|column| Rows::new(column.kind)).collect();
        Ok(Self { head, table, columns, rows: 0, bytes: 0, count: 0 })
    }

    /// Adds an event, without its secrets.
    pub(crate) fn push(&mut self, event: &Event) -> io::Result<()> {
        let event = file::without_secrets(event)?;
        if self.count < HEAD_EVENTS {
            serde_json::to_writer(&mut self.head, &event)?;
            self.head.write_all(b"\n")?;
        }
        let Value::Object(event) = event else { return Err(io::Error::other("an event is a JSON object")) };
        let (columns, rows, bytes) = (&mut self.columns, self.rows, &mut self.bytes);
        cells(event, &mut |column, cell| {
            *bytes += cell.bytes();
            columns[column].put(rows, cell);
        });
        self.rows += 1;
        self.count += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.end_group() } else { Ok(()) }
    }

    /// Completes both files and gives them their names; says how many events there are.
    pub(crate) fn finish(mut self) -> io::Result<usize> {
        self.end_group()?;
        let out = self.table.into_inner().map_err(io_error)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        self.head.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        Ok(self.count)
    }

    fn end_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.table.next_row_group().map_err(io_error)?;
        for rows in &mut self.columns {
            rows.fill(self.rows);
            let column = group.next_column().map_err(io_error)?;
            let column = column.ok_or_else(|| io::Error::other("the schema has fewer columns"))?;
            rows.write(column).map_err(io_error)?;
            rows.clear();
        }
        group.close().map_err(io_error)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Rows {
    fn new(kind: ColumnKind) -> Self {
        let values = match kind {
            ColumnKind::Text | ColumnKind::Texts => Values::Texts(Vec::new()),
            ColumnKind::Number => Values::Numbers(Vec::new()),
            ColumnKind::Flag => Values::Flags(Vec::new()),
        };
        Self { values, defined: Vec::new(), repeated: Vec::new() }
    }

    /// Makes up for rows in which nothing was put; of a list, `repeated` counts them: each begins with a zero.
    fn fill(&mut self, rows: usize) {
        let there = self.repeated.iter().filter(|level| **level == 0).count();
        let there = if self.repeated.is_empty() { self.defined.len() } else { there };
        let missing = rows.saturating_sub(there);
        self.defined.resize(self.defined.len() + missing, 0);
        if !self.repeated.is_empty() {
            self.repeated.resize(self.repeated.len() + missing, 0);
        }
    }

    fn put(&mut self, row: usize, cell: Cell) {
        self.fill(row);
        match (cell, &mut self.values) {
            (Cell::Text(text), Values::Texts(values)) => values.push(text.into_bytes().into()),
            (Cell::Number(number), Values::Numbers(values)) => values.push(number),
            (Cell::Flag(flag), Values::Flags(values)) => values.push(flag),
            (Cell::Texts(texts), Values::Texts(values)) => {
                self.repeated.resize(self.defined.len(), 0);
                self.defined.extend(texts.iter().map(|_| 2));
                self.repeated.extend(texts.iter().enumerate().map(|(at, _)| i16::from(at > 0)));
                if texts.is_empty() {
                    self.defined.push(1);
                    self.repeated.push(0);
                }
                values.extend(texts.into_iter().map(|text| ByteArray::from(text.into_bytes())));
                return;
            }
            _ => return,
        }
        self.defined.push(1);
    }

    fn write(&mut self, mut column: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        // A list column without a list has levels of nulls only.
        self.repeated.resize(self.defined.len(), 0);
        let (defined, repeated) = (Some(&*self.defined), Some(&*self.repeated));
        match &self.values {
            Values::Texts(values) => column.typed::<ByteArrayType>().write_batch(values, defined, repeated),
            Values::Numbers(values) => column.typed::<Int64Type>().write_batch(values, defined, repeated),
            Values::Flags(values) => column.typed::<BoolType>().write_batch(values, defined, repeated),
        }?;
        column.close()
    }

    fn clear(&mut self) {
        match &mut self.values {
            Values::Texts(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
            Values::Flags(values) => values.clear(),
        }
        self.defined.clear();
        self.repeated.clear();
    }
}

impl Cell {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(String::len).sum(),
            Self::Number(_) | Self::Flag(_) => 8,
        }
    }
}

fn properties() -> WriterPropertiesPtr {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for column in EVENT_COLUMNS {
        let parts = match column.kind {
            ColumnKind::Texts => vec![column.name.to_owned(), "list".to_owned(), "element".to_owned()],
            _ => vec![column.name.to_owned()],
        };
        let path = ColumnPath::new(parts);
        let encoding = match column.kind {
            ColumnKind::Text | ColumnKind::Texts => Encoding::DELTA_BYTE_ARRAY,
            ColumnKind::Number => Encoding::DELTA_BINARY_PACKED,
            ColumnKind::Flag => continue,
        };
        properties = properties
            .set_column_encoding(path.clone(), encoding)
            .set_column_dictionary_enabled(path, column.layout == Layout::Dictionary);
    }
    Arc::new(properties.build())
}

/// The cause as the system gave it, where it did.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}
