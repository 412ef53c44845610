//! Joins consecutive documents into packs. List columns only get new offsets.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};

use super::documents::{TOKENS, list_of};
use super::labels::labels_of_segments;
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::record::schema::{
    INPUT_IDS, KEY, LABELS, ROW_WEIGHT, SEGMENT_LENGTHS, SEGMENT_WEIGHTS, SEQ_LENGTHS, SPLIT, list,
};
use crate::record::tokens::items;

/// Joins documents into packs; each pack ends before one of `ends`. The key of a pack is the list of the keys of its
/// documents, its split that of the first document. With `labels_follow`, labels are computed.
pub(crate) fn join(documents: &RecordBatch, ends: &[i32], labels_follow: bool) -> Result<RecordBatch> {
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
        let computed = match name {
            LABELS if labels_follow => Some(labels_of_segments(documents)?),
            SEGMENT_WEIGHTS => segment_weights(documents)?,
            _ => None,
        };
        let column = match &computed {
            Some(computed) => computed,
            None if documents.column_by_name(name).is_some() => list_of(documents, name)?,
            None => continue,
        };
        add(list(name, item), Arc::new(joined(column, &ends)?));
    }
    let lengths: Vec<i32> = list_of(documents, INPUT_IDS)?.offsets().lengths().map(|n| n as i32).collect();
    let lengths: ArrayRef = Arc::new(Int32Array::from(lengths));
    add(list(SEQ_LENGTHS, DataType::Int32), wrapped(lengths, &ends)?);
    if let Some(keys) = documents.column_by_name(KEY) {
        add(list(KEY, keys.data_type().clone()), wrapped(keys.clone(), &ends)?);
    }
    if let Some(splits) = documents.column_by_name(SPLIT) {
        let firsts = UInt32Array::from_iter_values(ends[..ends.len() - 1].iter().map(|start| *start as u32));
        add(Field::new(SPLIT, DataType::UInt8, false), take(splits, &firsts, None).or_too_large()?);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()
}

/// Joins the lists of the documents of each pack into one list, without copying values.
fn joined(lists: &ListArray, ends: &OffsetBuffer<i32>) -> Result<ListArray> {
    let offsets: Vec<i32> = ends.iter().map(|end| lists.value_offsets()[*end as usize]).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let item = Arc::new(Field::new("item", lists.value_type(), false));
    ListArray::try_new(item, offsets, lists.values().clone(), None).or_defect()
}

/// A list for each pack, with one value for each of its documents.
fn wrapped(values: ArrayRef, ends: &OffsetBuffer<i32>) -> Result<ArrayRef> {
    let item = Arc::new(Field::new("item", values.data_type().clone(), false));
    Ok(Arc::new(ListArray::try_new(item, ends.clone(), values, None).or_defect()?))
}

/// The weights of segments, multiplied by the weight of their row, since a pack has no weight of its own.
fn segment_weights(documents: &RecordBatch) -> Result<Option<ListArray>> {
    let Some(rows) = documents.column_by_name(ROW_WEIGHT) else { return Ok(None) };
    let rows = rows.as_primitive::<Float64Type>();
    let own = documents.column_by_name(SEGMENT_WEIGHTS).and_then(|c| c.as_list_opt::<i32>());
    let segments = list_of(documents, SEGMENT_LENGTHS)?;
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
    Ok(Some(
        ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None).or_defect()?,
    ))
}
