//! Documents that stand one after another, joined into packs: list columns only get new ends.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int32Type, Schema};

use super::labels;
use crate::error::{Class, Error, Result};
use crate::record::Places;
use crate::record::schema::{
    INPUT_IDS, KEY, LABELS, ROW_WEIGHT, SEGMENT_KINDS, SEGMENT_LENGTHS, SEGMENT_WEIGHTS, SEQ_LENGTHS, SPLIT,
    list,
};
use crate::record::segments::{self, Uneven};
use crate::record::tokens::{items, lists, row_weights};

/// The lists that a pack joins end to end, and what they hold.
const TOKENS: [(&str, DataType); 5] = [
    (INPUT_IDS, DataType::Int32),
    (LABELS, DataType::Int32),
    (SEGMENT_LENGTHS, DataType::Int32),
    (SEGMENT_KINDS, DataType::UInt8),
    (SEGMENT_WEIGHTS, DataType::Float32),
];

/// The columns that packs are made of.
pub fn needed(records: &RecordBatch) -> Result<RecordBatch> {
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
    let needed = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    let has = |name| needed.column_by_name(name).is_some();
    match [ROW_WEIGHT, SEGMENT_WEIGHTS, SEGMENT_KINDS].into_iter().find(|name| has(name)) {
        Some(name) if !has(SEGMENT_LENGTHS) => {
            let message = format!("pack: `{name}` needs `{SEGMENT_LENGTHS}`, which is not there");
            Err(Error::new(Class::Column, "missing_column", message)
                .column(SEGMENT_LENGTHS)
                .help(format!("select {SEGMENT_LENGTHS} and {SEGMENT_KINDS} too, or leave {name} out")))
        }
        _ => Ok(needed),
    }
}

/// Fails at the first document that cannot be packed: it has no token, more than `room`, or labels or segments that do
/// not cover its tokens.
pub fn check(documents: &RecordBatch, room: u32, places: &Places) -> Result<()> {
    let list = |name| documents.column_by_name(name).map(|_| of(documents, name)).transpose();
    let (ids, labels) = (of(documents, INPUT_IDS)?, list(LABELS)?);
    let (lengths, kinds, weights) = (list(SEGMENT_LENGTHS)?, list(SEGMENT_KINDS)?, list(SEGMENT_WEIGHTS)?);
    for (i, tokens) in ids.offsets().lengths().enumerate() {
        let refused = |name: &str, message: String| {
            let help = "cut a row's ids, labels and segments together, and to no more than a pack takes";
            let place = places.at(i);
            let error = Error::new(Class::Data, "uneven_row", message)
                .file(place.file)
                .row(place.row)
                .line(place.line);
            Err(error.column(name).help(help))
        };
        if tokens == 0 || tokens > room as usize {
            let message = format!("pack: a row has {tokens} tokens, and may have 1 to {room}");
            return refused(INPUT_IDS, message);
        }
        let uneven = |uneven: Uneven| {
            let Uneven { column, found, wanted, unit } = uneven;
            refused(column, format!("pack: `{column}` of a row covers {found} {unit}, the row has {wanted}"))
        };
        if let Some(labels) = labels
            && labels.value_length(i) as usize != tokens
        {
            let found = labels.value_length(i).into();
            return uneven(Uneven { column: LABELS, found, wanted: tokens, unit: "tokens" });
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

/// Joins documents; a pack ends before each of `ends`. A key column becomes a list of its documents' keys, the split
/// is that of the first document; with `labels_follow` labels are made again.
pub fn join(documents: &RecordBatch, ends: &[i32], labels_follow: bool) -> Result<RecordBatch> {
    let ends = OffsetBuffer::new(ScalarBuffer::from(
        std::iter::once(0).chain(ends.iter().copied()).collect::<Vec<_>>(),
    ));
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |field: Field, column: ArrayRef| {
        fields.push(field);
        columns.push(column);
    };
    for (name, item) in TOKENS {
        let made = match name {
            LABELS if labels_follow => Some(labels::of_segments(documents)?),
            SEGMENT_WEIGHTS => segment_weights(documents)?,
            _ => None,
        };
        let column = match &made {
            Some(made) => made,
            None if documents.column_by_name(name).is_some() => of(documents, name)?,
            None => continue,
        };
        add(list(name, item), Arc::new(joined(column, &ends)?));
    }
    let lengths: Vec<i32> = of(documents, INPUT_IDS)?.offsets().lengths().map(|n| n as i32).collect();
    let lengths: ArrayRef = Arc::new(Int32Array::from(lengths));
    add(list(SEQ_LENGTHS, DataType::Int32), wrapped(lengths, &ends)?);
    if let Some(keys) = documents.column_by_name(KEY) {
        add(list(KEY, keys.data_type().clone()), wrapped(keys.clone(), &ends)?);
    }
    if let Some(splits) = documents.column_by_name(SPLIT) {
        let firsts = UInt32Array::from_iter_values(ends[..ends.len() - 1].iter().map(|start| *start as u32));
        add(Field::new(SPLIT, DataType::UInt8, false), take(splits, &firsts, None)?);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// A list column that must be there.
pub(super) fn of<'a>(documents: &'a RecordBatch, name: &str) -> Result<&'a ListArray> {
    let column = documents.column_by_name(name).and_then(|c| c.as_list_opt::<i32>());
    column.ok_or_else(|| Error::internal(format!("`{name}` did not reach pack")))
}

/// The lists of each pack's documents as one list: the values stay where they are.
fn joined(lists: &ListArray, ends: &OffsetBuffer<i32>) -> Result<ListArray> {
    let offsets: Vec<i32> = ends.iter().map(|end| lists.value_offsets()[*end as usize]).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let item = Arc::new(Field::new("item", lists.value_type(), false));
    Ok(ListArray::try_new(item, offsets, lists.values().clone(), None)?)
}

/// A value for each document as a list for each pack.
fn wrapped(values: ArrayRef, ends: &OffsetBuffer<i32>) -> Result<ArrayRef> {
    let item = Arc::new(Field::new("item", values.data_type().clone(), false));
    Ok(Arc::new(ListArray::try_new(item, ends.clone(), values, None)?))
}

/// The factors of segments, times that of their row: a pack has no factor of its own.
fn segment_weights(documents: &RecordBatch) -> Result<Option<ListArray>> {
    let Some(rows) = documents.column_by_name(ROW_WEIGHT) else { return Ok(None) };
    let rows = rows.as_primitive::<Float64Type>();
    let own = documents.column_by_name(SEGMENT_WEIGHTS).and_then(|c| c.as_list_opt::<i32>());
    let segments = of(documents, SEGMENT_LENGTHS)?;
    let mut weights = Vec::with_capacity(segments.values().len());
    for i in 0..segments.len() {
        let row = rows.value(i) as f32;
        match own {
            Some(own) => weights.extend(items::<Float32Type>(own, i).iter().map(|weight| weight * row)),
            None => weights.extend(std::iter::repeat_n(row, segments.value_length(i) as usize)),
        }
    }
    let from = segments.value_offsets()[0];
    let offsets: Vec<i32> = segments.value_offsets().iter().map(|end| end - from).collect();
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let values = Arc::new(Float32Array::from(weights));
    Ok(Some(ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None)?))
}
