//! Work that any worker does before a batch is written: it divides the rows by split, lays out columns, and writes
//! JSON.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringBuilder};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{SchemaRef, UInt8Type};

use super::format::Format;
use super::jsonl::Lines;
use super::layout::{mask, written_batch};
use super::sidecar::{RemovedRows, keys_schema};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::flow::MakeReady;
use crate::record::schema::{CHOSEN_IDS, COMPLETION_IDS, INPUT_IDS, KEY, PROMPT_IDS, REJECTED_IDS, SPLIT};
use crate::record::segments::trained_tokens;
use crate::record::size::row_bytes;
use crate::record::{Batch, FileNames};

/// Prepares batches for a [`ShardSink`](super::ShardSink). All workers share it.
pub(crate) struct ReadyBatchMaker {
    pub(super) schema: SchemaRef,
    pub(super) split_names: Vec<String>,
    pub(super) file_names: FileNames,
    pub(super) against: Vec<String>,
    pub(super) columns: bool,
    /// The format of lines, if there is one.
    pub(super) lines: Option<Format>,
    pub(super) key_recipe: Option<String>,
}

/// A batch that is ready to be appended.
pub(crate) struct ReadyBatch {
    pub(super) parts: Vec<Part>,
    /// Key and split name of each row, in the batch's order.
    pub(super) keys: Option<RecordBatch>,
    pub(super) removed: RemovedRows,
}

/// The rows of one split, in order.
pub(super) struct Part {
    pub split: usize,
    pub rows: usize,
    /// The columns as written, and the bytes of content of each row.
    pub columns: Option<(RecordBatch, Vec<u64>)>,
    pub lines: Option<Lines>,
    /// The number of tokens of each row; empty without a tokenizer.
    pub tokens: Vec<u32>,
    pub trained_tokens: u64,
}

impl MakeReady<ReadyBatch> for ReadyBatchMaker {
    fn make_ready(&self, batch: Batch) -> Result<ReadyBatch> {
        let splits = self.row_splits(&batch)?;
        let keys = match &self.key_recipe {
            Some(recipe) => Some(self.keys(&batch, splits, recipe)?),
            None => None,
        };
        let parts = self.parts(&batch.records, splits)?;
        let removed = RemovedRows::new(batch.rejects, batch.duplicates, &self.file_names, &self.against);
        Ok(ReadyBatch { parts, keys, removed })
    }
}

impl ReadyBatchMaker {
    /// The split of each row; `None` if all rows are of the first split.
    fn row_splits<'a>(&self, batch: &'a Batch) -> Result<Option<&'a [u8]>> {
        let Some(column) = batch.records.column_by_name(SPLIT) else { return Ok(None) };
        let splits = column
            .as_primitive_opt::<UInt8Type>()
            .filter(|s| s.null_count() == 0)
            .ok_or_else(|| Error::internal(format!("`{SPLIT}` is {} or has nulls", column.data_type())))?;
        match splits.values().iter().max() {
            Some(&max) if usize::from(max) >= self.split_names.len() => Err(Error::internal(format!(
                "a row has split number {max}, but there are {} splits",
                self.split_names.len()
            ))),
            _ => Ok(Some(splits.values())),
        }
    }

    fn parts(&self, records: &RecordBatch, splits: Option<&[u8]>) -> Result<Vec<Part>> {
        let rows = records.num_rows();
        if rows == 0 {
            return Ok(vec![]);
        }
        let Some(splits) = splits else { return Ok(vec![self.part(0, records)?]) };
        let mut counts = [0usize; 256];
        splits.iter().for_each(|&s| counts[usize::from(s)] += 1);
        let present = (0..=255u8).filter(|&s| counts[usize::from(s)] > 0);
        let part = |s: u8| {
            if counts[usize::from(s)] == rows {
                return self.part(usize::from(s), records);
            }
            self.part(
                usize::from(s),
                &filter_record_batch(records, &mask(rows, |i| splits[i] == s)).or_defect()?,
            )
        };
        present.map(part).collect()
    }

    fn part(&self, split: usize, records: &RecordBatch) -> Result<Part> {
        let records = written_batch(records, &self.schema)?;
        Ok(Part {
            split,
            rows: records.num_rows(),
            tokens: tokens(&records),
            trained_tokens: trained_tokens(&records),
            lines: self
                .lines
                .map(|format| Lines::from_batch(&records, matches!(format, Format::Chat { .. }))),
            columns: self.columns.then(|| {
                let sizes = row_bytes(&records);
                (records, sizes)
            }),
        })
    }

    fn keys(&self, batch: &Batch, splits: Option<&[u8]>, recipe: &str) -> Result<RecordBatch> {
        let keys = batch.column(KEY)?;
        // A packed row has a key for each of its documents.
        let packed = keys.as_list_opt::<i32>();
        let mut names = StringBuilder::new();
        for i in 0..batch.rows() {
            let name = &self.split_names[splits.map_or(0, |s| usize::from(s[i]))];
            (0..packed.map_or(1, |keys| keys.value_length(i))).for_each(|_| names.append_value(name));
        }
        let names: ArrayRef = Arc::new(names.finish());
        let keys = packed.map_or_else(|| keys.clone(), |keys| keys.values().clone());
        RecordBatch::try_new(keys_schema(recipe), vec![keys, names]).or_defect()
    }
}

/// The number of tokens of each row. A row with preferences has those of its prompt and of each answer.
fn tokens(records: &RecordBatch) -> Vec<u32> {
    let lengths = |name: &str| -> Option<Vec<u32>> {
        let ids = records.column_by_name(name)?.as_list_opt::<i32>()?;
        Some(ids.value_offsets().windows(2).map(|w| (w[1] - w[0]) as u32).collect())
    };
    if let Some(lengths) = lengths(INPUT_IDS) {
        return lengths;
    }
    let Some(mut total) = lengths(PROMPT_IDS) else { return vec![] };
    for ids in [CHOSEN_IDS, REJECTED_IDS, COMPLETION_IDS] {
        total.iter_mut().zip(lengths(ids).unwrap_or_default()).for_each(|(total, n)| *total += n);
    }
    total
}
