//! The cells of rows, as read and as expected.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use fastprep::error::{Error, Result};
use fastprep::flow::{Cut, Decode};
use fastprep::read::{ColumnKind, ReadColumn};
use fastprep::record::{Batch, Place, Reject, json, reason, schema};
use fastprep::report::StepCounts;

use super::oracle::{self, Member};

/// Columns of every kind, with short names, so that the fuzzer finds keys that match them.
pub const COLUMNS: [(&str, ColumnKind); 6] = [
    ("t", ColumnKind::Text),
    ("i", ColumnKind::Int64),
    ("f", ColumnKind::Float64),
    ("b", ColumnKind::Bool),
    ("j", ColumnKind::Json),
    ("l", ColumnKind::LenientText),
];

/// A value of a column; floats as their bits.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Text(String),
    Int(i64),
    Float(u64),
    Bool(bool),
}

/// The value that a column reads from JSON text, or why the row is rejected.
pub fn cell(kind: ColumnKind, raw: &str) -> Result<Cell, &'static str> {
    let is_string = raw.starts_with('"');
    let cell = match kind {
        _ if raw == "null" => Some(Cell::Null),
        ColumnKind::Json => Some(Cell::Text(raw.into())),
        // By design: a lone surrogate is not a character, so a column of text cannot hold it.
        ColumnKind::Text if is_string => return oracle::string(raw).map(Cell::Text).ok_or(reason::BAD_JSON),
        ColumnKind::Text => None,
        ColumnKind::LenientText => Some(Cell::Text(oracle::string(raw).unwrap_or_else(|| raw.into()))),
        ColumnKind::Int64 => oracle::int64(raw).map(Cell::Int),
        ColumnKind::Float64 => oracle::exact_float64(raw).map(|value| Cell::Float(value.to_bits())),
        ColumnKind::Bool => serde_json::from_str(raw).ok().map(Cell::Bool),
    };
    cell.ok_or(reason::WRONG_TYPE)
}

/// The row with these members, or why it is rejected.
///
/// By design: of a repeated key the last value is used, as in serde_json's maps. A key with a lone surrogate matches
/// no column.
pub fn row(members: &[Member<'_>], columns: &[ReadColumn]) -> Result<Vec<Cell>, &'static str> {
    let members: Vec<_> = members.iter().map(|(key, value)| (oracle::string(key), *value)).collect();
    let value = |column: &ReadColumn| {
        let last = members.iter().rev().find(|(key, _)| key.as_ref() == Some(&column.name));
        last.map_or(Ok(Cell::Null), |(_, raw)| cell(column.kind, raw))
    };
    columns.iter().map(value).collect()
}

/// The result of reading a file.
#[derive(Debug, PartialEq)]
pub struct Rows {
    pub rows: Vec<(Place, Vec<u8>, Vec<Cell>)>,
    pub rejects: Vec<Reject>,
    pub counts: StepCounts,
}

/// Reads to the end, or up to an error.
pub fn read<C: Cut>(
    mut source: C,
    decode: &impl Decode<C::Piece>,
    columns: &[ReadColumn],
) -> (Rows, Option<Error>) {
    let mut all = Rows { rows: Vec::new(), rejects: Vec::new(), counts: StepCounts::default() };
    loop {
        let piece = match source.next() {
            Err(e) => return (all, Some(e)),
            Ok(None) => return (all, None),
            Ok(Some(piece)) => piece,
        };
        let mut counts = StepCounts::default();
        let batch = decode.decode(piece, &mut counts).unwrap();
        all.rows.extend((0..batch.rows()).map(|i| {
            written(&batch, columns, i);
            (batch.places.at(i), batch.places.text_of(i).unwrap().to_vec(), cells(&batch, i))
        }));
        batch.records.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        all.rejects.extend(batch.rejects);
        all.counts.merge(counts);
    }
}

fn cells(batch: &Batch, i: usize) -> Vec<Cell> {
    let cell = |column: &dyn Array| match column.data_type() {
        _ if column.is_null(i) => Cell::Null,
        DataType::Utf8View => Cell::Text(column.as_string_view().value(i).into()),
        DataType::Int64 => Cell::Int(column.as_primitive::<Int64Type>().value(i)),
        DataType::Float64 => Cell::Float(column.as_primitive::<Float64Type>().value(i).to_bits()),
        _ => Cell::Bool(column.as_boolean().value(i)),
    };
    batch.records.columns().iter().map(|column| cell(column)).collect()
}

/// Checks that the row as written has the columns in their order, with the same values.
fn written(batch: &Batch, columns: &[ReadColumn], i: usize) {
    let text = json::row(&batch.records, i);
    let members = oracle::members(&text).unwrap();
    let columns = columns.iter().zip(cells(batch, i)).filter(|(column, _)| !schema::is_hidden(&column.name));
    let mut expected = 0;
    for ((column, value), (key, raw)) in columns.zip(&members) {
        expected += 1;
        assert_eq!(oracle::string(key).as_ref(), Some(&column.name));
        match (column.kind, value) {
            // By design: a carriage return between tokens becomes a space.
            (ColumnKind::Json, Cell::Text(value)) => assert_eq!(value.replace('\r', " "), *raw),
            (ColumnKind::LenientText, value) => {
                assert_eq!(cell(ColumnKind::Text, raw), Ok(value))
            }
            (kind, value) => assert_eq!(cell(kind, raw), Ok(value)),
        }
    }
    assert_eq!(members.len(), expected);
}
