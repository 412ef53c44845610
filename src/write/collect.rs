//! A sink that keeps the rows in memory: what `collect()` returns.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, UInt8Type};

use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::{MakeReady, Sink};
use crate::record::Batch;
use crate::record::schema::{SPLIT, is_hidden};

/// Keeps every batch that has rows, without hidden columns. Types are not changed.
#[derive(Debug, Default)]
pub(crate) struct Collect {
    visible: Arc<Visible>,
    batches: Vec<RecordBatch>,
}

/// Converts a batch to the columns that the user sees.
#[derive(Debug, Default)]
pub(super) struct Visible {
    split_names: Vec<String>,
}

impl Visible {
    pub(super) fn new(split_names: Vec<String>) -> Self {
        Visible { split_names }
    }
}

impl Collect {
    /// `split_names` are the splits in plan order. If rows have a split, its name becomes the column `split`.
    pub(crate) fn new(split_names: Vec<String>) -> Self {
        Collect { visible: Arc::new(Visible::new(split_names)), batches: Vec::new() }
    }

    /// The batches, in input order.
    pub(crate) fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }
}

impl MakeReady<RecordBatch> for Visible {
    fn make_ready(&self, mut batch: Batch) -> Result<RecordBatch> {
        if let Some(splits) = batch.records.column_by_name(SPLIT) {
            let name = |split: &u8| Some(self.split_names[usize::from(*split)].as_str());
            let names: StringViewArray =
                splits.as_primitive::<UInt8Type>().values().iter().map(name).collect();
            batch = batch.with_column(Field::new("split", DataType::Utf8View, true), Arc::new(names))?;
        }
        let fields = batch.records.schema_ref().fields();
        let visible: Vec<usize> = (0..fields.len()).filter(|&i| !is_hidden(fields[i].name())).collect();
        batch.records.project(&visible).or_defect()
    }
}

impl Sink for Collect {
    type Ready = RecordBatch;

    fn ready_maker(&self) -> Arc<dyn MakeReady<RecordBatch>> {
        self.visible.clone()
    }

    fn push(&mut self, records: RecordBatch) -> Result<()> {
        if records.num_rows() > 0 {
            self.batches.push(records);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
