//! The documents of packs: their columns, and checks of their tokens and segments.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::Places;
use crate::record::schema::{
    INPUT_IDS, KEY, LABELS, ROW_WEIGHT, SEGMENT_KINDS, SEGMENT_LENGTHS, SEGMENT_WEIGHTS, SPLIT, list,
};
use crate::record::segments::{self, LengthMismatch};
use crate::record::tokens::{items, lists, row_weights};

/// The list columns that a pack concatenates, and the types of their items.
pub(super) const TOKENS: [(&str, DataType); 5] = [
    (INPUT_IDS, DataType::Int32),
    (LABELS, DataType::Int32),
    (SEGMENT_LENGTHS, DataType::Int32),
    (SEGMENT_KINDS, DataType::UInt8),
    (SEGMENT_WEIGHTS, DataType::Float32),
];

/// The columns of `records` that packs are made of.
///
/// # Errors
/// `missing_column` for segments without lengths; columns with a wrong type.
pub(crate) fn needed(records: &RecordBatch) -> Result<RecordBatch> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (name, item) in TOKENS {
        if let Some(column) = records.column_by_name(name) {
            fields.push(Arc::new(list(name, item.clone())));
            columns.push(Arc::new(lists(name, column, item)?) as ArrayRef);
        }
    }
    if let Some(weights) = records.column_by_name(ROW_WEIGHT) {
        fields.push(Arc::new(Field::new(ROW_WEIGHT, DataType::Float64, false)));
        columns.push(Arc::new(row_weights(weights)?));
    }
    for name in [KEY, SPLIT] {
        if let Ok(i) = records.schema_ref().index_of(name) {
            fields.push(records.schema_ref().fields()[i].clone());
            columns.push(records.column(i).clone());
        }
    }
    let needed = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
    let has = |name| needed.column_by_name(name).is_some();
    match [ROW_WEIGHT, SEGMENT_WEIGHTS, SEGMENT_KINDS].into_iter().find(|name| has(name)) {
        Some(name) if !has(SEGMENT_LENGTHS) => {
            let message = format!("pack: there is no column `{SEGMENT_LENGTHS}`, which `{name}` needs");
            Err(Error::new(Class::Column, "missing_column", message)
                .column(SEGMENT_LENGTHS)
                .help(format!("select {SEGMENT_LENGTHS} and {SEGMENT_KINDS} too, or drop {name}")))
        }
        _ => Ok(needed),
    }
}

/// Checks documents: each has 1 to `room` tokens, and its labels and segments cover its tokens.
///
/// # Errors
/// `uneven_row` for the first document that does not.
pub(crate) fn check(documents: &RecordBatch, room: u32, places: &Places) -> Result<()> {
    let list = |name| documents.column_by_name(name).map(|_| list_of(documents, name)).transpose();
    let (ids, labels) = (list_of(documents, INPUT_IDS)?, list(LABELS)?);
    let (lengths, kinds, weights) = (list(SEGMENT_LENGTHS)?, list(SEGMENT_KINDS)?, list(SEGMENT_WEIGHTS)?);
    for (i, tokens) in ids.offsets().lengths().enumerate() {
        let refused = |name: &str, message: String| {
            let help =
                "cut the ids, labels and segments of a row at the same token, within the limit of a pack";
            let place = places.at(i);
            let error = Error::new(Class::Data, "uneven_row", message)
                .file(place.file)
                .row(place.row)
                .line(place.line);
            Err(error.column(name).help(help))
        };
        if tokens == 0 || tokens > room as usize {
            let message = format!("pack: a row must have 1 to {room} tokens; got {tokens}");
            return refused(INPUT_IDS, message);
        }
        let uneven = |uneven: LengthMismatch| {
            let LengthMismatch { column, actual, expected, unit } = uneven;
            refused(
                column,
                format!("pack: `{column}` of a row covers {actual} {unit}, the row has {expected}"),
            )
        };
        if let Some(labels) = labels
            && labels.value_length(i) as usize != tokens
        {
            let actual = labels.value_length(i).into();
            return uneven(LengthMismatch { column: LABELS, actual, expected: tokens, unit: "tokens" });
        }
        let Some(lengths) = lengths else { continue };
        let count = |lists: Option<&ListArray>| lists.map(|lists| lists.value_length(i) as usize);
        if let Err(e) = segments::check(items::<Int32Type>(lengths, i), count(kinds), count(weights), tokens)
        {
            return uneven(e);
        }
    }
    Ok(())
}

/// A list column that exists.
pub(super) fn list_of<'a>(documents: &'a RecordBatch, name: &str) -> Result<&'a ListArray> {
    let column = documents.column_by_name(name).and_then(|c| c.as_list_opt::<i32>());
    column.ok_or_else(|| Error::internal(format!("pack: column `{name}` is missing")))
}
