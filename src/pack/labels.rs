//! Labels that follow from segments. `pack` removes them from documents and computes them for packs, since they are
//! as large as the ids and would have to be held, spilled and copied.

use std::sync::Arc;

use arrow::array::{Array, Int32Array, ListArray, RecordBatch};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Int32Type};

use super::documents::list_of;
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::record::schema::{INPUT_IDS, LABELS, SEGMENT_KINDS, SEGMENT_LENGTHS};
use crate::record::segments::SegmentLists;
use crate::record::tokens::items;

/// Whether these tokenized rows have labels that follow from their segments.
pub(crate) fn labels_follow(rows: &RecordBatch) -> bool {
    [INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS].iter().all(|n| rows.column_by_name(n).is_some())
}

/// The rows without the column of labels.
pub(crate) fn without_labels(rows: &RecordBatch) -> Result<RecordBatch> {
    let schema = rows.schema();
    let kept: Vec<usize> = (0..rows.num_columns()).filter(|i| schema.field(*i).name() != LABELS).collect();
    rows.project(&kept).or_defect()
}

/// Computes the labels of rows: the ids of targets, and −100 for all other tokens.
pub(crate) fn labels_of_segments(rows: &RecordBatch) -> Result<ListArray> {
    let uneven = || Error::internal("segments do not cover the tokens that are packed");
    let (ids, segments) = (list_of(rows, INPUT_IDS)?, SegmentLists::from_batch(rows).ok_or_else(uneven)?);
    let first = ids.value_offsets()[0];
    let offsets: Vec<i32> = ids.value_offsets().iter().map(|offset| offset - first).collect();
    let mut labels = Vec::with_capacity(offsets[ids.len()] as usize);
    for i in 0..ids.len() {
        let ids = items::<Int32Type>(ids, i);
        segments.row(i, ids.len()).map_err(|_| uneven())?.labels(ids, &mut labels);
    }
    let item = Arc::new(Field::new("item", DataType::Int32, false));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    ListArray::try_new(item, offsets, Arc::new(Int32Array::from(labels)), None).or_defect()
}
