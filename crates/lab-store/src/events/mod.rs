//! The events of an instance on disk: `<instance>.parquet`, whole, beside `<instance>.head.jsonl`, the first of them
//! for people.

mod column;
mod read;
mod row;
mod write;

pub use column::{Column, ColumnKind, EVENT_COLUMNS};
pub(crate) use read::events;
pub(crate) use write::EventsFile;

/// How many events the file for people holds.
pub const HEAD_EVENTS: usize = 100;

/// The schema as the `parquet` crate has it: one nullable column for each of [`EVENT_COLUMNS`].
fn schema() -> parquet::errors::Result<parquet::schema::types::TypePtr> {
    use parquet::{
        basic::{ConvertedType, LogicalType, Repetition, Type as Physical},
        schema::types::Type,
    };
    use std::sync::Arc;

    let text = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(repetition)
            .with_converted_type(ConvertedType::UTF8)
            .with_logical_type(Some(LogicalType::String))
            .build()
    };
    let mut fields = Vec::with_capacity(EVENT_COLUMNS.len());
    for column in EVENT_COLUMNS {
        let plain = |physical| {
            Type::primitive_type_builder(column.name, physical).with_repetition(Repetition::OPTIONAL).build()
        };
        fields.push(Arc::new(match column.kind {
            ColumnKind::Text => text(column.name, Repetition::OPTIONAL)?,
            ColumnKind::Number => plain(Physical::INT64)?,
            ColumnKind::Flag => plain(Physical::BOOLEAN)?,
            ColumnKind::Texts => {
                let items = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![Arc::new(text("element", Repetition::REQUIRED)?)])
                    .build()?;
                Type::group_type_builder(column.name)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_converted_type(ConvertedType::LIST)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(items)])
                    .build()?
            }
        }));
    }
    Ok(Arc::new(Type::group_type_builder("event").with_fields(fields).build()?))
}
