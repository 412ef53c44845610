//! Builds the columns that the step adds, with one vector of ids for a whole batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Int32Array, ListArray, UInt8Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use super::row::Row;
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::record::schema::{CONTEXT, NEVER, TARGET};
use crate::record::segments::Segments;
use crate::record::{Batch, schema};

/// In most texts a token stands for at least this many bytes on average.
const BYTES_PER_TOKEN: usize = 3;

/// The columns of the rows so far.
pub(super) struct Columns {
    /// The ids of all rows. The ids of the next row are appended here before [`push`](Self::push).
    pub(crate) ids: Vec<i32>,
    labels: Vec<i32>,
    offsets: Vec<i32>,
    segment_offsets: Vec<i32>,
    segment_lengths: Vec<i32>,
    segment_kinds: Vec<u8>,
    /// None where all weights are 1.
    segment_weights: Option<Vec<f32>>,
}

impl Columns {
    /// Columns with capacity for `rows` rows of so many bytes of text; `weighted` adds a column for the weights of segments.
    pub(crate) fn new(rows: usize, bytes: usize, weighted: bool) -> Self {
        let offsets = || {
            let mut offsets = Vec::with_capacity(rows + 1);
            offsets.push(0);
            offsets
        };
        Columns {
            ids: Vec::with_capacity(bytes / BYTES_PER_TOKEN),
            labels: Vec::with_capacity(bytes / BYTES_PER_TOKEN),
            offsets: offsets(),
            segment_offsets: offsets(),
            segment_lengths: Vec::with_capacity(2 * rows),
            segment_kinds: Vec::with_capacity(2 * rows),
            segment_weights: weighted.then(Vec::new),
        }
    }

    /// Adds a row, whose ids are at the end of [`ids`](Self::ids). Neighbouring runs of one kind and weight become
    /// one segment.
    pub(crate) fn push(&mut self, row: &Row) -> Result<()> {
        let first = self.segment_lengths.len();
        for run in row.runs.iter().filter(|run| run.tokens > 0) {
            let mut tokens = run.tokens;
            if run.trained && self.segment_lengths.len() == first {
                // The first token of a row is never a target: there is nothing to predict it from.
                self.add_tokens(first, 1, NEVER, run.weight)?;
                tokens -= 1;
            }
            if tokens > 0 {
                self.add_tokens(first, tokens, if run.trained { TARGET } else { CONTEXT }, run.weight)?;
            }
        }
        let ids = &self.ids[row.start..];
        let (lengths, kinds) = (&self.segment_lengths[first..], &self.segment_kinds[first..]);
        Segments::new(lengths, kinds, None, ids.len())
            .map_err(|e| Error::internal(format!("tokenize: {e:?}")))?
            .labels(ids, &mut self.labels);
        self.offsets.push(length(self.ids.len())?);
        self.segment_offsets.push(length(self.segment_lengths.len())?);
        Ok(())
    }

    /// Adds tokens to a row whose segments start at `first`: to its last segment, where that has the same kind and
    /// weight, else as a new one.
    fn add_tokens(&mut self, first: usize, tokens: usize, kind: u8, weight: f32) -> Result<()> {
        let tokens = length(tokens)?;
        let has_weight = |weights: &Vec<f32>| weights.last() == Some(&weight);
        let continues_last = self.segment_kinds.get(first..).is_some_and(|kinds| kinds.last() == Some(&kind))
            && self.segment_weights.as_ref().is_none_or(has_weight);
        if let Some(last) = self.segment_lengths.last_mut().filter(|_| continues_last) {
            *last += tokens;
            return Ok(());
        }
        self.segment_lengths.push(tokens);
        self.segment_kinds.push(kind);
        if let Some(weights) = &mut self.segment_weights {
            weights.push(weight);
        }
        Ok(())
    }

    /// The batch with the columns added.
    pub(crate) fn add_to(self, batch: Batch) -> Result<Batch> {
        let offsets = |ends: Vec<i32>| OffsetBuffer::new(ScalarBuffer::from(ends));
        let (tokens, segments) = (offsets(self.offsets), offsets(self.segment_offsets));
        let int32 = |values: Vec<i32>| -> ArrayRef { Arc::new(Int32Array::from(values)) };
        let kinds: ArrayRef = Arc::new(UInt8Array::from(self.segment_kinds));
        let mut columns = vec![
            (schema::INPUT_IDS, DataType::Int32, tokens.clone(), int32(self.ids)),
            (schema::LABELS, DataType::Int32, tokens, int32(self.labels)),
            (schema::SEGMENT_LENGTHS, DataType::Int32, segments.clone(), int32(self.segment_lengths)),
            (schema::SEGMENT_KINDS, DataType::UInt8, segments.clone(), kinds),
        ];
        if let Some(weights) = self.segment_weights {
            let weights: ArrayRef = Arc::new(Float32Array::from(weights));
            columns.push((schema::SEGMENT_WEIGHTS, DataType::Float32, segments, weights));
        }
        columns.into_iter().try_fold(batch, |batch, (name, item, offsets, values)| {
            let field = schema::list(name, item);
            let column = ListArray::try_new(item_of(&field)?, offsets, values, None).or_defect()?;
            batch.with_column(field, Arc::new(column))
        })
    }
}

fn item_of(list: &Field) -> Result<Arc<Field>> {
    match list.data_type() {
        DataType::List(item) => Ok(item.clone()),
        other => Err(Error::internal(format!("{other} is not a list"))),
    }
}

fn length(n: usize) -> Result<i32> {
    i32::try_from(n)
        .map_err(|_| Error::internal(format!("a batch has {n} tokens; list<int32> holds fewer than 2³¹")))
}
