//! Labels that say no more than the segments do: documents leave them behind on their way into a pack, which makes
//! them again: as many bytes as the ids, which need not be held, spilled and copied.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int32Array, ListArray, RecordBatch};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Int32Type, UInt8Type};

use super::rows::of;
use crate::error::{Error, Result};
use crate::record::schema::{IGNORE, INPUT_IDS, LABELS, SEGMENT_KINDS, SEGMENT_LENGTHS, TARGET};

/// Whether these tokenized rows have labels that follow from their segments.
pub fn follow(rows: &RecordBatch) -> bool {
    [INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS].iter().all(|n| rows.column_by_name(n).is_some())
}

/// The rows without them.
pub fn without(rows: &RecordBatch) -> Result<RecordBatch> {
    let schema = rows.schema();
    let kept: Vec<usize> = (0..rows.num_columns()).filter(|i| schema.field(*i).name() != LABELS).collect();
    Ok(rows.project(&kept)?)
}

/// The labels of rows: the ids of targets, −100 for all else.
pub fn of_segments(rows: &RecordBatch) -> Result<ListArray> {
    let (ids, lengths, kinds) = (of(rows, INPUT_IDS)?, of(rows, SEGMENT_LENGTHS)?, of(rows, SEGMENT_KINDS)?);
    let (mut at, end) = within(ids);
    let offsets: Vec<i32> = ids.value_offsets().iter().map(|offset| offset - at as i32).collect();
    let values = ids.values().as_primitive::<Int32Type>().values();
    let (first, last) = within(lengths);
    let lengths = &lengths.values().as_primitive::<Int32Type>().values()[first..last];
    let (first, last) = within(kinds);
    let kinds = &kinds.values().as_primitive::<UInt8Type>().values()[first..last];
    let mut labels = Vec::with_capacity(end - at);
    for (length, kind) in lengths.iter().zip(kinds) {
        let run = at..at + *length as usize;
        at = run.end;
        match *kind {
            TARGET => labels.extend_from_slice(&values[run]),
            _ => labels.resize(labels.len() + run.len(), IGNORE),
        }
    }
    if at != end || lengths.len() != kinds.len() {
        return Err(Error::internal("segments do not cover the tokens that are packed"));
    }
    let item = Arc::new(Field::new("item", DataType::Int32, false));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(ListArray::try_new(item, offsets, Arc::new(Int32Array::from(labels)), None)?)
}

/// Where the values of these lists begin and end.
fn within(lists: &ListArray) -> (usize, usize) {
    let offsets = lists.value_offsets();
    (offsets[0] as usize, offsets[lists.len()] as usize)
}
